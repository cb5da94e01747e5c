from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from nids.config import Search
from nids.search.budget import Budget, searched_seconds

STARTED = datetime(2026, 1, 2)


def ended(
    minute: int, state: TrialState, value: float | None = None, constraints: dict[str, float] | None = None
) -> FrozenTrial:
    trial = create_trial(state=state, value=value, constraints=constraints)
    trial.datetime_complete = STARTED + timedelta(minutes=minute)
    return trial


@pytest.mark.parametrize(
    ("search", "values", "reason"),
    [
        pytest.param({"trials": 3}, (3.0, 2.0, 2.5, 2.75), "", id="trials are counted elsewhere"),
        pytest.param({"patience": 2}, (3.0, 2.0, 2.5), "", id="patience left"),
        pytest.param(
            {"patience": 2},
            (3.0, 2.0, 2.5, None),
            "2 trials in a row were no better (search.patience = 2)",
            id="pruned ones are no better",
        ),
        pytest.param({"patience": 2}, (3.0, 2.0, 2.5, 1.5, 1.75), "", id="a better one gives all of it back"),
        pytest.param({"patience": 2}, (None, None, None), "", id="there has to be a first one"),
        pytest.param(
            {"patience": 2, "min_improvement": 0.5},
            (3.0, 2.75, 2.5),
            "2 trials in a row were no better (search.patience = 2)",
            id="not better by enough",
        ),
        pytest.param(
            {"patience": 1, "metric": "macro_f1"},
            (0.5, 0.75, 0.625),
            "1 trial in a row were no better (search.patience = 1)",
            id="more is better",
        ),
    ],
)
def test_patience_ends(search: dict[str, Any], values: tuple[float | None, ...], reason: str) -> None:
    left = Budget(Search(**search))
    for value in values:
        left.take_in(ended(0, TrialState.PRUNED if value is None else TrialState.COMPLETE, value))
    assert (left.is_spent(), left.reason) == (bool(reason), reason)


def test_trials_of_earlier_drivers_count_in_the_order_of_their_ends() -> None:
    earlier = [
        ended(3, TrialState.PRUNED),
        ended(1, TrialState.COMPLETE, 2.0),
        ended(2, TrialState.COMPLETE, 2.5),
        ended(4, TrialState.FAIL),
    ]
    left = Budget(Search(patience=3), earlier)
    assert not left.is_spent()
    left.take_in(ended(5, TrialState.PRUNED))
    assert left.is_spent()


def test_a_trial_that_keeps_no_constraint_is_no_better() -> None:
    left = Budget(Search(patience=2))
    left.take_in(ended(0, TrialState.COMPLETE, 0.1, {"seconds <= 60": 0.5}))
    left.take_in(ended(1, TrialState.COMPLETE, 0.5, {"seconds <= 60": -0.5}))
    left.take_in(ended(2, TrialState.COMPLETE, 0.4, {"seconds <= 60": 0.0}))
    left.take_in(ended(3, TrialState.COMPLETE, 0.2, {"seconds <= 60": 0.25}))
    assert not left.is_spent()
    left.take_in(ended(4, TrialState.COMPLETE, 0.45, {"seconds <= 60": 0.0}))
    assert left.is_spent()


def test_hours_are_those_of_all_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    left = Budget(Search(hours=1), seconds=3000.0)
    now = 600.0
    assert (left.seconds, left.seconds_left, left.is_spent()) == (3500.0, 100.0, False)
    now = 701.0
    assert (left.seconds_left, left.is_spent()) == (0.0, True)
    assert left.reason == "the hours of the search are over (search.hours = 1)"


def test_what_ran_at_the_same_time_counts_once_and_pauses_do_not() -> None:
    start = pd.Timestamp(datetime(2026, 1, 2, tzinfo=UTC))
    spans = [(0, 60.0), (30, 60.0), (40, 10.0), (500, 20.0), (600, None)]
    trials = pd.DataFrame(
        {
            "started": [start + pd.Timedelta(seconds=at) for at, _ in spans],
            "seconds": [seconds for _, seconds in spans],
        }
    )
    assert searched_seconds(trials) == 110.0
    assert searched_seconds(trials[:0]) == 0.0
