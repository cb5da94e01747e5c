from __future__ import annotations

import math

import pandas as pd
import pytest

from nids.charts import (
    confusion_matrix,
)
from nids.metrics.evaluation import ClassResult
from nids.report.images import svg
from nids.results.evaluation import DetectorEvaluation

CLASSES = ("Normal", "DoS")


EVALUATION = DetectorEvaluation.model_construct(
    classes=tuple(ClassResult.model_construct(class_name=name) for name in ("Normal", "DoS", "U2R")),
    confusion=((3, 1, 0), (0, 2, 0), (0, 0, 0)),
)


def confusions() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (7, 0, "Normal", "Normal", 6),
            (7, 0, "Normal", "DoS", 1),
            (7, 1, "Normal", "DoS", 1),
            (8, 0, "DoS", "DoS", 99),
        ],
        columns=["trial", "fold", "actual", "predicted", "count"],
    )


def test_data_sums_the_folds_and_gives_shares_of_rows() -> None:
    expected = pd.DataFrame(
        {
            "actual": ["Normal", "Normal", "DoS", "DoS"],
            "predicted": ["Normal", "DoS", "Normal", "DoS"],
            "count": [6, 2, 0, 0],
            "share": [0.75, 0.25, math.nan, math.nan],
        }
    )
    pd.testing.assert_frame_equal(confusion_matrix.data(confusions(), 7, CLASSES), expected)


def test_data_of_evaluation_has_counts_and_shares() -> None:
    data = confusion_matrix.data_of_evaluation(EVALUATION)
    assert data["count"].tolist() == [3, 1, 0, 0, 2, 0, 0, 0, 0]
    assert data["share"].tolist()[:6] == [0.75, 0.25, 0.0, 0.0, 1.0, 0.0]
    assert data["share"][6:].isna().all()
    assert data["actual"].tolist() == ["Normal"] * 3 + ["DoS"] * 3 + ["U2R"] * 3


def test_draw_says_all_and_none_only_of_all_and_none() -> None:
    shares = pd.DataFrame({"actual": "a", "predicted": [*"abcd"], "count": 1, "share": [1.0, 0.99999, 0.00001, 0.0]})
    drawn = confusion_matrix.draw(shares, [*"abcd"], text="share").to_dict()
    texts = [row["text"] for row in next(iter(drawn["datasets"].values()))]
    assert texts == ["100%", "99.99%", "0.01%", "0%"]


def test_draw() -> None:
    drawn = svg(confusion_matrix.draw(confusion_matrix.data(confusions(), 7, CLASSES), CLASSES), "x")
    words = ("actual class", "predicted class", ">6<", "share of the actual class")
    assert [word for word in words if word not in drawn] == []


@pytest.mark.parametrize(("count", "width", "height"), [(5, 64, 48), (10, 46, 28), (15, 46, 28)])
def test_draw_has_room_for_the_text_of_each_class(count: int, width: int, height: int) -> None:
    classes = [f"class {number}" for number in range(count)]
    data = confusion_matrix.data(confusions().iloc[:0], 7, classes)
    drawn = confusion_matrix.draw(data, classes).to_dict()
    assert (drawn["width"], drawn["height"]) == ({"step": width}, {"step": height})
