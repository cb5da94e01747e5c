from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids.charts import (
    optimization_history,
)
from nids.report.images import svg

if TYPE_CHECKING:
    from nids.metrics.measure import Direction


def trials(*rows: tuple[int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["trial", "state", "value"])


@pytest.mark.parametrize(
    ("direction", "best"),
    [
        pytest.param("min", [math.nan, 0.5, 0.5, 0.5, 0.2, 0.2], id="lower-is-better"),
        pytest.param("max", [math.nan, 0.5, 0.5, 0.5, 0.5, 0.7], id="higher-is-better"),
    ],
)
def test_data_follows_the_complete_trials_only(direction: Direction, best: list[float]) -> None:
    table = trials(
        (1, "COMPLETE", 0.5),
        (0, "FAIL", math.nan),
        (2, "PRUNED", 0.1),
        (3, "RUNNING", math.nan),
        (4, "COMPLETE", 0.2),
        (5, "COMPLETE", 0.7),
    )
    expected = pd.DataFrame(
        {
            "trial": [0, 1, 2, 3, 4, 5],
            "state": ["FAIL", "COMPLETE", "PRUNED", "RUNNING", "COMPLETE", "COMPLETE"],
            "value": [math.nan, 0.5, 0.1, math.nan, 0.2, 0.7],
            "best": best,
        }
    )
    pd.testing.assert_frame_equal(optimization_history.data(table, direction), expected)


def test_infeasible_trials_are_marked_apart_and_never_the_best() -> None:
    table = trials((0, "COMPLETE", 0.1), (1, "COMPLETE", 0.5), (2, "PRUNED", 0.2)).assign(feasible=[False, True, False])
    data = optimization_history.data(table, "min")
    assert data["state"].tolist() == ["INFEASIBLE", "COMPLETE", "PRUNED"]
    assert data["best"].tolist()[1:] == [0.5, 0.5]
    drawn = svg(optimization_history.draw(data, "log_loss"), "x")
    assert [word for word in ("infeasible", "the best feasible one so far") if word not in drawn] == []


@pytest.mark.parametrize(
    ("row", "direction", "metric", "words"),
    [
        pytest.param(
            (0, "COMPLETE", 0.5),
            "min",
            "log_loss",
            ["Optimization history", "log-loss (nats, logarithmic)", "complete"],
            id="complete",
        ),
        pytest.param(
            (0, "PRUNED", 0.5), "max", "macro_f1", ["macro-F1 (mean over folds)", "PRUNED"], id="pruned alone"
        ),
    ],
)
def test_draw(row: tuple[int, str, float], direction: Direction, metric: str, words: list[str]) -> None:
    drawn = svg(optimization_history.draw(optimization_history.data(trials(row), direction), metric), "x")
    assert [word for word in words if word not in drawn] == []
    assert 'fill="currentColor"' in drawn


def test_draw_takes_more_rows_than_altair_allows_in_notebooks() -> None:
    table = trials(*((number, "PRUNED", 0.5) for number in range(6000)))
    assert svg(optimization_history.draw(optimization_history.data(table, "min"), "log_loss"), "x").startswith("<svg")


def test_draw_runs() -> None:
    best = pd.DataFrame({"run": ["a", "b"], "trial": [0, 0], "best": [0.1, 0.2]})
    drawn = svg(optimization_history.draw_runs(best, "log_loss", ["a", "b"]), "x")
    assert [word for word in ("best log-loss so far", ">a<", ">b<") if word not in drawn] == []
