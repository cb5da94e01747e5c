"""Training and validation of a trial's folds, with one traced network for all of them and for the trials after it."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, TypeVar

import keras
import numpy as np

from nids.models.cnn_bigru.network import Architecture, adjusted, build_network
from nids.training.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Training
    from nids.models.hyperparameters import Hyperparameters, Optimizer
    from nids.training.batches import TrainingRows, ValidationRows

T = TypeVar("T")

# Larger batches are no quicker: their intermediate values no longer fit into a core's cache.
VALIDATION_BATCH = 512

# Values of all variables of a network and its optimizer: weights, running averages, moments, random seeds.
State = list[np.ndarray]


class Network:
    """A traced model with its optimizer: tracing one takes as long as many of its steps, so a process keeps them."""

    def __init__(self, width: int, classes: int, architecture: Architecture, optimizer: Optimizer) -> None:
        self._shape = (width, classes)
        self._architecture = architecture
        self._optimizer = optimizer
        self._fresh: dict[int, State] = {}
        self._traced: set[tuple[str, int]] = set()
        self.model, self._variables = self._compile(seed=0)

    def _compile(self, seed: int) -> tuple[keras.Model, list[keras.Variable]]:
        model = build_network(*self._shape, self._architecture, seed)
        optimizer = keras.optimizers.get(self._optimizer)
        # TensorFlow's XLA on a CPU is several times slower on recurrent layers as a whole.
        model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        optimizer.build(model.trainable_variables)
        # Nadam keeps one variable that Keras does not count among its own.
        untracked = [value for value in [getattr(optimizer, "_u_product", None)] if value is not None]
        return model, [*model.variables, *optimizer.variables, *untracked]

    def fresh(self, hp: Hyperparameters, seed: int) -> State:
        """Return the state of a fresh model of some hyperparameters and of a fresh optimizer."""
        if seed not in self._fresh:
            _, variables = self._compile(seed)
            self._fresh[seed] = [keras.ops.convert_to_numpy(variable) for variable in variables]
        paths = [variable.path for variable in self._variables]
        changes = adjusted(dict(zip(paths, self._fresh[seed], strict=True)), hp)
        return [changes.get(path, value) for path, value in zip(paths, self._fresh[seed], strict=True)]

    def named(self, state: State) -> dict[str, np.ndarray]:
        """Return a state's values by the path of their variable."""
        return {variable.path: value for variable, value in zip(self._variables, state, strict=True)}

    def write(self, state: State) -> None:
        """Bring the network into a state."""
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def part(self, step: str, size: int) -> str:
        """Return what a step on so many rows counts as: the first of its kind traces the network."""
        if (step, size) in self._traced:
            return step
        self._traced.add((step, size))
        return "tracing"

    def read(self) -> State:
        """Return the network's state."""
        return [keras.ops.convert_to_numpy(variable) for variable in self._variables]


# The folds of a cross-validation and the trials of a search ask for few different ones.
network = functools.lru_cache(maxsize=8)(Network)


class Trainer:
    """Trains and evaluates the states of one trial's folds, one at a time.

    All share one traced network, into which the state of the fold at hand is written. A fold's first state is that of
    a fresh model with a fresh optimizer, and nothing of one fold's state reaches another's, or another trial.

    Attributes:
        timer: Counts where the time goes.
    """

    def __init__(self, width: int, classes: int, hp: Hyperparameters, training: Training) -> None:
        self.timer = Timer()
        self._hp = hp
        self._training = training
        with self.timer.running("tracing"):
            self._network = network(width, classes, Architecture.from_hyperparameters(hp), hp.optimizer)

    def fresh(self, seed: int) -> State:
        """Return the state of a fresh model and optimizer; the same seed gives the same state."""
        with self.timer.running("tracing"):
            return self._network.fresh(self._hp, seed)

    def train(
        self, state: State, rows: TrainingRows, weights: np.ndarray, epoch: int, seed: int
    ) -> tuple[State, float]:
        """Return the state after one more epoch, and the mean training loss of its batches.

        Args:
            state: Where the fold stands.
            rows: Its training rows.
            weights: Weight of each class in the loss, float32 of shape (classes,).
            epoch: Number of the epoch, from 1.
            seed: Seeds the order of the rows.

        A loss that is not finite ends the epoch at once and is returned.
        """
        self._network.write(state)
        model = self._network.model
        size = min(self._hp.batch_size, len(rows))
        steps = len(rows) // size
        losses = []
        for step, (batch, labels) in enumerate(self._timed(rows.batches(size, seed))):
            with self.timer.running(self._network.part("training", size)):
                model.optimizer.learning_rate = self._hp.learning_rate * self._decay(epoch - 1 + step / steps)
                # Keras returns the mean over all batches since its metrics were reset.
                model.reset_metrics()
                losses.append(float(model.train_on_batch(batch, labels, sample_weight=weights[labels])))
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
                batches.append(predict(batch)[:count])
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
