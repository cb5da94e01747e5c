from __future__ import annotations

import keras
import numpy as np

from nids.folds.knots import hat_functions
from nids.models.piecewise_linear import HATS, PiecewiseLinear


def test_channels_are_interpolated_between_knots() -> None:
    rows = np.random.default_rng(0).random((40, 3)).astype(np.float32)
    rows[:, 2] = rows[:, 2] > 0.5
    inputs = keras.layers.Input((3, 1))
    layer = PiecewiseLinear(knots=8, channels=2)
    model = keras.Model(inputs, layer(inputs))
    assert [variable.path for variable in model.non_trainable_variables] == [HATS]
    hats = hat_functions(rows[:, :2], width=3, most=8)
    layer.hats.assign(hats)
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    found = model.predict_on_batch(rows[..., np.newaxis])
    assert found.shape == (40, 3, 3)
    np.testing.assert_array_equal(found[..., 0], rows)
    for column in range(3):
        used = hats[0, column] <= 1
        for channel in range(2):
            heights = kernel[column, used, channel]
            expected = np.interp(rows[:, column], hats[0, column, used], heights)
            np.testing.assert_allclose(found[:, column, 1 + channel], expected, rtol=1e-4, atol=1e-5)
