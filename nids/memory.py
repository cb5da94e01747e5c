"""The memory that this process may use, which can be less than the machine has."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def usable_memory() -> int:
    """Return the memory that this process may use, in bytes: all of the machine's, or the limit of a control group."""
    return min([psutil.virtual_memory().total, *_limits()])


def _limits() -> Iterator[int]:
    """Yield the limits of the control groups that this process is in, in bytes.

    Both versions of Linux's control groups are read: ``memory.max`` of the second,
    ``memory.limit_in_bytes`` of the first (https://docs.kernel.org/admin-guide/cgroup-v2.html).
    """
    for group in _groups():
        for name in ("memory.max", "memory.limit_in_bytes"):
            with suppress(OSError, ValueError):  # no such file, or "max"
                yield int((group / name).read_text())


def _groups() -> Iterator[Path]:
    """Yield the folders of this process's control groups for memory, with those that they lie in."""
    try:
        lines = OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in {"", "memory"}:
            root = GROUPS / controllers
            # In a container the path can be that outside it, of which only the root is seen.
            yield root
            yield from (root / str(part).lstrip("/") for part in (PurePosixPath(path), *PurePosixPath(path).parents))
