"""A layer that turns each encoded value into learned channels, piecewise linear in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers, ops

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

NAME = "piecewise_linear"
# How the paths of the layers' knots end.
KNOTS = f"{NAME}/knots"
# Of the first weights: the channels then vary about as much as the values, which lie between 0 and 1.
STDDEV = 0.3


class PiecewiseLinear(layers.Layer):
    """Each column's value beside functions of it that are learned: linear between knots, one function a channel.

    Min-max scaling squeezes into a few hundredths of a column's range what tells attacks apart. With knots where its
    values are, a network can tell neighbours apart that lie close together. After the piecewise-linear encoding of
    Y. Gorishniy, I. Rubachev, A. Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, NeurIPS 2022;
    here, a weight is what a channel has at a knot, and it has the outermost ones' beyond them. The weight ``knots`` is
    what ``nids.folds.knots`` makes of training rows; training does not change it.

    Args:
        most: The most knots of a column.
        channels: Functions of each column.
        prefix: Begins its name, where a network has two.
    """

    def __init__(self, most: int, channels: int, prefix: str = "") -> None:
        super().__init__(name=f"{prefix}{NAME}")
        self.most = most
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights, for inputs of shape (batch, width, 1)."""
        width = input_shape[1]
        self.knots = self.add_weight(name="knots", shape=(width, self.most), initializer="zeros", trainable=False)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(width, self.most, self.channels),
            initializer=keras.initializers.RandomNormal(stddev=STDDEV),
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the values and their channels, of shape (batch, width, 1 + channels)."""
        # Looked up rather than summed over all knots, which would pass a matrix of them through memory for each row.
        below = ops.sum(ops.cast(inputs > self.knots, "int32"), axis=-1)
        first = ops.arange(inputs.shape[1], dtype="int32") * self.most
        left, right = first + ops.maximum(below - 1, 0), first + ops.minimum(below, self.most - 1)
        knots, kernel = ops.reshape(self.knots, (-1,)), ops.reshape(self.kernel, (-1, self.channels))
        start, end = ops.take(knots, left), ops.take(knots, right)
        share = (inputs[..., 0] - start) / ops.where(end > start, end - start, 1.0)
        share = ops.clip(share, 0.0, 1.0)[..., None]
        channels = (1.0 - share) * ops.take(kernel, left, axis=0) + share * ops.take(kernel, right, axis=0)
        return ops.concatenate([inputs, channels], axis=-1)
