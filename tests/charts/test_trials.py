from __future__ import annotations

import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nids.charts import trials as trial_charts
from nids.charts.trials import BEST, OTHERS, STOPPED

SPACE = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "size": IntDistribution(0, 10),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}


@pytest.fixture
def trials() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (0, "COMPLETE", 0.1, 1e-3, 5, "c"),
            (1, "COMPLETE", 0.2, 1e-2, 10, "a"),
            (2, "PRUNED", 0.01, 1e-4, 0, "b"),
        ],
        columns=["trial", "state", "value", "params_rate", "params_size", "params_kind"],
    )


def test_lines_cross_each_axis_where_their_value_lies(trials: pd.DataFrame) -> None:
    data = trial_charts.parallel_data(trials, SPACE, "accuracy", "min")
    places = data.pivot_table(index="trial", columns="axis", values="position", sort=False)
    assert places.round(6).to_dict("index") == {
        0: {"rate": 0.5, "size": 0.5, "kind": 1.0, "accuracy": round(0.09 / 0.19, 6)},
        1: {"rate": 1.0, "size": 1.0, "kind": 0.0, "accuracy": 1.0},
        2: {"rate": 0.0, "size": 0.0, "kind": 0.5, "accuracy": 0.0},
    }
    assert data.drop_duplicates("trial").set_index("trial")["group"].to_dict() == {0: BEST, 1: OTHERS, 2: STOPPED}
    assert data[data["axis"] == "kind"]["text"].tolist() == ["c", "a", "b"]


def test_the_best_lines_are_drawn_last(trials: pd.DataFrame) -> None:
    data = trial_charts.parallel_data(trials, SPACE, "accuracy", "min")
    drawn = trial_charts.parallel(data, trial_charts.ends(SPACE, trials, "accuracy")).to_dict()
    lines = drawn["datasets"][drawn["layer"][0]["data"]["name"]]
    assert [(row["trial"], row["group"], row["axis"]) for row in lines[:: len(SPACE) + 1]] == [
        (2, STOPPED, "rate"),
        (1, OTHERS, "rate"),
        (0, BEST, "rate"),
    ]


def test_the_ends_of_the_axes_are_labelled(trials: pd.DataFrame) -> None:
    found = trial_charts.ends(SPACE, trials, "accuracy")
    assert [tuple(row) for row in found.to_numpy().tolist()] == [
        ("rate", 0.0, "0.0001"),
        ("rate", 1.0, "0.01"),
        ("size", 0.0, "0"),
        ("size", 1.0, "10"),
        ("kind", 0.0, "a"),
        ("kind", 0.5, "b"),
        ("kind", 1.0, "c"),
        ("accuracy", 0.0, "0.01"),
        ("accuracy", 1.0, "0.2"),
    ]


def test_curves_have_the_mean_of_their_folds() -> None:
    table = pd.DataFrame(
        [(7, 0, 1, 0.2), (7, 1, 1, 0.4), (7, 0, 2, 0.1), (7, 1, 2, None)],
        columns=["trial", "fold", "epoch", "log_loss"],
    )
    found = trial_charts.curves_data(table, "log_loss")
    assert found.round(9).to_numpy().tolist() == [
        ["7", -1, 1, 0.3],
        ["7", -1, 2, 0.1],
        ["7", 0, 1, 0.2],
        ["7", 0, 2, 0.1],
        ["7", 1, 1, 0.4],
    ]


def test_a_slice_holds_the_trials_that_have_a_value(trials: pd.DataFrame) -> None:
    table = trials.astype({"value": float})
    table.loc[1, "value"] = None
    assert trial_charts.slice_data(table, "size").to_numpy().tolist() == [
        [0, "COMPLETE", 5, 0.1],
        [2, "PRUNED", 0, 0.01],
    ]


def test_each_chart_is_valid(trials: pd.DataFrame) -> None:
    data = trial_charts.parallel_data(trials, SPACE, "log_loss", "min")
    drawn = [trial_charts.parallel(data, trial_charts.ends(SPACE, trials, "log_loss"))]
    drawn += [
        trial_charts.one_slice(trial_charts.slice_data(trials, name), name, SPACE[name], "log_loss") for name in SPACE
    ]
    curves = pd.DataFrame([(7, 0, 1, 0.2)], columns=["trial", "fold", "epoch", "log_loss"])
    drawn.append(trial_charts.curves(trial_charts.curves_data(curves, "log_loss"), "log_loss", [7]))
    best = pd.DataFrame({"run": ["a", "b"], "trial": [0, 0], "best": [0.1, 0.2]})
    drawn.append(trial_charts.best_lines(best, "log_loss", ["a", "b"]))
    assert all(chart.to_dict()["$schema"] for chart in drawn)
