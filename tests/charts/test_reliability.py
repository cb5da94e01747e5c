from __future__ import annotations

import pandas as pd

from nids.charts import (
    reliability,
)
from nids.metrics.evaluation import CalibrationTable
from nids.report.images import svg
from nids.results.evaluation import DetectorEvaluation

OURS = DetectorEvaluation.model_construct(
    calibration=CalibrationTable.model_construct(
        confidence=(None, 0.6, 0.9), accuracy=(None, 0.5, 0.95), rows=(0, 4, 20)
    )
)


def test_data_leaves_out_bins_without_rows() -> None:
    expected = pd.DataFrame({"confidence": [0.6, 0.9], "accuracy": [0.5, 0.95], "rows": [4, 20]})
    pd.testing.assert_frame_equal(reliability.data(OURS), expected)


def test_draw() -> None:
    drawn = svg(reliability.draw(reliability.data(OURS)), "x")
    assert "share that is correct" in drawn
    assert "NaN" not in drawn
