from __future__ import annotations

import pandas as pd

from nids.charts import (
    param_importances,
)
from nids.report.images import svg


def test_data_is_sorted() -> None:
    expected = pd.DataFrame({"hyperparameter": ["c", "a", "b"], "importance": [0.6, 0.2, 0.2]})
    pd.testing.assert_frame_equal(param_importances.data({"b": 0.2, "a": 0.2, "c": 0.6}), expected)


def test_draw() -> None:
    drawn = svg(param_importances.draw(param_importances.data({"gru_dropout": 0.75, "conv_dropout": 0.25})), "x")
    assert [word for word in ("gru_dropout", "75%") if word not in drawn] == []
