"""Kubernetes quantities as numbers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)")


def parse(quantity: str | int) -> Decimal:
    """Return the number that a quantity means, in its base unit: cores or bytes.

    Raises:
        ValueError: it is no quantity, or beyond any: a number with 1e999999 digits takes minutes.
    """
    match = _QUANTITY.fullmatch(str(quantity))
    if not match:
        raise ValueError(f"{quantity!r} is not a quantity, such as 500m or 1Gi")
    number, exponent, suffix = match.groups()
    return Decimal(number + (exponent or "")) * _SUFFIXES[suffix or ""]
