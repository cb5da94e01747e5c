"""One network in a process that learns any number of folds: its graph is traced once, each fold has its own state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import keras
import numpy as np

from nids.model import build_model

if TYPE_CHECKING:
    from nids.batches import TrainingRows, ValidationRows
    from nids.config import Training
    from nids.hyperparameters import Hyperparameters

VALIDATION_BATCH = 2048

# Values of all variables of a network and its optimizer: weights, running averages, moments, random seeds.
State = list[np.ndarray]


class Learner:
    """Trains and evaluates states, one at a time.

    Tracing a model of this kind takes as long as many of its steps, so the folds of a trial share one traced model,
    into which the state of the fold at hand is written. A fold's first state is that of a fresh model with a fresh
    optimizer, and nothing of one fold's state reaches another's.
    """

    def __init__(self, width: int, classes: int, hp: Hyperparameters, training: Training) -> None:
        self._shape = (width, classes)
        self._hp = hp
        self._training = training
        self._model, self._variables = self._compile(seed=0)

    def _compile(self, seed: int) -> tuple[keras.Model, list[keras.Variable]]:
        model = build_model(*self._shape, self._hp, seed)
        optimizer = keras.optimizers.get(self._hp.optimizer)
        optimizer.learning_rate = self._hp.learning_rate
        # TensorFlow's XLA on a CPU is several times slower on recurrent layers.
        model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
        optimizer.build(model.trainable_variables)
        return model, [*model.variables, *optimizer.variables]

    def fresh(self, seed: int) -> State:
        """Return the state of a fresh model and optimizer; the same seed gives the same state."""
        _, variables = self._compile(seed)
        return [keras.ops.convert_to_numpy(variable) for variable in variables]

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
        self._write(state)
        size = min(self._hp.batch_size, len(rows))
        steps = len(rows) // size
        losses = []
        for step, (batch, labels) in enumerate(rows.batches(size, seed)):
            self._model.optimizer.learning_rate = self._hp.learning_rate * self._decay(epoch - 1 + step / steps)
            # Keras returns the mean over all batches since its metrics were reset.
            self._model.reset_metrics()
            losses.append(float(self._model.train_on_batch(batch, labels, sample_weight=weights[labels])))
            if not math.isfinite(losses[-1]):
                break
        return self._read(), float(np.mean(losses))

    def predict(self, state: State, rows: ValidationRows) -> np.ndarray:
        """Return class probabilities, float32 of shape (rows, classes)."""
        self._write(state)
        batches = [self._model.predict_on_batch(batch)[:count] for batch, count in rows.batches(VALIDATION_BATCH)]
        return np.concatenate(batches)

    def _decay(self, epochs: float) -> float:
        """Return the factor of the learning rate after a number of epochs, whole or in part."""
        if self._training.learning_rate_schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * epochs / self._training.epochs))

    def _write(self, state: State) -> None:
        for variable, value in zip(self._variables, state, strict=True):
            variable.assign(value)

    def _read(self) -> State:
        return [keras.ops.convert_to_numpy(variable) for variable in self._variables]
