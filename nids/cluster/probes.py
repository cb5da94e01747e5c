"""What a trial needs of a cluster, where the job leaves that to be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.cluster import gpu_probe, memory_probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.search_space import Space


def with_needs(job: Job, space: Space, width: int, classes: int, progress: Callable[[str], object]) -> Job:
    """Return the job with numbers for what is "auto" in its resources, measured on the connected cluster.

    Arguments and errors are those of ``nids.cluster.gpu_probe.with_share``.
    """
    job = gpu_probe.with_share(job, space, width, classes, progress)
    return memory_probe.with_memory(job, space, width, classes, progress)
