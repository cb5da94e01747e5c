from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING, Any, Literal

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState
from ray.tune.search import Searcher

from nids.cluster.placement import NodePool
from nids.config import Search
from nids.search.budget import Budget
from nids.search.known_points import KnownPoints
from nids.search.searcher import StudySearcher
from nids.search.study import INTERRUPTED

if TYPE_CHECKING:
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from nids.search_space import Space

PLACES = [
    NodePool(cpus=1, gpus=0.5, memory=0, capacity=2),
    NodePool(cpus=1, gpus=0.0, memory=0, capacity=1, avoided=("a",)),
]
SPACE: Space = {"learning_rate": FloatDistribution(1e-3, 1e-2)}


def study(direction: Literal["minimize", "maximize"] = "minimize") -> optuna.Study:
    return optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))


def result(epoch: int, value: float, *, finished: bool = False) -> dict[str, Any]:
    return {"epoch": epoch, "value": value, "finished": finished}


def test_suggests_the_points_of_the_study_with_their_numbers() -> None:
    searched = study()
    searched.enqueue_trial({"learning_rate": 0.005})
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search()), KnownPoints())
    suggested = [searcher.suggest(trial_id) for trial_id in ("a", "b")]
    assert suggested == [
        {"number": 0, "hyperparameters": {"learning_rate": 0.005}, "pool": 0},
        {"number": 1, "hyperparameters": searched.trials[1].params, "pool": 0},
    ]
    assert [trial.state for trial in searched.trials] == [TrialState.RUNNING] * 2


@pytest.mark.parametrize(
    ("end", "state", "value"),
    [
        pytest.param(result(3, 0.25, finished=True), TrialState.COMPLETE, 0.25, id="by itself"),
        pytest.param(result(3, 0.25), TrialState.PRUNED, 0.25, id="stopped by the scheduler"),
    ],
)
def test_an_end_with_a_result(end: dict[str, Any], state: TrialState, value: float) -> None:
    searched = study()
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    searcher.on_trial_result("a", result(1, 1.0))
    searcher.on_trial_result("a", result(2, 0.5))
    searcher.on_trial_complete("a", end)
    (trial,) = searched.trials
    # Optuna gives a pruned trial its last intermediate value.
    assert (trial.state, trial.value, trial.intermediate_values) == (state, value, {1: 1.0, 2: 0.5, 3: 0.25})


@pytest.mark.parametrize(
    ("end", "error"),
    [
        pytest.param(
            {"failed": "the loss became nan", "finished": True, "value": math.nan, "epoch": 0}, False, id="not a number"
        ),
        pytest.param(None, True, id="lost without a result"),
        pytest.param(result(1, 1.0), True, id="lost after a result"),
        pytest.param(None, False, id="ended without a result"),
    ],
)
def test_an_end_without_one_is_a_failure(end: dict[str, Any] | None, error: bool) -> None:
    searched = study()
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    searcher.on_trial_result("a", result(1, 1.0))
    if end is not None and "failed" in end:
        searcher.on_trial_result("a", end)
    searcher.on_trial_complete("a", end, error=error)
    (trial,) = searched.trials
    assert (trial.state, trial.values, trial.intermediate_values) == (TrialState.FAIL, None, {1: 1.0})


def test_a_trial_that_was_started_again_keeps_what_it_reported_first() -> None:
    searched = study()
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    for epoch, value in [(1, 1.0), (2, 0.5), (1, 1.25), (2, 0.75)]:
        searcher.on_trial_result("a", result(epoch, value))
    searcher.on_trial_complete("a", result(3, 0.25, finished=True))
    assert searched.trials[0].intermediate_values == {1: 1.0, 2: 0.5, 3: 0.25}


def test_trials_do_not_mix() -> None:
    searched = study("maximize")
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    searcher.suggest("b")
    searcher.on_trial_complete("b", result(1, 0.75, finished=True))
    searcher.on_trial_complete("a", result(1, 0.5))
    assert [(trial.state, trial.value) for trial in searched.trials] == [
        (TrialState.PRUNED, 0.5),
        (TrialState.COMPLETE, 0.75),
    ]


@pytest.mark.parametrize(("metric", "mode"), [("log_loss", "min"), ("macro_f1", "max")])
def test_the_metric_says_what_is_better(metric: str, mode: str) -> None:
    searcher = StudySearcher(study(), SPACE, PLACES, Budget(Search(metric=metric)), KnownPoints())
    assert (searcher.metric, searcher.mode) == ("value", mode)


