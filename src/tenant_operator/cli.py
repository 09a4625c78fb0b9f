"""The command ``tenant-operator``."""

from __future__ import annotations

import logging
import sys

from tenant_operator import settings
from tenant_operator.client import ApiError
from tenant_operator.manager import Manager
from tenant_operator.warmprocess import WarmError
from tenant_operator.watches import WatchError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    chosen = settings.parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        Manager(chosen).run()
    except (ApiError, WarmError, WatchError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
