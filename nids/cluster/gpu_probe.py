"""What share of a GPU a trial needs: measured by training the largest network of the space, once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ray
from ray.exceptions import RayTaskError

from nids import models
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.search_space import Space

STEPS = 3
# Room for what the probe does not see: fragmented memory, and the weights of other networks that a process keeps.
MARGIN = 1.25
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
    model = models.get(job.model.name)
    hp = model.hyperparameters.model_validate({**job.hyperparameters, **model.largest_point(space)})
    remote = _measured.options(num_cpus=resources.cpus_per_trial, num_gpus=1)
    progress("measuring how much of a GPU a trial needs, on a whole free one")
    try:
        measured = ray.get(remote.remote(hp, width, classes, resources.cpus_per_trial))
    except RayTaskError as error:
        if isinstance(error.cause, UserError):
            raise error.cause from None
        raise
    most = resources.max_trials_per_gpu
    if measured is None:
        trials = most
        progress(f"{trials} trials to a GPU: the cluster's GPUs are logical ones, and cannot be measured")
    else:
        peak, context, card = measured
        trials = trials_to_a_gpu(peak, context, card, most)
        progress(f"{trials} trials to a GPU: the largest takes {peak:,} of {card:,} MiB, and {context:,} MiB besides")
    share = math.floor(RESOLUTION / trials) / RESOLUTION
    return job.model_copy(update={"resources": resources.model_copy(update={"gpus_per_trial": share})})


def trials_to_a_gpu(peak: int, context: int, card: int, most: int) -> int:
    """Return how many trials can share a card.

    Args:
        peak: The most memory that the largest trial's tensors took, MiB.
        context: What a process takes beside its tensors, MiB.
        card: The card's memory, MiB.
        most: The most trials to allow.

    Raises:
        UserError: Not even one fits.
    """
    trials = int(card // (peak * MARGIN + context))
    if trials == 0:
        raise _too_large(f"takes {peak:,} MiB of the {card:,} that a GPU has, without the {MARGIN:g}-fold margin")
    return min(trials, most)


def _too_large(how: str) -> UserError:
    return UserError(
        f"the largest network of the space {how}. Narrow the space ([space]): batch_size and the sizes of the "
        "layers take most of it."
    )


# One call, as the process takes the whole card: no trial is to inherit it.
@ray.remote(max_calls=1)  # type: ignore[untyped-decorator]
def _measured(hp: TrainingHyperparameters, width: int, classes: int, cpus: int) -> tuple[int, int, int] | None:
    """Return the peak of a trial's memory, what its process takes beside, and the card's, MiB; None without a card."""
    from nids.models import backend
    from nids.models.gpu_cards import cards

    backend.configure(cpus, 1.0)
    if not backend.has_gpu():
        return None
    import numpy as np

    from nids.training.traced_network import TracedNetwork
    from nids.training.trainer import VALIDATION_BATCH

    spec = models.of(hp)
    model = TracedNetwork(spec, width, classes, spec.architecture_of(hp), hp.optimizer).model
    rows = spec.shape(np.zeros((max(hp.batch_size, VALIDATION_BATCH), width), dtype=np.float32))
    labels = np.zeros(hp.batch_size, dtype=np.int8)
    try:
        for _ in range(STEPS):
            model.train_on_batch(rows[: hp.batch_size], labels)
            model.predict_on_batch(rows[:VALIDATION_BATCH])
    except Exception as error:
        if backend.is_out_of_memory(error):
            raise _too_large("does not fit into a GPU") from None
        raise
    return backend.peak_memory(), backend.CONTEXT_MIB, cards()[0]
