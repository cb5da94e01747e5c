"""The CNN-BiGRU with attention, after Benchama & Zebbara (2024), in public Keras 3 calls only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import layers

if TYPE_CHECKING:
    from nids.hyperparameters import Attention, Hyperparameters

POOL = 5
HEADS = 4


def build_model(width: int, classes: int, hp: Hyperparameters, seed: int) -> keras.Model:
    """Return a fresh, uncompiled model.

    Args:
        width: Number of encoded features of a row.
        classes: Number of classes.
        hp: The hyperparameters; only those of the architecture are read.
        seed: Seeds the initial weights and the dropout masks: the same seed gives the same model. It becomes the
            process's random seed, as Keras has no other way to seed all layers.

    Returns:
        A model from rows, float32 of shape (batch, width, 1), to class probabilities, float32 of shape
        (batch, classes).

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
    """
    # Keras draws the seed of every initializer and of every dropout from here, a different one for each.
    keras.utils.set_random_seed(seed)
    row = layers.Input((width, 1), name="row")
    x = layers.Conv1D(
        hp.conv_filters,
        hp.conv_kernel_size,
        padding="same",
        activation="relu",
        name="conv",
    )(row)
    x = layers.MaxPooling1D(POOL, padding="same", name="conv_pooling")(x)
    x = layers.BatchNormalization(momentum=hp.batch_norm_momentum, name="conv_batch_norm")(x)
    x = layers.Dropout(hp.conv_dropout, name="conv_dropout")(x)
    x = layers.Bidirectional(layers.GRU(hp.gru_units), name="bigru")(x)
    x = layers.Dropout(hp.gru_dropout, name="bigru_dropout")(x)
    x = layers.Reshape((2 * hp.gru_units, 1), name="reshape")(x)
    x = layers.MaxPooling1D(POOL, padding="same", name="sequence_pooling")(x)
    x = layers.BatchNormalization(momentum=hp.batch_norm_momentum, name="sequence_batch_norm")(x)
    sequence_gru = layers.GRU(hp.sequence_gru_units, return_sequences=True)
    x = layers.Bidirectional(sequence_gru, name="sequence_bigru")(x)
    x = layers.Dropout(hp.gru_dropout, name="sequence_bigru_dropout")(x)
    query = layers.GlobalAveragePooling1D(keepdims=True, name="attention_query")(x)
    x = _attend(hp.attention, query, x)
    x = layers.Flatten(name="context")(x)
    x = layers.Dropout(hp.attention_dropout, name="attention_dropout")(x)
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(row, probabilities, name="cnn_bigru_attention")


def _attend(kind: Attention, query: keras.KerasTensor, steps: keras.KerasTensor) -> keras.KerasTensor:
    if kind == "dot":
        return layers.Attention(score_mode="dot", use_scale=True, name="attention")([query, steps])
    if kind == "additive":
        return layers.AdditiveAttention(use_scale=True, name="attention")([query, steps])
    key_dim = max(1, steps.shape[-1] // HEADS)
    return layers.MultiHeadAttention(HEADS, key_dim, name="attention")(query, steps)
