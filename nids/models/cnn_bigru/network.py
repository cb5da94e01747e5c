"""The CNN-BiGRU with attention, after Benchama & Zebbara (2024), in public Keras 3 calls only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers

from nids.models import dynamic_layers
from nids.models.cnn_bigru.gru import BidirectionalGRU
from nids.models.input_form import channels_of
from nids.models.mlp import network as mlp

if TYPE_CHECKING:
    from nids.models.base import Values
    from nids.models.cnn_bigru.hyperparameters import Architecture, Attention, Hyperparameters

POOL = 5
HEADS = 4
PERCEPTRON = "perceptron_"  # begins the names of its layers


def adjust(fresh: Values, hp: Hyperparameters) -> dict[str, np.ndarray]:
    """Return the values that hyperparameters set in a fresh network; see ``nids.models.base.Network``."""
    values: dict[str, Any] = {
        "feature_dropout/rate": hp.feature_dropout,
        f"{PERCEPTRON}feature_dropout/rate": hp.feature_dropout,
        "conv_batch_norm/momentum": hp.batch_norm_momentum,
        "conv_dropout/rate": hp.conv_dropout,
        "bigru_dropout/rate": hp.gru_dropout,
        "sequence_batch_norm/momentum": hp.batch_norm_momentum,
        "sequence_bigru_dropout/rate": hp.gru_dropout,
        "attention_dropout/rate": hp.attention_dropout,
        **mlp.adjust_hidden(hp.perceptron_layers, hp.perceptron_dropout, hp.batch_norm_momentum, PERCEPTRON),
    }
    if hp.convolution:
        kernel = fresh["conv/kernel"]
        room, size = len(kernel), hp.conv_kernel_size
        values["conv/window"] = dynamic_layers.Conv1D.window_of(size, room)
        # Glorot's limit goes with one over the root of the kernel's size.
        values["conv/kernel"] = kernel * values["conv/window"] * np.sqrt(room / size)
    # Those of the parts that this network has.
    return {path: np.asarray(value, np.float32) for path, value in values.items() if path in fresh}


def build(width: int, classes: int, architecture: Architecture, seed: int) -> keras.Model:
    """Return a fresh network, which reads rows of shape (batch, width, 1); see ``nids.models.base.Network``.

    The order of the parts is that of the paper's Table 1, and each layer bears its part's name. Where the paper is
    silent, the choices and their reasons are:

    * Pooling by 5 after the convolution and before the second BiGRU, "same" padding, ReLU: so does the public
      CNN-BiLSTM that the paper's list of layers follows.
    * The first BiGRU returns its summary (2 × ``gru_units``), which the reshape turns into a sequence of single
      values, as there: its pooling then leaves a fifth of the steps to the second, dearer BiGRU.
    * The dropout of the GRUs acts on their outputs. A GRU's own ``dropout`` argument would mask inputs, and the
      second GRU's input is a single value a step: masking it deletes the whole row. Dropout outside the layer also
      leaves cuDNN's kernel usable.
    * Attention asks with the mean of the second BiGRU's steps and answers with one weighted sum of them. A query for
      each step would cost 25 times as much and would have to be averaged afterwards.

    A perceptron beside it has an input layer and a softmax of its own. The network's probabilities are the mean of
    both, while each learns from its own loss (``nids.training.traced_network``), as the members of an ensemble do.
    """
    # Keras draws the seed of every initializer and of every dropout from here, a different one for each.
    keras.utils.set_random_seed(seed)
    row = layers.Input((width, 1), name="row")
    x = channels_of(row, architecture)
    if architecture.convolution:
        filters, room = architecture.conv_filters, architecture.conv_kernel_room
        x = dynamic_layers.Conv1D(filters, room, activation="relu", name="conv")(x)
    x = layers.MaxPooling1D(POOL, padding="same", name="conv_pooling")(x)
    x = dynamic_layers.BatchNormalization(name="conv_batch_norm")(x)
    x = dynamic_layers.Dropout(name="conv_dropout")(x)
    x = BidirectionalGRU(architecture.gru_units, name="bigru")(x)
    x = summary = dynamic_layers.Dropout(name="bigru_dropout")(x)
    if architecture.sequence_bigru:
        x = _context_of(summary, architecture)
        if architecture.shortcut:
            x = layers.Concatenate(name="shortcut")([x, summary])
        x = dynamic_layers.Dropout(name="attention_dropout")(x)
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    if architecture.perceptron_layers:
        x = layers.Flatten(name=f"{PERCEPTRON}channels")(channels_of(row, architecture, PERCEPTRON))
        x = mlp.hidden(x, architecture.perceptron_layers, architecture.perceptron_units, prefix=PERCEPTRON)
        beside = layers.Dense(classes, activation="softmax", dtype="float32", name=f"{PERCEPTRON}probabilities")(x)
        probabilities = layers.Average(name="mean_probabilities")([probabilities, beside])
    return keras.Model(row, probabilities, name="cnn_bigru_attention")


def _context_of(summary: keras.KerasTensor, architecture: Architecture) -> keras.KerasTensor:
    """Return what the second BiGRU and the attention make of the first one's summary."""
    x = layers.Reshape((2 * architecture.gru_units, 1), name="reshape")(summary)
    x = layers.MaxPooling1D(POOL, padding="same", name="sequence_pooling")(x)
    x = dynamic_layers.BatchNormalization(name="sequence_batch_norm")(x)
    x = BidirectionalGRU(architecture.sequence_gru_units, return_sequences=True, name="sequence_bigru")(x)
    x = dynamic_layers.Dropout(name="sequence_bigru_dropout")(x)
    x = _attend(architecture.attention, x)
    return layers.Flatten(name="context")(x)


def _attend(kind: Attention, steps: keras.KerasTensor) -> keras.KerasTensor:
    query = layers.GlobalAveragePooling1D(keepdims=True, name="attention_query")(steps)
    if kind == "none":
        return query
    if kind == "dot":
        return layers.Attention(score_mode="dot", use_scale=True, name="attention")([query, steps])
    if kind == "additive":
        return layers.AdditiveAttention(use_scale=True, name="attention")([query, steps])
    key_dim = max(1, steps.shape[-1] // HEADS)
    return layers.MultiHeadAttention(HEADS, key_dim, name="attention")(query, steps)


def shape(rows: np.ndarray) -> np.ndarray:
    """Return encoded rows as sequences of single values, float32 of shape (batch, width, 1)."""
    return rows[..., np.newaxis]
