from __future__ import annotations

import ast
import inspect
import textwrap

import keras
import numpy as np
import pytest

from nids.models import dynamic_layers


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    layer = dynamic_layers.Dropout()
    ones = np.ones((200, 500), dtype=np.float32)
    assert np.array_equal(layer(ones, training=True), ones)  # a rate of 0 to begin with
    layer.rate.assign(0.25)
    assert np.array_equal(layer(ones, training=False), ones)
    first, second = (keras.ops.convert_to_numpy(layer(ones, training=True)) for _ in range(2))
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (first == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert first.mean() == pytest.approx(1, abs=0.01)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("shape", [(200, 500), (200, 500, 3)])
def test_feature_dropout_sets_columns_to_zero_and_leaves_the_others_alone(shape: tuple[int, ...]) -> None:
    layer = dynamic_layers.FeatureDropout()
    rows = np.random.default_rng(0).uniform(0.5, 1, shape).astype(np.float32)
    assert np.array_equal(layer(rows, training=True), rows)  # a rate of 0 to begin with
    layer.rate.assign(0.25)
    assert np.array_equal(layer(rows, training=False), rows)
    found = keras.ops.convert_to_numpy(layer(rows, training=True))
    dropped = (found == 0).reshape(200, 500, -1)
    assert (dropped.all(axis=2) == dropped.any(axis=2)).all()
    assert dropped.mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(found[found != 0], rows[found != 0])


def test_batch_normalization_averages_with_its_momentum() -> None:
    ours, plain = dynamic_layers.BatchNormalization(), keras.layers.BatchNormalization(momentum=0.7)
    rows = np.random.default_rng(0).normal(3, 2, (50, 4, 6)).astype(np.float32)
    ours.build(rows.shape)
    ours.momentum.assign(0.7)
    for _ in range(3):
        np.testing.assert_allclose(ours(rows, training=True), plain(rows, training=True), atol=1e-6)
    np.testing.assert_allclose(ours.moving_mean, plain.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(ours.moving_variance, plain.moving_variance, rtol=1e-5)
    np.testing.assert_allclose(ours(rows, training=False), plain(rows, training=False), atol=1e-5)


@pytest.mark.parametrize(
    ("size", "room", "expected"),
    [(8, 8, "11111111"), (1, 8, "00010000"), (3, 8, "00111000"), (4, 8, "00111100"), (2, 3, "011"), (1, 1, "1")],
)
def test_a_window_is_where_same_padding_puts_a_kernel(size: int, room: int, expected: str) -> None:
    window = dynamic_layers.Conv1D.window_of(size, room)
    assert (window.shape, window.dtype) == ((room, 1, 1), np.float32)
    assert "".join(str(int(value)) for value in window.flat) == expected


def test_what_is_outside_the_window_does_not_learn() -> None:
    layer = dynamic_layers.Conv1D(2, 8)
    layer.build((None, 10, 1))
    layer.window.assign(dynamic_layers.Conv1D.window_of(3, 8))
    model = keras.Sequential([layer, keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    before = keras.ops.convert_to_numpy(layer.kernel)
    rows = np.random.default_rng(0).random((16, 10, 1), dtype=np.float32)
    model.train_on_batch(rows, np.ones(16, dtype=np.float32))
    changed = (keras.ops.convert_to_numpy(layer.kernel) != before).any(axis=(1, 2))
    assert changed.tolist() == [False, False, True, True, True, False, False, False]


def plain_call(layer: keras.layers.Layer) -> set[str]:
    """Return the names of what the ``call`` of a layer's class reads of the layer."""
    return {
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(type(layer).call))))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


REMEDY = "Keras has changed what nids/models/dynamic_layers.py relies on: compare its layers with Keras's"


def test_keras_still_reads_what_our_layers_replace() -> None:
    convolution, normalization = keras.layers.Conv1D(2, 3, padding="same"), keras.layers.BatchNormalization()
    convolution.build((None, 5, 1))
    normalization.build((None, 5))
    # Our convolution computes with these three alone.
    assert {weight.name for weight in convolution.weights} == {"kernel", "bias"}, REMEDY
    assert tuple(convolution.kernel.shape) == (3, 1, 2), REMEDY
    assert convolution.activation is keras.activations.linear, REMEDY
    # Our normalization has a variable where Keras's reads a number: at each call, and by this name.
    assert isinstance(normalization.momentum, float), REMEDY
    assert {"momentum", "moving_mean", "moving_variance"} <= plain_call(normalization), REMEDY
    assert [weight.name for weight in normalization.weights] == [
        "gamma",
        "beta",
        "moving_mean",
        "moving_variance",
    ], REMEDY


@pytest.mark.parametrize("size", [1, 4, 7, 8])
def test_a_convolution_is_that_of_keras_with_its_kernel(size: int) -> None:
    room, rows = 8, np.random.default_rng(0).normal(size=(3, 12, 2)).astype(np.float32)
    dynamic = dynamic_layers.Conv1D(4, room, activation="relu")
    plain = keras.layers.Conv1D(4, size, padding="same", activation="relu")
    for layer in (dynamic, plain):
        layer.build(rows.shape)
    window = dynamic_layers.Conv1D.window_of(size, room)
    dynamic.window.assign(window)
    plain.kernel.assign(keras.ops.convert_to_numpy(dynamic.kernel)[window[:, 0, 0] == 1])
    np.testing.assert_allclose(dynamic(rows), plain(rows), atol=1e-5, err_msg=REMEDY)
