"""What memory of its node a trial needs: measured by training the largest network of the space, once.

Ray starts a trial on each CPU unless it is told of memory too. Where they need more than there is, one process after
another is killed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ray
from ray.exceptions import OutOfMemoryError, WorkerCrashedError

from nids import models
from nids.cluster.placement import largest_memory, memory_of_a_slot, node_pools, slots
from nids.metrics.formatting import counted
from nids.training.memory import MARGIN, measure_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.search_space import Space

GIB = 2**30
# More than a process of the largest networks of the models' own spaces takes; cluster/README.md has the measurements.
PLENTY, PLENTY_A_ROW = GIB, 4 * 2**20


def with_memory(job: Job, space: Space, width: int, classes: int, progress: Callable[[str], object]) -> Job:
    """Return the job with a number for ``memory_per_trial``, measured on the connected cluster if it is "auto".

    Where each node has plenty for as many trials as fit by CPUs and GPUs, nothing is measured, and nothing asked for.
    Arguments are those of ``nids.cluster.gpu_probe.with_share``; the job has a number for ``gpus_per_trial``.
    """
    resources = job.resources
    if resources.memory_per_trial != "auto":
        return job
    hp = models.get(job.model.name).largest(space, job.hyperparameters)
    without = job.model_copy(update={"resources": resources.model_copy(update={"memory_per_trial": 0.0})})
    if memory_of_a_slot(resources) >= PLENTY + hp.batch_size * PLENTY_A_ROW:
        return without
    progress("measuring how much memory a trial needs")
    largest = largest_memory()
    remote = _measured.options(num_cpus=resources.cpus_per_trial, num_gpus=resources.gpus)
    try:
        taken = ray.get(remote.remote(hp, width, classes, resources.cpus_per_trial, resources.gpus))
    except (OutOfMemoryError, WorkerCrashedError):
        taken = math.inf
    if taken is None:
        progress("the largest network needs more than its share of a GPU, so that its memory cannot be measured")
        return without
    asked = min(taken * MARGIN, largest)
    measured = resources.model_copy(update={"memory_per_trial": asked / GIB})
    before, now = (slots(node_pools(each), each) for each in (without.resources, measured))
    if taken * MARGIN > largest:
        takes = f"more than any node has; trials run on nodes with {largest / GIB:.1f} GiB alone, one on each"
    else:
        takes = f"{taken / GIB:.1f} GiB"
    progress(f"{counted(now, 'trial')} at once, of {before} by CPUs: the largest network takes {takes}")
    return job.model_copy(update={"resources": measured})


# One call and one try: the process is to have held nothing before, and the same again would take as much.
@ray.remote(max_calls=1, max_retries=0)  # type: ignore[untyped-decorator]
def _measured(hp: TrainingHyperparameters, width: int, classes: int, cpus: int, gpus: float) -> int | None:
    from nids.models import backend

    try:
        return measure_process(hp, width, classes, cpus, gpus)
    except Exception as error:
        # Of its share of a GPU: of its node's memory, the process is killed.
        if backend.is_out_of_memory(error):
            return None
        raise
