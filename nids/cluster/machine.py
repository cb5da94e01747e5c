"""What this process may use of its machine, which can be less than the machine has: CPUs and memory."""

from __future__ import annotations

import joblib
import psutil

from nids.memory import usable_memory

# What a search takes beside its trials: its driver and Ray's own processes. Measured, as the next, with TensorFlow 2.21
# and Ray 2.60 on Linux.
SEARCH_BYTES = 900 * 2**20
# What the process of one trial takes on a CPU: TensorFlow, a network, and the rows that it holds itself.
TRIAL_BYTES = 800 * 2**20
# Ray's own share for shared objects, and what it takes for them whatever the size of /dev/shm.
OBJECT_STORE_SHARE, OBJECT_STORE_MOST = 0.3, 10**10


def slots(cpus_per_trial: int) -> int:
    """Return how many trials run at once in a cluster that this process starts: as many as CPUs and memory allow."""
    return min(int(joblib.cpu_count()) // cpus_per_trial, trials_that_fit(usable_memory()))


def object_store_bytes(nodes: int = 1) -> int:
    """Return the memory for the shared objects of each of some nodes on this machine, of which each would take all."""
    return min(int(usable_memory() * OBJECT_STORE_SHARE / nodes), OBJECT_STORE_MOST)


def is_limited() -> bool:
    """Return whether this process may use less memory than the machine has."""
    return usable_memory() < psutil.virtual_memory().total


def trials_that_fit(memory: int) -> int:
    """Return how many trials a search can run at once in so many bytes, on CPUs; 0 if it has no room for one."""
    return max(0, memory - SEARCH_BYTES) // TRIAL_BYTES
