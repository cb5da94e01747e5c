"""Which process drives a run, and whether it is still there."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def owner() -> dict[str, Any]:
    """Return what tells this process from all others, for a run's status."""
    return {"host": socket.gethostname(), "pid": os.getpid()}


def is_gone(driver: Mapping[str, Any]) -> bool:
    """Return whether a driver is known to have ended: one of this machine, whose process is no more."""
    if driver.get("host") != socket.gethostname():
        return False
    try:
        os.kill(driver["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
