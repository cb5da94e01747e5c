from __future__ import annotations

import pandas as pd
import pytest

from nids.charts import held_out
from nids.metrics.evaluation import CalibrationTable, ClassResult, RocCurve
from nids.report.images import svg
from nids.results.evaluation import BaselineEvaluation, DetectorEvaluation

OURS = DetectorEvaluation.model_construct(
    roc=RocCurve(false_positive_rate=(0.0, 0.01, 1.0), detection_rate=(0.0, 0.8, 1.0)),
    classes=tuple(ClassResult.model_construct(class_name=name) for name in ("Normal", "DoS", "U2R")),
    confusion=((3, 1, 0), (0, 2, 0), (0, 0, 0)),
    calibration=CalibrationTable.model_construct(
        confidence=(None, 0.6, 0.9), accuracy=(None, 0.5, 0.95), rows=(0, 4, 20)
    ),
)
BASELINE = BaselineEvaluation.model_construct(roc=RocCurve(false_positive_rate=(0.0, 1.0), detection_rate=(0.0, 1.0)))


def test_roc_curves_stand_one_after_another() -> None:
    data = held_out.roc_data(OURS, [("decision tree", BASELINE)])
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
    assert held_out.roc_data(None, []).empty


def test_bins_without_rows_are_left_out() -> None:
    expected = pd.DataFrame({"confidence": [0.6, 0.9], "accuracy": [0.5, 0.95], "rows": [4, 20]})
    pd.testing.assert_frame_equal(held_out.reliability_data(OURS), expected)


def test_the_confusion_matrix_has_counts_and_shares() -> None:
    data = held_out.confusion_data(OURS)
    assert data["count"].tolist() == [3, 1, 0, 0, 2, 0, 0, 0, 0]
    assert data["share"].tolist()[:6] == [0.75, 0.25, 0.0, 0.0, 1.0, 0.0]
    assert data["share"][6:].isna().all()
    assert data["actual"].tolist() == ["Normal"] * 3 + ["DoS"] * 3 + ["U2R"] * 3


@pytest.mark.parametrize("column", ["random: macro_f1", "unseen-attacks: unseen_macro_f1"])
def test_each_is_drawn(column: str) -> None:
    data = pd.DataFrame(
        {"configuration": [0, 1, 2], column: [0.1, 0.2, 0.3], f"{column}_std": 0.05, "macro_f1": [0.4, 0.5, 0.3]}
    )
    for chart, words in (
        (held_out.roc(held_out.roc_data(OURS, [])), "detection rate"),
        (held_out.reliability(held_out.reliability_data(OURS)), "share that is correct"),
        (held_out.rank_correlation(data, column, "macro_f1", "folds: ρ = 1", "as it is"), "folds: ρ = 1"),
    ):
        drawn = svg(chart, "chart")
        assert drawn.startswith("<svg")
        assert words in drawn
        assert "NaN" not in drawn
