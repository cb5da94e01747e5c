from __future__ import annotations

import keras
import numpy as np

from nids.folds.knots import UNUSED, column_knots
from nids.models.piecewise_linear import KNOTS, PiecewiseLinear


def test_channels_are_interpolated_between_knots() -> None:
    rows = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    rows[:, 2] = rows[:, 2] > 0.5
    inputs = keras.layers.Input((3, 1))
    layer = PiecewiseLinear(most=8, channels=2)
    model = keras.Model(inputs, layer(inputs))
    assert [variable.path for variable in model.non_trainable_variables] == [KNOTS]
    knots = column_knots(rows[:30, :2], width=3, most=8)
    assert (rows[:, :2] > knots[:2, :].max(axis=1, where=knots[:2] < 1, initial=0)).any()  # beyond the last one
    layer.knots.assign(knots)
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    found = model.predict_on_batch(rows[..., np.newaxis])
    assert found.shape == (40, 3, 3)
    np.testing.assert_array_equal(found[..., 0], rows)
    for column in range(3):
        used = knots[column] < UNUSED
        for channel in range(2):
            heights = kernel[column, used, channel]
            expected = np.interp(rows[:, column], knots[column, used], heights)
            np.testing.assert_allclose(found[:, column, 1 + channel], expected, rtol=1e-5, atol=1e-6)
