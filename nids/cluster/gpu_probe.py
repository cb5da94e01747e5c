"""What share of a GPU a trial needs: measured by training the largest network of the space, once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ray
from ray.exceptions import RayTaskError

from nids import models
from nids.errors import UserError
from nids.training.memory import MARGIN, Need, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.search_space import Space

# Ray counts in ten-thousandths of a GPU.
RESOLUTION = 10_000


def with_share(job: Job, space: Space, width: int, classes: int, progress: Callable[[str], object]) -> Job:
    """Return the job with a number for ``gpus_per_trial``, measured on the connected cluster if it is "auto".

    Args:
        job: The job.
        space: What is searched.
        width: Encoded features of a row.
        classes: Number of classes.
        progress: Called with a line of text that says what was found.

    Raises:
        UserError: The cluster has no GPU, or the largest network does not fit into one.
    """
    resources = job.resources
    if resources.gpus_per_trial != "auto":
        return job
    if not ray.cluster_resources().get("GPU") and not resources.autoscale_to:
        raise UserError(
            'resources.gpus_per_trial is "auto", but no node of the cluster has a GPU. Set it to 0 for trials on CPUs.'
        )
    hp = models.get(job.model.name).largest(space, job.hyperparameters)
    remote = _measured.options(num_cpus=resources.cpus_per_trial, num_gpus=1)
    progress("measuring how much of a GPU a trial needs, on a whole free one")
    try:
        need = ray.get(remote.remote(hp, width, classes, resources.cpus_per_trial))
    except RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise error.cause from None
        raise
    most = resources.max_trials_per_gpu
    if need is None:
        trials = most
        progress(f"{trials} trials to a GPU: the cluster's GPUs are logical ones, and cannot be measured")
    else:
        trials = trials_to_a_gpu(need, most)
        progress(
            f"{trials} trials to a GPU: the largest takes {need.peak:,} of {need.card:,} MiB, and {need.beside:,} MiB "
            "besides"
        )
    share = math.floor(RESOLUTION / trials) / RESOLUTION
    return job.model_copy(update={"resources": resources.model_copy(update={"gpus_per_trial": share})})


def trials_to_a_gpu(need: Need, most: int) -> int:
    """Return how many trials can share a card, ``most`` or fewer.

    Raises:
        UserError: Not even one fits.
    """
    trials = need.trials(most)
    if trials == 0:
        raise _too_large(
            f"takes {need.peak:,} MiB of the {need.card:,} that a GPU has, without the {MARGIN:g}-fold margin"
        )
    return trials


def _too_large(how: str) -> UserError:
    return UserError(
        f"the largest network of the space {how}. Narrow the space ([space]): batch_size and the sizes of the "
        "layers take most of it."
    )


# One call, as the process takes the whole card and compiles as no trial does: no trial is to inherit it.
@ray.remote(max_calls=1)  # type: ignore[untyped-decorator]
def _measured(hp: TrainingHyperparameters, width: int, classes: int, cpus: int) -> Need | None:
    from nids.models import backend

    try:
        return measure(hp, width, classes, cpus)
    except Exception as error:
        if backend.is_out_of_memory(error):
            raise _too_large("does not fit into a GPU") from None
        raise
