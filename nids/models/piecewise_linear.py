"""A layer that turns each encoded value into learned channels, piecewise linear in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers, ops

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor

NAME = "piecewise_linear"
HATS = f"{NAME}/hats"
# Of the first weights: the channels then vary about as much as the values, which lie between 0 and 1.
STDDEV = 0.3


class PiecewiseLinear(layers.Layer):
    """Each column's value beside functions of it that are learned: linear between knots, one function a channel.

    Min-max scaling squeezes into a few hundredths of a column's range what tells attacks apart. With knots where its
    values are, a network can tell neighbours apart that lie close together. After the piecewise-linear encoding of
    Y. Gorishniy, I. Rubachev, A. Babenko, On Embeddings for Numerical Features in Tabular Deep Learning, NeurIPS 2022,
    in the basis of hat functions: a weight is what a channel has at a knot. The weight ``hats`` holds the knots;
    ``nids.folds.knots`` makes it from training rows, and training does not change it.

    Args:
        knots: The most knots of a column.
        channels: Functions of each column.
    """

    def __init__(self, knots: int, channels: int) -> None:
        super().__init__(name=NAME)
        self.knots = knots
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the weights, for inputs of shape (batch, width, 1)."""
        width = input_shape[1]
        self.hats = self.add_weight(name="hats", shape=(3, width, self.knots), initializer="zeros", trainable=False)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(width, self.knots, self.channels),
            initializer=keras.initializers.RandomNormal(stddev=STDDEV),
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the values and their channels, of shape (batch, width, 1 + channels)."""
        centre, left, right = self.hats[0], self.hats[1], self.hats[2]
        beyond = inputs - centre
        # 1 at the knot, 0 from its neighbours on; flat beyond the outermost knots.
        hats = ops.relu(1.0 - ops.maximum(-beyond * left, beyond * right))
        return ops.concatenate([inputs, ops.einsum("bwk,wkc->bwc", hats, self.kernel)], axis=-1)
