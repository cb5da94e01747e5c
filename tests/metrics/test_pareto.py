from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nids.metrics import pareto
from nids.metrics.measures import described
from nids.metrics.pareto import Axes


@pytest.fixture
def trials() -> pd.DataFrame:
    rows = [
        ("COMPLETE", 0.3, 0.90, 10.0),
        ("COMPLETE", 0.2, 0.80, 20.0),
        ("COMPLETE", 0.2, 0.80, 20.0),  # as good as the one before in both
        ("COMPLETE", 0.2, 0.70, 15.0),  # beaten in accuracy at the same loss
        ("COMPLETE", 0.4, 0.90, 10.0),  # beaten in loss at the same accuracy
        ("PRUNED", 0.1, 0.99, 1.0),
        ("COMPLETE", 0.5, np.nan, 5.0),
        ("RUNNING", np.nan, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, columns=["state", "log_loss", "accuracy", "seconds"])
    return table.assign(trial=range(100, 108), macro_f1=np.nan).set_index(pd.Index(range(10, 18)))


def test_on_the_front_are_those_that_none_beats(trials: pd.DataFrame) -> None:
    found = pareto.front(trials, Axes("log_loss", "accuracy"))
    assert found.to_dict() == dict.fromkeys(range(10, 18), False) | dict.fromkeys((10, 11, 12), True)
    pd.testing.assert_series_equal(pareto.front(trials, Axes("accuracy", "log_loss")), found)
    assert trials[pareto.front(trials, Axes("log_loss", "seconds"))]["trial"].tolist() == [100, 103, 106]


@pytest.mark.parametrize(
    "axes", [Axes("log_loss", "accuracy"), Axes("log_loss", "seconds"), Axes("accuracy", "seconds")]
)
def test_the_front_is_that_of_the_definition(axes: Axes) -> None:
    random = np.random.default_rng(0)
    # Few values, so that many are alike, and what is good in the one is bad in the other.
    first = random.integers(0, 12, 100)
    costs = np.column_stack([first, 12 - first + random.integers(0, 4, 100)])
    signs = [1 if described(name).direction == "min" else -1 for name in axes]
    table = pd.DataFrame(costs * signs, columns=[*axes]).assign(state="COMPLETE")
    expected = [not ((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any() for own in costs]
    assert 5 < sum(expected) < 60
    assert pareto.front(table, axes).tolist() == expected


def test_only_complete_trials_with_both_figures_are_weighed(trials: pd.DataFrame) -> None:
    assert pareto.weighable(trials, Axes("log_loss", "accuracy"))["trial"].tolist() == [100, 101, 102, 103, 104]
    endless = trials.assign(log_loss=trials["log_loss"].replace(0.4, np.inf))
    assert pareto.weighable(endless, Axes("log_loss", "seconds"))["trial"].tolist() == [100, 101, 102, 103, 106]


def test_figures_that_no_complete_trial_has_are_not_offered(trials: pd.DataFrame) -> None:
    assert pareto.offered(trials) == ["accuracy", "log_loss", "seconds"]
    assert pareto.offered(trials[trials["state"] == "RUNNING"]) == []


@pytest.mark.parametrize(
    ("metric", "figures", "expected"),
    [
        pytest.param(
            "unseen_macro_f1",
            ["unseen_macro_f1", "false_alarm_rate", "seconds"],
            Axes("unseen_macro_f1", "false_alarm_rate"),
            id="false-alarms",
        ),
        pytest.param("log_loss", ["log_loss", "accuracy", "seconds"], Axes("log_loss", "seconds"), id="or-else-time"),
        pytest.param("log_loss", ["log_loss", "accuracy"], Axes("log_loss", "accuracy"), id="or-what-there-is"),
        pytest.param("log_loss", ["accuracy", "seconds"], Axes("accuracy", "seconds"), id="without-the-metric"),
    ],
)
def test_what_is_weighed_first_is_the_metric_against_what_it_is_paid_with(
    metric: str, figures: list[str], expected: Axes
) -> None:
    assert pareto.defaults(metric, figures) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            slice(None),
            "3 of 5 complete trials are on the front of log-loss and accuracy: no trial beats one of them in one of "
            "these without losing in the other.",
            id="several",
        ),
        pytest.param(
            slice(1, 4, 2),
            "Nothing to trade: trial 101 is the best of 2 complete trials in both log-loss and accuracy.",
            id="one-beats-all",
        ),
        pytest.param(slice(0, 1), "One complete trial has log-loss and accuracy: nothing to weigh yet.", id="one"),
        pytest.param(slice(5, 8), "No complete trial has log-loss and accuracy: nothing to weigh yet.", id="none"),
    ],
)
def test_the_front_in_words(rows: slice, expected: str, trials: pd.DataFrame) -> None:
    assert pareto.in_words(trials.iloc[rows], Axes("log_loss", "accuracy")) == expected
