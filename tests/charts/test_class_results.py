from __future__ import annotations

import pandas as pd

from nids.charts import (
    class_results,
)
from nids.report.images import svg


def test_data_leaves_out_classes_without_rows() -> None:
    table = pd.DataFrame(
        [
            (7, 0, "DoS", 0.9, 0.8, 0.85, 0.01, 20),
            (7, 1, "DoS", 0.0, 0.0, 0.0, 0.0, 0),
            (8, 0, "DoS", 0.1, 0.1, 0.1, 0.1, 20),
        ],
        columns=["trial", "fold", "class", "precision", "recall", "f1", "false_positive_rate", "support"],
    )
    expected = pd.DataFrame(
        {
            "class": ["DoS"] * 3,
            "measure": ["precision", "recall", "F1"],
            "fold": [0, 0, 0],
            "score": [0.9, 0.8, 0.85],
        }
    )
    pd.testing.assert_frame_equal(class_results.data(table, 7), expected)


def test_draw() -> None:
    data = pd.DataFrame({"class": ["DoS"], "measure": ["F1"], "fold": [0], "score": [0.5]})
    drawn = svg(class_results.draw(data, ["DoS"], lowest=0.25), "x")
    assert [word for word in ("Results by class", "DoS", "F1") if word not in drawn] == []
