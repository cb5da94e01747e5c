from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from nids.metrics.formatting import setting
from tests.dashboard.conftest import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

from nids.dashboard.components.filters import filtered, steps


@pytest.fixture
def trials() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (0, "COMPLETE", None, 0.001, "adam"),
            (1, "PRUNED", None, 0.002, "nadam"),
            (2, "FAIL", "the loss is not a number", 0.01, "adam"),
        ],
        columns=["trial", "state", "error", "params_rate", "params_optimizer"],
    )


@pytest.mark.parametrize(
    ("states", "words", "hyperparameter", "allowed", "expected"),
    [
        pytest.param([], "", None, None, [0, 1, 2], id="nothing"),
        pytest.param(["FAIL", "PRUNED"], "", None, None, [1, 2], id="states"),
        pytest.param([], "NO number", None, None, [2], id="words-of-a-reason"),
        pytest.param([], "nadam", None, None, [1], id="a-choice"),
        pytest.param([], "0.002", None, None, [1], id="a-value"),
        pytest.param([], "nothing of it", None, None, [], id="words-that-no-trial-has"),
        pytest.param([], "", "rate", (0.001, 0.002), [0, 1], id="a-range"),
        pytest.param([], "", "optimizer", ["adam"], [0, 2], id="choices"),
        pytest.param([], "", "optimizer", [], [0, 1, 2], id="no-choice-is-all"),
        pytest.param(["COMPLETE"], "adam", "rate", (0.0, 1.0), [0], id="all-of-them"),
    ],
)
def test_a_trial_passes_all_filters(
    states: list[str], words: str, hyperparameter: str | None, allowed: Any, expected: list[int], trials: pd.DataFrame
) -> None:
    assert filtered(trials, states, words, hyperparameter, allowed)["trial"].tolist() == expected


def test_infeasible_trials_are_no_complete_ones(trials: pd.DataFrame) -> None:
    beyond = trials.assign(feasible=[False, True, True])
    assert filtered(beyond, ["COMPLETE"], "", None, None)["trial"].tolist() == []
    assert filtered(beyond, ["INFEASIBLE"], "", None, None)["trial"].tolist() == [0]


def test_steps_are_values_that_occur_with_both_ends() -> None:
    assert steps(pd.Series([3, 1, 2, 2])) == [1, 2, 3]
    many = steps(pd.Series([value / 1000 for value in range(1000)]))
    assert len(many) <= 101
    assert many[:2] + many[-1:] == [0.0, 0.01, 0.999]


def test_a_link_holds_the_range_of_a_hyperparameter(page: Callable[..., AppTest], storage: Path) -> None:
    rates = pd.read_parquet(storage / "large" / "trials")["params_learning_rate"].sort_values()
    low, high = rates.iloc[0], rates.iloc[9]
    address = {"of": "learning_rate", "in-learning_rate": [setting(low), setting(high)]}
    assert "10 of 30 trials" in words(page("trials", run="large", **address))
