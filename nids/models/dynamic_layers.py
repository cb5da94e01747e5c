"""Layers that keep as variables what Keras keeps as constants, so that one traced model serves many hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor


class Conv1D(layers.Conv1D):
    """Keras's layer with "same" padding, whose kernel may be any shorter than the ``room`` it was traced with.

    The weight ``window`` is 1 where the kernel is and 0 around it: what lies outside neither counts nor learns.
    """

    def __init__(self, filters: int, room: int, **options: Any) -> None:
        super().__init__(filters, room, padding="same", **options)
        self.room = room

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights."""
        super().build(input_shape)
        self.window = self.add_weight(name="window", shape=(self.room, 1, 1), initializer="ones", trainable=False)

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve with the part of the kernel that is in use."""
        outputs = ops.conv(inputs, self.kernel * self.window, strides=1, padding="same")
        return self.activation(outputs + self.bias)

    @staticmethod
    def window_of(size: int, room: int) -> np.ndarray:
        """Return the window, float32 of shape (room, 1, 1), of a kernel of some size.

        It stands where "same" padding puts a kernel of that size: the same taps meet the same inputs.
        """
        window = np.zeros((room, 1, 1), dtype=np.float32)
        first = (room - 1) // 2 - (size - 1) // 2
        window[first : first + size] = 1.0
        return window


class Dropout(layers.Layer):
    """Dropout with its ``rate``, the share of values that is left out in training, as a weight."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: ARG002
        """Create the weight."""
        self.rate = self.add_weight(name="rate", shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the inputs, in training with some values set to zero and the others scaled to keep the mean."""
        if not training:
            return inputs
        drawn = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator)
        return inputs * (ops.cast(drawn >= self.rate, inputs.dtype) / (1.0 - self.rate))


class FeatureDropout(Dropout):
    """Sets some of a row's columns to zero in training, as if nothing had been measured there; ``rate`` is a weight.

    What is left is not scaled: a column of 1 or 0 has to stay one.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the inputs, of shape (batch, width, …), in training with some columns of each row set to zero."""
        if not training:
            return inputs
        shape = (*ops.shape(inputs)[:2], *(1 for _ in inputs.shape[2:]))
        drawn = keras.random.uniform(shape, seed=self.seed_generator)
        return inputs * ops.cast(drawn >= self.rate, inputs.dtype)


class BatchNormalization(layers.BatchNormalization):
    """Keras's layer with its ``momentum`` as a weight."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights."""
        super().build(input_shape)
        self.momentum = self.add_weight(name="momentum", shape=(), initializer="zeros", trainable=False)
