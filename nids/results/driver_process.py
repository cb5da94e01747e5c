"""Which process drives a run, and whether it is still there."""

from __future__ import annotations

import os
import socket

from nids.results.status import Owner


def owner() -> Owner:
    """Return what tells this process from all others, for a run's status."""
    return Owner(host=socket.gethostname(), pid=os.getpid())


def is_gone(driver: Owner) -> bool:
    """Return whether a driver is known to have ended: one of this machine, whose process is no more."""
    if driver.host != socket.gethostname():
        return False
    try:
        os.kill(driver.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