def test_nothing_of_it_is_saved(tmp_path: Path) -> None:
    searcher = StudySearcher(study(), SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    searcher.save(str(tmp_path / "state"))
    assert list(tmp_path.iterdir()) == []
    assert pickle.loads(pickle.dumps(searcher)).__dict__ == {}  # which Tune does, however large the study is


TWO = Search(objectives=["macro_f1", "false_alarm_rate"], constraints=["scoring_seconds <= 60"])
CHOICES: Space = {"learning_rate": CategoricalDistribution([0.001, 0.002])}


def of_two() -> tuple[optuna.Study, StudySearcher, list[tuple[FrozenTrial, int, int]]]:
    searched = optuna.create_study(directions=["maximize", "minimize"], sampler=optuna.samplers.RandomSampler(seed=0))
    repeated: list[tuple[FrozenTrial, int, int]] = []
    searcher = StudySearcher(
        searched, CHOICES, PLACES, Budget(TWO), KnownPoints(), lambda *ended: repeated.append(ended)
    )
    return searched, searcher, repeated


def report(epoch: int, best_epoch: int, f1: float, alarms: float, *, finished: bool = False) -> dict[str, Any]:
    figures = {"macro_f1": f1, "false_alarm_rate": alarms, "scoring_seconds": 75.0}
    return {**result(epoch, 0.5, finished=finished), "report": [{"epoch": epoch, "best_epoch": best_epoch, **figures}]}


def test_of_several_objectives_those_of_the_best_epoch_count() -> None:
    searched, searcher, _ = of_two()
    for trial_id, dropout in (("a", 0.001), ("b", 0.002)):
        searched.enqueue_trial({"learning_rate": dropout})
        searcher.suggest(trial_id)
    searcher.on_trial_result("a", report(1, 1, 0.5, 0.25))
    searcher.on_trial_result("a", report(2, 2, 0.75, 0.125))
    searcher.on_trial_complete("a", report(3, 2, 0.875, 0.5, finished=True))
    searcher.on_trial_complete("b", report(1, 1, 0.5, 0.25))
    complete, pruned = searched.trials
    assert (complete.state, complete.values) == (TrialState.COMPLETE, [0.75, 0.125])
    assert (pruned.state, pruned.values) == (TrialState.PRUNED, None)
    assert [trial.constraints for trial in (complete, pruned)] == [{"scoring_seconds <= 60": 0.25}] * 2
    assert searched.best_trials == []  # it keeps no constraint


def test_an_objective_that_does_not_exist_fails_the_trial() -> None:
    searched, searcher, _ = of_two()
    searcher.suggest("a")
    searcher.on_trial_complete("a", report(1, 1, 0.5, math.nan, finished=True))
    (trial,) = searched.trials
    assert (trial.state, trial.user_attrs) == (
        TrialState.FAIL,
        {"error": "false_alarm_rate has no value on these folds"},
    )


def test_a_point_that_is_known_is_not_suggested_again_but_its_trial_ends_at_once() -> None:
    searched, searcher, repeated = of_two()
    for learning_rate in (0.001, 0.001, 0.002):
        searched.enqueue_trial({"learning_rate": learning_rate})
    numbers = [searcher.suggest(trial_id)["number"] for trial_id in ("a", "b")]  # type: ignore[index]
    assert numbers == [0, 2]
    assert repeated == []  # the first one still runs
    searcher.on_trial_complete("a", report(1, 1, 0.5, 0.25, finished=True))
    assert [(trial.number, *numbers) for trial, *numbers in repeated] == [(1, 1, 0)]
    # All points are known or being trained from here on: trials at the former end, those at the latter wait.
    searched.enqueue_trial({"learning_rate": 0.001})
    for _ in range(4):
        searched.enqueue_trial({"learning_rate": 0.002})
    assert searcher.suggest("c") is None
    assert [(trial.number, trial.values, trial.user_attrs, trial.constraints) for trial, _, _ in repeated[1:]] == [
        (3, [0.5, 0.25], {"duplicate_of": 0}, {"scoring_seconds <= 60": 0.25})
    ]
    searcher.on_trial_complete("b", {**report(1, 1, 0.5, 0.25), "failed": "it diverged"})
    assert [trial.state for trial, _, _ in repeated[2:]] == [TrialState.FAIL] * 3
    assert repeated[-1][0].user_attrs == {"error": "trial 2, at the same point, failed"}


def test_a_trial_that_waited_for_one_that_was_lost_is_trained() -> None:
    searched, searcher, repeated = of_two()
    for _ in range(4):
        searched.enqueue_trial({"learning_rate": 0.001})
    assert searcher.suggest("a")["number"] == 0  # type: ignore[index]
    assert searcher.suggest("b") is None
    searcher.on_trial_complete("a", None, error=True)
    assert searcher.suggest("b")["number"] == 1  # type: ignore[index]
    searcher.on_trial_complete("b", report(1, 1, 0.5, 0.25, finished=True))
    assert [(trial.number, trial.values, of) for trial, _, of in repeated] == [(2, [0.5, 0.25], 1), (3, [0.5, 0.25], 1)]
    assert [trial.state.name for trial in searched.trials[:2]] == ["FAIL", "COMPLETE"]


def test_a_search_is_not_over_while_a_trial_waits_for_another() -> None:
    searched = study()
    for _ in range(2):
        searched.enqueue_trial({"learning_rate": 0.005})
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search(trials=2)), KnownPoints())
    assert searcher.suggest("a")["number"] == 0  # type: ignore[index]
    assert searcher.suggest("b") is None
    searcher.on_trial_complete("a", None, error=True)
    assert searcher.suggest("b")["number"] == 1  # type: ignore[index]
    assert searcher.suggest("c") == Searcher.FINISHED


def test_no_trial_is_suggested_beyond_the_last_one() -> None:
    searched = study()
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search(trials=2)), KnownPoints())
    assert [isinstance(searcher.suggest(trial_id), dict) for trial_id in ("a", "b", "c")] == [True, True, False]
    assert searcher.suggest("d") == Searcher.FINISHED
    assert len(searched.trials) == 2


def test_a_budget_that_is_spent_ends_all_but_what_had_begun() -> None:
    searched = study()
    searched.enqueue_trial({"learning_rate": 0.005}, {INTERRUPTED: True})
    searched.enqueue_trial({"learning_rate": 0.006})
    searcher = StudySearcher(searched, SPACE, PLACES, Budget(Search(hours=1), seconds=3601.0), KnownPoints())
    assert searcher.suggest("a") == {"number": 0, "hyperparameters": {"learning_rate": 0.005}, "pool": 0}
    assert searcher.suggest("b") == Searcher.FINISHED
