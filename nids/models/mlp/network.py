"""The network of the multi-layer perceptron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import layers

from nids.models import dynamic_layers
from nids.models.input_form import channels_of

if TYPE_CHECKING:
    from nids.models.base import Values
    from nids.models.mlp import Activation, Architecture, Hyperparameters


def build(width: int, classes: int, architecture: Architecture, seed: int) -> keras.Model:
    """Return a fresh network, which reads rows of shape (batch, width); see ``nids.models.base.Network``."""
    keras.utils.set_random_seed(seed)
    row = x = layers.Input((width,), name="row")
    if architecture.input_form != "values" or architecture.drops_features:
        x = layers.Reshape((width, 1), name="columns")(x)
        x = layers.Flatten(name="channels")(channels_of(x, architecture))
    x = hidden(x, architecture.layers, architecture.units, architecture.activation, batch_norm=architecture.batch_norm)
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(row, probabilities, name="mlp")


def hidden(
    x: keras.KerasTensor,
    count: int,
    units: int,
    activation: Activation = "relu",
    *,
    batch_norm: bool = True,
    prefix: str = "",
) -> keras.KerasTensor:
    """Return what so many hidden layers make of inputs of shape (batch, width); ``prefix`` begins their names."""
    for i in range(count):
        x = layers.Dense(units, use_bias=not batch_norm, name=f"{prefix}dense_{i}")(x)
        if batch_norm:
            x = dynamic_layers.BatchNormalization(name=f"{prefix}batch_norm_{i}")(x)
        x = layers.Activation(activation, name=f"{prefix}activation_{i}")(x)
        x = dynamic_layers.Dropout(name=f"{prefix}dropout_{i}")(x)
    return x


def adjust(fresh: Values, hp: Hyperparameters) -> dict[str, np.ndarray]:  # noqa: ARG001 - as all models have it
    """Return the values that hyperparameters set in a fresh network; see ``nids.models.base.Network``."""
    values = {"feature_dropout/rate": np.asarray(hp.feature_dropout, np.float32)} if hp.drops_features else {}
    return values | adjust_hidden(hp.layers, hp.dropout, hp.batch_norm_momentum if hp.batch_norm else None)


def adjust_hidden(
    count: int, dropout: float, batch_norm_momentum: float | None, prefix: str = ""
) -> dict[str, np.ndarray]:
    """Return the values of ``hidden``'s layers; the momentum is None if they have no batch normalization."""
    values = {f"{prefix}dropout_{i}/rate": np.asarray(dropout, np.float32) for i in range(count)}
    if batch_norm_momentum is not None:
        momentum = np.asarray(batch_norm_momentum, np.float32)
        values |= {f"{prefix}batch_norm_{i}/momentum": momentum for i in range(count)}
    return values


def shape(rows: np.ndarray) -> np.ndarray:
    """Return encoded rows as they are, float32 of shape (batch, width)."""
    return rows
