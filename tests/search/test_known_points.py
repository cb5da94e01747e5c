from __future__ import annotations

import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from nids.search.known_points import KnownPoints, Result

SPACE = {"dropout": FloatDistribution(0.0, 1.0)}


def study(*ends: tuple[float, TrialState, float | None]) -> optuna.Study:
    """A study of trials that ended: point, state, value after the first epoch."""
    made = optuna.create_study()
    for dropout, state, value in ends:
        made.enqueue_trial({"dropout": dropout})
        trial = made.ask(SPACE)  # type: ignore[arg-type]
        if value is not None:
            trial.report(value, 1)
        made.tell(trial, value if state == TrialState.COMPLETE else None, state)
    return made


def test_what_came_of_a_point_is_known() -> None:
    ended = study(
        (0.25, TrialState.COMPLETE, 2.0), (0.5, TrialState.PRUNED, 3.0), (0.75, TrialState.FAIL, None)
    ).get_trials()
    known = KnownPoints(ended)
    assert known.result({"dropout": 0.25}) == Result(0, (2.0,), {1: 2.0}, {})
    assert known.result({"dropout": 0.5}) == Result(1, (), {1: 3.0}, {})
    assert known.result({"dropout": 0.75}) is None  # a machine may have been the cause
    assert known.result({"dropout": 0.125}) is None


def test_trials_at_the_same_point_wait_for_the_first_one() -> None:
    searched, known = optuna.create_study(), KnownPoints()
    for _ in range(3):
        searched.enqueue_trial({"dropout": 0.25})
    first, second, third = (searched.ask(SPACE) for _ in range(3))  # type: ignore[arg-type]
    assert [known.enter(trial) for trial in (first, second, third)] == [True, False, False]
    assert known.result(first.params) is None
    came = Result(0, (2.0,), {}, {})
    assert known.leave(first.params, came) == [second, third]
    assert known.result(second.params) == came


def test_a_failure_leaves_the_point_free() -> None:
    searched, known = optuna.create_study(), KnownPoints()
    trial = searched.ask(SPACE)  # type: ignore[arg-type]
    assert known.enter(trial)
    assert known.leave(trial.params, None) == []
    assert known.result(trial.params) is None
    assert known.enter(trial)
