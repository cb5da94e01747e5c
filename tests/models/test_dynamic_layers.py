from __future__ import annotations

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
