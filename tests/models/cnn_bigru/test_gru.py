from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from nids.models import backend
from nids.models.cnn_bigru import gru
from nids.models.cnn_bigru.gru import BidirectionalGRU

UNITS = 6


def pair(features: int, *, return_sequences: bool) -> tuple[BidirectionalGRU, layers.Bidirectional]:
    """Return our layer and Keras's, with the same weights."""
    ours = BidirectionalGRU(UNITS, return_sequences=return_sequences)
    plain = layers.Bidirectional(layers.GRU(UNITS, return_sequences=return_sequences))
    random = np.random.default_rng(1)
    for layer in (ours, plain):
        layer.build((None, 7, features))
    weights = [random.normal(size=weight.shape).astype(np.float32) for weight in ours.get_weights()]
    ours.set_weights(weights)
    plain.set_weights(weights)
    return ours, plain


@pytest.mark.slow
@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_outputs_and_gradients_are_those_of_keras(features: int, return_sequences: bool) -> None:
    sequences = tf.constant(np.random.default_rng(0).normal(size=(5, 7, features)).astype(np.float32))
    results = []
    for layer in pair(features, return_sequences=return_sequences):
        with tf.GradientTape() as tape:
            tape.watch(sequences)
            outputs = layer(sequences)
            loss = tf.reduce_sum(tf.sin(outputs))
        gradients = tape.gradient(loss, [sequences, *(weight.value for weight in layer.trainable_weights)])
        results.append([outputs.numpy(), *(gradient.numpy() for gradient in gradients)])
    for ours, plain in zip(*results, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_it_learns_as_keras_does() -> None:
    """Not only one step: the losses of a whole training are the same within rounding."""
    random = np.random.default_rng(0)
    rows, labels = random.normal(size=(64, 7, 3)).astype(np.float32), random.integers(0, 2, 64)
    losses = []
    for layer in pair(3, return_sequences=True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([layer, layers.Flatten(), layers.Dense(2, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        losses.append(model.fit(rows, labels, batch_size=16, epochs=5, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-3)  # type: ignore[call-overload]
    assert losses[0][-1] < losses[0][0]


def test_a_gpu_gets_keras_own_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its kernel there is cuDNN's."""
    ours, plain = pair(3, return_sequences=True)
    monkeypatch.setattr(backend, "has_gpu", lambda: True)
    sequences = np.random.default_rng(0).normal(size=(5, 7, 3)).astype(np.float32)
    np.testing.assert_array_equal(ours(sequences), plain(sequences))


@pytest.mark.parametrize(
    ("framework", "gpu", "own_pass", "steps", "fast"),
    [
        pytest.param("tensorflow", False, True, gru.MOST_STEPS, True, id="TensorFlow on a CPU, the most steps"),
        pytest.param("tensorflow", False, True, gru.MOST_STEPS + 1, False, id="a step too many"),
        pytest.param("tensorflow", True, True, 7, False, id="a GPU"),
        pytest.param("jax", False, True, 7, False, id="JAX"),
        pytest.param("tensorflow", False, False, 7, False, id="switched off"),
    ],
)
def test_the_own_pass_is_taken_only_where_it_serves(
    framework: str, gpu: bool, own_pass: bool, steps: int, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = BidirectionalGRU(UNITS)
    layer.build((None, steps, 3))
    taken = []
    for owner, name, label in ((gru, "_last_step", "own"), (layers.Bidirectional, "call", "Keras")):
        monkeypatch.setattr(owner, name, lambda *_, label=label: taken.append(label))
    monkeypatch.setattr(backend, "name", lambda: framework)
    monkeypatch.setattr(backend, "has_gpu", lambda: gpu)
    monkeypatch.setattr(gru, "OWN_PASS", own_pass)
    layer.call(tf.zeros((5, steps, 3)))
    assert taken == ["own" if fast else "Keras"]
