from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING, Any, Literal

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from nids.cluster.placement import NodePool
from nids.config import Search
from nids.search.budget import Budget
from nids.search.known_points import KnownPoints
from nids.search.searcher import StudySearcher

if TYPE_CHECKING:
    from pathlib import Path

    from nids.search_space import Space

PLACES = [NodePool(cpus=1, gpus=0.5, capacity=2), NodePool(cpus=1, gpus=0.0, capacity=1, avoided=("a",))]
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


@pytest.mark.parametrize(("direction", "mode"), [("minimize", "min"), ("maximize", "max")])
def test_the_study_says_what_is_better(direction: Literal["minimize", "maximize"], mode: str) -> None:
    searcher = StudySearcher(study(direction), SPACE, PLACES, Budget(Search()), KnownPoints())
    assert (searcher.metric, searcher.mode) == ("value", mode)


def test_nothing_of_it_is_saved(tmp_path: Path) -> None:
    searcher = StudySearcher(study(), SPACE, PLACES, Budget(Search()), KnownPoints())
    searcher.suggest("a")
    searcher.save(str(tmp_path / "state"))
    assert list(tmp_path.iterdir()) == []
    assert pickle.loads(pickle.dumps(searcher)).__dict__ == {}  # which Tune does, however large the study is
