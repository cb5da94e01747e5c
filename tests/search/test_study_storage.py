from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from nids.search import study_storage
from nids.search.study_storage import StudyJournal

if TYPE_CHECKING:
    from pathlib import Path

    from nids.search_space import Space

SPACE: Space = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}


def ended(x: float, state: TrialState = TrialState.COMPLETE) -> optuna.trial.FrozenTrial:
    value = x if state == TrialState.COMPLETE else None
    return create_trial(state=state, value=value, params={"x": x, "y": 1 - x}, distributions=SPACE)


def study_in(path: Path, direction: Literal["minimize", "maximize"] = "minimize", seed: int = 0) -> optuna.Study:
    storage = StudyJournal(path / "a.journal", maximize=direction == "maximize")
    return optuna.create_study(
        study_name="a", storage=storage, direction=direction, sampler=TPESampler(seed=seed, n_startup_trials=5)
    )


def numbers(study: optuna.Study, *states: TrialState) -> list[int]:
    return [trial.number for trial in study.get_trials(states=states or None)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_storage, "LATEST", 3)
    monkeypatch.setattr(study_storage, "BEST", 2)
    monkeypatch.setattr(study_storage, "OTHERS", 0)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("direction", "best"), [("minimize", [1, 3]), ("maximize", [0, 2])])
def test_the_latest_trials_are_shown_the_best_before_them_and_the_unfinished(
    tmp_path: Path, direction: Literal["minimize", "maximize"], best: list[int]
) -> None:
    study = study_in(tmp_path, direction)
    for x in (0.9, 0.1, 0.8, 0.2, 0.5, 0.6):
        study.add_trial(ended(x))
    running = study.ask(SPACE)
    study.add_trial(ended(0.0, TrialState.PRUNED))
    study.enqueue_trial({"x": 0.25, "y": 0.75})
    study.add_trial(ended(0.7))
    assert numbers(study) == [*best, 5, 6, 7, 8, 9]
    assert numbers(study, TrialState.RUNNING) == [running.number]
    assert numbers(study, TrialState.WAITING) == [8]
    study.tell(running, 0.4)
    assert numbers(study) == [*best, 6, 7, 8, 9]
    assert study.ask(SPACE).params == {"x": 0.25, "y": 0.75}
    assert study.best_trial.number == {"minimize": 1, "maximize": 0}[direction]


@pytest.mark.usefixtures("small")
def test_the_file_holds_all_of_them(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    for i in range(8):
        trial = study.ask(SPACE)
        trial.report(i / 10, 1)
        study.tell(trial, i / 10)
    assert numbers(study) == [0, 1, 5, 6, 7]
    whole = optuna.load_study(study_name="a", storage=JournalStorage(JournalFileBackend(str(tmp_path / "a.journal"))))
    assert [(trial.number, trial.value, trial.intermediate_values) for trial in whole.trials] == [
        (i, i / 10, {1: i / 10}) for i in range(8)
    ]


def test_as_long_as_all_trials_fit_it_is_optunas_own_study(tmp_path: Path) -> None:
    plain = optuna.create_study(sampler=TPESampler(seed=0, n_startup_trials=5))
    journal = study_in(tmp_path)
    for study in (plain, journal):
        for _ in range(20):
            trial = study.ask(SPACE)
            study.tell(trial, (trial.params["x"] - 0.3) ** 2)
    assert [trial.params for trial in journal.trials] == [trial.params for trial in plain.trials]


@pytest.mark.usefixtures("small")
def test_what_is_suggested_is_near_the_best_however_long_ago_that_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_storage, "LATEST", 40)
    monkeypatch.setattr(study_storage, "BEST", 10)
    monkeypatch.setattr(study_storage, "OTHERS", 10)
    study = study_in(tmp_path)
    study.add_trials([ended(0.3 + i / 1000) for i in range(20)] + [ended(0.5 + i / 200) for i in range(100)])
    asked = [study.ask(SPACE).params["x"] for _ in range(20)]
    assert sorted(asked)[10] < 0.4


def test_of_the_other_trials_some_are_kept_by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_storage, "LATEST", 3)
    monkeypatch.setattr(study_storage, "BEST", 1)
    monkeypatch.setattr(study_storage, "OTHERS", 4)
    study = study_in(tmp_path)
    for i in range(40):
        study.add_trial(ended(0.5 + i / 100, TrialState.PRUNED if i % 4 == 3 else TrialState.COMPLETE))
    shown = numbers(study)
    assert (shown[0], shown[-3:]) == (0, [37, 38, 39])
    assert len(shown[1:-3]) == len(set(shown[1:-3])) == 4
    assert max(shown[1:-3]) > 10


@pytest.mark.usefixtures("small")
def test_failed_trials_take_no_place_and_the_first_are_shown_until_a_sampler_may_begin(tmp_path: Path) -> None:
    journal = StudyJournal(tmp_path / "a.journal", maximize=False, latest=5)
    study = optuna.create_study(storage=journal)
    for i in range(9):
        study.add_trial(ended(i / 10, TrialState.FAIL if i > 4 else TrialState.COMPLETE))
    assert numbers(study) == [0, 1, 2, 3, 4]
