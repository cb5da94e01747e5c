"""What this process may use of its machine, which can be less than the machine has: CPUs and memory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import joblib
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
# What a search takes beside its trials: its driver and Ray's own processes.
SEARCH_BYTES = 900 * 2**20
# What the process of one trial takes on a CPU: TensorFlow, a network, and the rows that it holds itself.
TRIAL_BYTES = 800 * 2**20
# Of the memory, what Ray takes for shared objects unless it is told otherwise.
OBJECT_STORE_SHARE = 0.3


def usable_cpus() -> int:
    """Return the CPUs that this process may use: those of its affinity, within the quota of its control group."""
    return int(joblib.cpu_count())


def usable_memory() -> int:
    """Return the memory that this process may use, in bytes: all of the machine's, or the limit of a control group."""
    return min([psutil.virtual_memory().total, *_limits()])


def trials_that_fit(memory: int) -> int:
    """Return how many trials a search can run at once in so many bytes, on CPUs; 0 if it has no room for one."""
    return max(0, memory - SEARCH_BYTES) // TRIAL_BYTES


def _limits() -> Iterator[int]:
    """Yield the limits of the control groups that this process is in, each inside the one before, in bytes.

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
