"""What memory a network's training takes, of a GPU or of its node: measured by training it for a few steps.

Knows no scheduler.
"""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nids import models
from nids.models import backend
from nids.models.gpu_cards import cards
from nids.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from nids.models.hyperparameters import TrainingHyperparameters

STEPS = 3
# Room for what is not measured: fragmented memory, and the weights of other networks that a process keeps.
MARGIN = 1.25


class Need(NamedTuple):
    """What one trial takes of a card.

    Attributes:
        peak: The most memory that its tensors took at once, MiB.
        beside: What its process takes beside its tensors, MiB.
        card: The card's memory, MiB.
    """

    peak: int
    beside: int
    card: int

    def trials(self, most: int) -> int:
        """Return how many trials can share the card, ``most`` or fewer; 0 if not even one fits."""
        return min(int(self.card // (self.peak * MARGIN + self.beside)), most)


def measure(hp: TrainingHyperparameters, width: int, classes: int, cpus: int) -> Need | None:
    """Train a network on a whole card, in a process that has not computed yet and that ends afterwards.

    Args:
        hp: The network's hyperparameters.
        width: Encoded features of a row.
        classes: Number of classes.
        cpus: Threads to compute with.

    Returns:
        What its training and its validation take; None where there is no card.

    Raises:
        Exception: The framework's own, see ``nids.models.backend.is_out_of_memory``: the network does not fit.
    """
    backend.compile_without_trying()
    backend.configure(cpus, 1.0)
    if not backend.has_gpu():
        return None
    _train(hp, width, classes)
    return Need(backend.peak_memory(), backend.CONTEXT_MIB, cards()[0])


def measure_process(hp: TrainingHyperparameters, width: int, classes: int, cpus: int, gpus: float) -> int:
    """Train a network in a process that has not computed yet, and return the most memory that this process has held.

    Args:
        hp: The network's hyperparameters.
        width: Encoded features of a row.
        classes: Number of classes.
        cpus: Threads to compute with.
        gpus: GPUs to compute on, or the share of one.

    Returns:
        Bytes of the node's memory, the process's share of what it has in common with others included.
    """
    backend.configure(cpus, gpus)
    _train(hp, width, classes)
    # Bytes on macOS, KiB elsewhere.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _train(hp: TrainingHyperparameters, width: int, classes: int) -> None:
    """Train a network for a few steps on rows of zeros, and validate it."""
    from nids.training.traced_network import TracedNetwork

    spec = models.of(hp)
    network = TracedNetwork(spec, width, classes, spec.architecture_of(hp), hp.compile_options)
    rows = spec.shape(np.zeros((max(hp.batch_size, VALIDATION_BATCH), width), dtype=np.float32))
    labels, weights = np.zeros(hp.batch_size, dtype=np.int8), np.ones(hp.batch_size, dtype=np.float32)
    for _ in range(STEPS):
        network.train(rows[: hp.batch_size], labels, weights, hp.learning_rate)
        network.model.predict_on_batch(rows[:VALIDATION_BATCH])
