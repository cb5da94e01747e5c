"""The network of the multi-layer perceptron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import layers

from nids.models import dynamic_layers
from nids.models.piecewise_linear import PiecewiseLinear

if TYPE_CHECKING:
    from nids.models.base import Values
    from nids.models.mlp import Architecture, Hyperparameters


def build(width: int, classes: int, architecture: Architecture, seed: int) -> keras.Model:
    """Return a fresh network, which reads rows of shape (batch, width); see ``nids.models.base.Network``."""
    keras.utils.set_random_seed(seed)
    row = x = layers.Input((width,), name="row")
    if architecture.drops_features:
        x = dynamic_layers.FeatureDropout(name="feature_dropout")(x)
    if architecture.input_form == "piecewise-linear":
        x = layers.Reshape((width, 1), name="columns")(x)
        x = PiecewiseLinear(architecture.input_knots, architecture.input_channels)(x)
        x = layers.Flatten(name="channels")(x)
    for i in range(architecture.layers):
        x = layers.Dense(architecture.units, use_bias=not architecture.batch_norm, name=f"dense_{i}")(x)
        if architecture.batch_norm:
            x = dynamic_layers.BatchNormalization(name=f"batch_norm_{i}")(x)
        x = layers.Activation(architecture.activation, name=f"activation_{i}")(x)
        x = dynamic_layers.Dropout(name=f"dropout_{i}")(x)
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(row, probabilities, name="mlp")


def adjust(fresh: Values, hp: Hyperparameters) -> dict[str, np.ndarray]:  # noqa: ARG001 - as all models have it
    """Return the values that hyperparameters set in a fresh network; see ``nids.models.base.Network``."""
    values = {"feature_dropout/rate": np.asarray(hp.feature_dropout, np.float32)} if hp.drops_features else {}
    values |= {f"dropout_{i}/rate": np.asarray(hp.dropout, np.float32) for i in range(hp.layers)}
    if hp.batch_norm:
        momentum = np.asarray(hp.batch_norm_momentum, np.float32)
        values |= {f"batch_norm_{i}/momentum": momentum for i in range(hp.layers)}
    return values


def shape(rows: np.ndarray) -> np.ndarray:
    """Return encoded rows as they are, float32 of shape (batch, width)."""
    return rows
