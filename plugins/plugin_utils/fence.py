"""Whether a run may write. A watcher of several, of which one leads, lets its runs write as long as it leads.

It names a file in the environment, with the last moment: two doubles in network byte order, seconds since boot and
seconds since the epoch. Without that variable, nobody else writes.
"""

from __future__ import annotations

import os
import struct
import time

VARIABLE = "TENANT_OPERATOR_FENCE"

_MOMENT = struct.Struct("!dd")


def is_open() -> bool:
    """Return whether writing is allowed now. Where the file cannot be read, the watcher is gone, and it is not."""
    path = os.environ.get(VARIABLE)
    if not path:
        return True
    try:
        with open(path, "rb", buffering=0) as file:
            since_boot, since_epoch = map(float, _MOMENT.unpack(file.read(_MOMENT.size)))
    except (OSError, struct.error):
        return False
    return time.clock_gettime(time.CLOCK_BOOTTIME) <= since_boot and time.time() <= since_epoch
