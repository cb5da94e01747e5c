from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard import pareto


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
    found = pareto.front(trials, "log_loss", "accuracy")
    assert found.to_dict() == dict.fromkeys(range(10, 18), False) | dict.fromkeys((10, 11, 12), True)
    pd.testing.assert_series_equal(pareto.front(trials, "accuracy", "log_loss"), found)
    assert trials[pareto.front(trials, "log_loss", "seconds")]["trial"].tolist() == [100, 103, 106]


@pytest.mark.parametrize("names", [("log_loss", "accuracy"), ("log_loss", "seconds"), ("accuracy", "seconds")])
def test_the_front_is_that_of_the_definition(names: tuple[str, str]) -> None:
    random = np.random.default_rng(0)
    # Few values, so that many are alike, and what is good in the one is bad in the other.
    first = random.integers(0, 12, 100)
    costs = np.column_stack([first, 12 - first + random.integers(0, 4, 100)])
    signs = [1 if name in pareto.LESS_IS_BETTER else -1 for name in names]
    table = pd.DataFrame(costs * signs, columns=list(names)).assign(state="COMPLETE")
    expected = [not ((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any() for own in costs]
    assert 5 < sum(expected) < 60
    assert pareto.front(table, *names).tolist() == expected


def test_figures_that_no_complete_trial_has_are_not_offered(trials: pd.DataFrame) -> None:
    assert pareto.offered(trials) == ["log_loss", "accuracy", "seconds"]
    assert pareto.offered(trials[trials["state"] == "RUNNING"]) == []


def test_what_is_paid_with_is_false_alarms_or_else_time() -> None:
    assert pareto.opposed("unseen_macro_f1", ["unseen_macro_f1", "false_alarms", "seconds"]) == "false_alarms"
    assert pareto.opposed("log_loss", ["log_loss", "accuracy", "seconds"]) == "seconds"


def test_the_front_in_words(trials: pd.DataFrame) -> None:
    found = pareto.front(trials, "log_loss", "accuracy")
    assert pareto.in_words(trials, found, "log_loss", "accuracy").startswith(
        "3 of 6 complete trials are on the front of log-loss and accuracy:"
    )
    one = trials.iloc[[1, 3]]
    assert pareto.in_words(one, pareto.front(one, "log_loss", "accuracy"), "log_loss", "accuracy") == (
        "Nothing to trade: trial 101 is the best of 2 complete trials in both log-loss and accuracy."
    )
