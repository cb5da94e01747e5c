"""Training and validation of a trial's folds, with one traced network for all of them and for the trials after it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nids import models
from nids.training.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Training
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.training.batches import TrainingRows, ValidationRows
    from nids.training.traced_network import State

T = TypeVar("T")

# Larger batches are no quicker: their intermediate values no longer fit into a core's cache.
VALIDATION_BATCH = 512


class Trainer:
    """Trains and evaluates the states of one trial's folds, one at a time.

    All share one traced network, into which the state of the fold at hand is written. A fold's first state is that of
    a fresh model with a fresh optimizer, and nothing of one fold's state reaches another's, or another trial.

    Attributes:
        timer: Counts where the time goes.
    """

    def __init__(self, width: int, classes: int, hp: TrainingHyperparameters, training: Training) -> None:
        # Here, as a process is to be configured before it imports the framework.
        from nids.training.traced_network import traced_network

        self.timer = Timer()
        self._hp = hp
        self._training = training
        with self.timer.running("tracing"):
            spec = models.of(hp)
            self._network = traced_network(spec, width, classes, spec.architecture_of(hp), hp.compile_options)
        self._shape = spec.shape

    def fresh(self, seed: int, rows: TrainingRows) -> State:
        """Return the state of a fresh model and optimizer; the same seed and rows give the same state.

        Args:
            seed: Decides the first weights.
            rows: The training rows: where a network asks for knots, they are where these have their values.
        """
        with self.timer.running("tracing"):
            knots = rows.knots(self._network.most_knots) if self._network.most_knots else None
            return self._network.fresh(self._hp, seed, knots)

    @property
    def parameters(self) -> int:
        """The number of weights that the network learns."""
        return sum(math.prod(weight.shape) for weight in self._network.model.trainable_variables)

    def takes(self, state: State) -> bool:
        """Return whether a state can be that of a fold's model."""
        return self._network.takes(state)

    def train(
        self, state: State, rows: TrainingRows, weights: np.ndarray, epoch: int, seed: int
    ) -> tuple[State, float]:
        """Return the state after one more epoch, and the mean training loss of its batches.

        Args:
            state: Where the fold stands.
            rows: Its training rows.
            weights: Weight of each of them in the loss, float32 of shape (rows,).
            epoch: Number of the epoch, from 1.
            seed: Seeds the order of the rows.

        A loss that is not finite ends the epoch at once and is returned.
        """
        self._network.write(state)
        size = min(self._hp.batch_size, len(rows))
        steps = len(rows) // size
        losses = []
        for step, (batch, positions) in enumerate(self._timed(rows.batches(size, seed))):
            with self.timer.running(self._network.part("training", size)):
                rate = self._hp.learning_rate * self._decay(epoch - 1 + step / steps)
                labels = rows.labels[positions]
                losses.append(self._network.train(self._shape(batch), labels, weights[positions], rate))
            if not math.isfinite(losses[-1]):
                break
        return self._network.read(), float(np.mean(losses))

    def predict(self, state: State, rows: ValidationRows) -> np.ndarray:
        """Return class probabilities, float32 of shape (rows, classes)."""
        self._network.write(state)
        predict = self._network.model.predict_on_batch
        batches = []
        for batch, count in self._timed(rows.batches(VALIDATION_BATCH)):
            with self.timer.running(self._network.part("validation", len(batch))):
                batches.append(predict(self._shape(batch))[:count])
        return np.concatenate(batches)

    def weights(self, state: State) -> dict[str, np.ndarray]:
        """Return what of a state the trained model needs: its weights by their path, without optimizer and seeds."""
        kept = {weight.path for weight in self._network.model.weights}
        return {path: value for path, value in self._network.named(state).items() if path in kept}

    def _timed(self, batches: Iterator[T]) -> Iterator[T]:
        """Yield the batches; gathering them counts as data."""
        while True:
            with self.timer.running("data"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _decay(self, epochs: float) -> float:
        """Return the factor of the learning rate after a number of epochs, whole or in part."""
        if self._training.learning_rate_schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * epochs / self._training.epochs))
