from __future__ import annotations

import pandas as pd

from nids.charts import (
    roc_curve,
)
from nids.metrics.evaluation import RocCurve
from nids.report.images import svg
from nids.results.evaluation import BaselineEvaluation, DetectorEvaluation

OURS = DetectorEvaluation.model_construct(
    roc=RocCurve(false_positive_rate=(0.0, 0.01, 1.0), detection_rate=(0.0, 0.8, 1.0))
)


BASELINE = BaselineEvaluation.model_construct(roc=RocCurve(false_positive_rate=(0.0, 1.0), detection_rate=(0.0, 1.0)))


def test_data_has_one_curve_after_another() -> None:
    data = roc_curve.data(OURS, [("decision tree", BASELINE)])
    expected = pd.DataFrame(
        [
            ("finalized trial", "finalized trial", 0.0, 0.0),
            ("finalized trial", "finalized trial", 0.01, 0.8),
            ("finalized trial", "finalized trial", 1.0, 1.0),
            ("decision tree", "baselines", 0.0, 0.0),
            ("decision tree", "baselines", 1.0, 1.0),
        ],
        columns=["method", "kind", "false_positive_rate", "detection_rate"],
    )
    pd.testing.assert_frame_equal(data, expected)
    assert roc_curve.data(None, []).empty


def test_draw() -> None:
    drawn = svg(roc_curve.draw(roc_curve.data(OURS, [("decision tree", BASELINE)])), "x")
    assert "detection rate" in drawn
    assert "NaN" not in drawn
