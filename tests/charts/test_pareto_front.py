from __future__ import annotations

import math

import pandas as pd
import pytest

from nids.charts import pareto_front, theme
from nids.results.ranking import Axes


@pytest.fixture
def trials() -> pd.DataFrame:
    columns = ["trial", "state", "log_loss", "log_loss_std", "accuracy", "accuracy_std", "seconds"]
    rows = [
        (0, "COMPLETE", 0.25, 0.125, 0.75, 0.5, 60.0),
        (1, "COMPLETE", 0.125, 0.25, 0.5, 0.25, 30.0),
        (2, "PRUNED", 0.5, math.nan, 0.25, math.nan, 10.0),
        (3, "RUNNING", math.nan, math.nan, math.nan, math.nan, math.nan),
    ]
    return pd.DataFrame(rows, columns=columns)


def test_whiskers_end_where_a_figure_does(trials: pd.DataFrame) -> None:
    data = pareto_front.data(trials, trials["trial"] == 0, Axes("accuracy", "log_loss"))
    expected = pd.DataFrame(
        [
            (1, "COMPLETE", False, 0.125, 0.125, 0.375, 0.5, 0.25, 0.75),
            (0, "COMPLETE", True, 0.25, 0.125, 0.375, 0.75, 0.25, 1.0),
            (2, "PRUNED", False, 0.5, math.nan, math.nan, 0.25, math.nan, math.nan),
        ],
        columns=["trial", "state", "front", "x", "x_low", "x_high", "y", "y_low", "y_high"],
    )
    pd.testing.assert_frame_equal(data, expected)


def test_time_has_no_spread(trials: pd.DataFrame) -> None:
    data = pareto_front.data(trials, trials["trial"] < 2, Axes("accuracy", "seconds"))
    assert data["trial"].tolist() == [2, 1, 0]
    assert data[["x_low", "x_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("horizontal", "step"),
    [
        pytest.param("seconds", "step-after", id="less-is-better"),
        pytest.param("accuracy", "step-before", id="more-is-better"),
    ],
)
def test_the_line_passes_where_the_front_ends(horizontal: str, step: str, trials: pd.DataFrame) -> None:
    axes = Axes("log_loss", horizontal)
    data = pareto_front.data(trials, trials["trial"] < 2, axes)
    drawn = theme.themed(pareto_front.draw(data, axes)).to_dict()
    [line] = [layer["mark"] for layer in drawn["layer"] if layer["mark"]["type"] == "line"]
    assert line["interpolate"] == step
