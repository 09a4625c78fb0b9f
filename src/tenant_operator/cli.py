"""The command ``tenant-operator``."""

from __future__ import annotations

import logging
import sys

from tenant_operator import log, settings, signals
from tenant_operator.manager import LeaseLostError, Manager
from tenant_operator.runner.warmprocess import WarmError
from tenant_operator.watches import WatchError


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    chosen = settings.parse(arguments)
    log.configure(chosen.log_format, chosen.log_level)
    try:
        Manager(chosen).run()
    except (LeaseLostError, WarmError, WatchError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    finally:
        signals.ignore()
    return 0


if __name__ == "__main__":
    sys.exit(main())
