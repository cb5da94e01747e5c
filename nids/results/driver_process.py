"""Which process drives a run, and whether it is still there."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

from nids.results.status import Owner


def owner() -> Owner:
    """Return what tells this process from all others, for a run's status."""
    return Owner(host=socket.gethostname(), pid=os.getpid(), machine=_machine())


def is_gone(driver: Owner) -> bool:
    """Return whether a driver is known to have ended: one whose process would be among those that this one sees.

    Of any other, nothing is known: two machines, or two containers, may have the same name, and each process its number
    in both.
    """
    if driver.machine != _machine():
        return False
    try:
        os.kill(driver.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@cache
def _machine() -> str:
    """Return what is the same for all processes that can see one another, and for no others.

    On Linux it is the boot and the PID namespace (``boot_id`` in random(4); pid_namespaces(7)).
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return f"{socket.gethostname()} {uuid.getnode():x}"
