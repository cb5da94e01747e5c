from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from nids.analysis.feasibility import Feasibility, KeptLimit
from nids.metrics.limit import Limit
from nids.report import objectives
from nids.results.ranking import Axes


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param(
            slice(None),
            "2 of 3 complete trials are on the Pareto front of log-loss and accuracy: no other trial is better in one "
            "of these without being worse in the other.",
            id="several",
        ),
        pytest.param(
            slice(1, 3),
            "No trade-off: of 2 complete trials, trial 101 is the best in both log-loss and accuracy.",
            id="one is best in both",
        ),
        pytest.param(
            slice(0, 1), "Only one complete trial has log-loss and accuracy: there is nothing to compare yet.", id="one"
        ),
        pytest.param(
            slice(3, 5), "No complete trial has log-loss and accuracy: there is nothing to compare yet.", id="none"
        ),
    ],
)
def test_trade_off(rows: slice, sentence: str) -> None:
    trials = pd.DataFrame(
        [
            (100, "COMPLETE", 0.3, 0.90),
            (101, "COMPLETE", 0.2, 0.80),
            (102, "COMPLETE", 0.2, 0.70),
            (103, "PRUNED", 0.1, 0.99),
            (104, "RUNNING", np.nan, np.nan),
        ],
        columns=["trial", "state", "log_loss", "accuracy"],
    )
    assert objectives.trade_off(trials.iloc[rows], Axes("log_loss", "accuracy")) == sentence


def test_trade_off_of_three_measures_of_feasible_trials() -> None:
    trials = pd.DataFrame(
        [(0, "COMPLETE", 0.3, 0.9, 5.0, True), (1, "COMPLETE", 0.2, 0.8, 4.0, True), (2, "COMPLETE", 0, 1, 1, False)],
        columns=["trial", "state", "log_loss", "accuracy", "seconds", "feasible"],
    )
    names = ["log_loss", "accuracy", "seconds"]
    assert objectives.trade_off(trials, names) == (
        "2 of 2 feasible trials are on the Pareto front of log-loss, accuracy and time of the trial: no other trial is "
        "better in one of these without being worse in another one."
    )
    trials["accuracy"] = 0.9
    assert objectives.trade_off(trials, names) == (
        "No trade-off: of 2 feasible trials, trial 1 is the best in each of log-loss, accuracy and time of the trial."
    )


SECONDS, RECALL = Limit("scoring_seconds", True, 60.0), Limit("recall.U2R", False, 0.5)


@pytest.mark.parametrize(
    ("complete", "kept", "limits", "sentence"),
    [
        pytest.param(0, 0, [(0, math.nan)], "", id="no complete trial"),
        pytest.param(
            9, 9, [(9, 1.0)], "All 9 complete trials keep the constraint scoring_seconds <= 60.", id="all of one"
        ),
        pytest.param(
            9, 1, [(1, 1.0)], "1 of 9 complete trials keeps the constraint scoring_seconds <= 60.", id="one of one"
        ),
        pytest.param(
            1200,
            0,
            [(0, 71.25)],
            "None of the 1,200 complete trials keeps the constraint scoring_seconds <= 60: the nearest, trial 3, has "
            "71.25.",
            id="none of one",
        ),
        pytest.param(
            1,
            0,
            [(0, 71.25)],
            "The only complete trial does not keep the constraint scoring_seconds <= 60: the nearest, trial 3, has "
            "71.25.",
            id="not the only one",
        ),
        pytest.param(
            9,
            4,
            [(9, 1.0), (4, 0.9)],
            "4 of 9 complete trials keep all constraints: scoring_seconds <= 60 is kept by 9; recall.U2R >= 0.5 is "
            "kept by 4.",
            id="some of two",
        ),
        pytest.param(
            9,
            0,
            [(9, 1.0), (0, 0.4)],
            "None of the 9 complete trials keeps all constraints: scoring_seconds <= 60 is kept by 9; recall.U2R >= "
            "0.5 is kept by none, the nearest, trial 3, has 0.4.",
            id="none of two",
        ),
    ],
)
def test_feasible(complete: int, kept: int, limits: list[tuple[int, float]], sentence: str) -> None:
    of_limits = tuple(
        KeptLimit(limit, count, nearest, 3) for limit, (count, nearest) in zip((SECONDS, RECALL), limits, strict=False)
    )
    assert objectives.feasible(Feasibility(complete, kept, of_limits)) == sentence


def test_listed() -> None:
    assert objectives.listed(["macro_f1"]) == "macro-F1"
    assert objectives.listed(["macro_f1", "f1.U2R"]) == "macro-F1 and F1 of U2R"
    assert objectives.listed(["macro_f1", "f1.U2R", "parameters"]) == "macro-F1, F1 of U2R and parameters"
