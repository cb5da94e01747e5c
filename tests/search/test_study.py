from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from nids.config import Search
from nids.metrics.measures import applicable
from nids.models.cnn_bigru.spaces import PAPER, PUBLISHED
from nids.results import Run, RunWriter
from nids.results.writer import JOURNAL
from nids.search import study as study_module
from nids.search.study import INTERRUPTED, new_study, resumed_study, running_values
from nids.search_space import describe, params_of
from nids.storage import Folder
from tests.manifests import a_manifest

SPACE = {
    "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
    "conv_kernel_size": IntDistribution(3, 49, step=2),
    "attention": CategoricalDistribution(["dot", "additive"]),
    "batch_size": CategoricalDistribution([64, 128]),
}

BEGUN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def params(trial: int) -> dict[str, Any]:
    return {
        "learning_rate": 0.0018285312453719437 / (trial + 1),
        "conv_kernel_size": 3 + 2 * trial,
        "attention": ["dot", "additive"][trial % 2],
        "batch_size": [64, 128][trial % 2],
    }


def put(writer: RunWriter, trial: int, state: str, value: float | None, *losses: tuple[float, float]) -> None:
    """Write a trial of two folds with these log-losses in each epoch."""
    row = {
        "trial": trial,
        "state": state,
        "value": value,
        "started": BEGUN + timedelta(minutes=trial),
        "ended": None if state == "RUNNING" else BEGUN + timedelta(minutes=trial, seconds=40),
        "error": "the training loss became nan" if state == "FAIL" else None,
        **{f"params_{name}": chosen for name, chosen in params(trial).items()},
    }
    curves = [
        {"trial": trial, "fold": fold, "epoch": epoch, **dict.fromkeys(applicable(unseen=False), 0.0), "log_loss": loss}
        for epoch, both in enumerate(losses, start=1)
        for fold, loss in enumerate(both)
    ]
    writer.put(trial, {"trials": [row], "classes": [], "confusions": [], "attacks": [], "curves": curves})
    writer.flush(trial)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that stopped while trial 2 ran, and before anything was written of trial 3."""
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE)))
    put(writer, 0, "COMPLETE", 0.25, (0.5, 1.0), (0.25, 0.25), (0.5, 0.5))
    put(writer, 1, "PRUNED", 0.75, (0.5, 1.0))
    put(writer, 2, "RUNNING", 0.5, (0.5, 0.5))
    put(writer, 4, "FAIL", None)
    put(writer, 5, "COMPLETE", 0.125, (0.125, 0.125))
    return Run(writer.folder)


def resume(run: Run, **search: Any) -> optuna.Study:
    study, ended = resumed_study(run, Search(**search), journal=Path(run.uri) / JOURNAL)
    assert [trial.params for trial in ended] == [trial.params for trial in kept(run) if trial.state.is_finished()]
    return study


def kept(run: Run) -> list[FrozenTrial]:
    """Return all trials in the run's journal, as Optuna's own storage reads it."""
    journal = JournalStorage(JournalFileBackend(str(Path(run.uri) / JOURNAL)))
    return optuna.load_study(study_name=run.name, storage=journal).trials


def test_a_new_study_has_its_start_first(tmp_path: Path) -> None:
    study = new_study("a-run", Search(), tmp_path / JOURNAL, [PUBLISHED])
    first = study.ask(PAPER)
    assert (first.number, first.params) == (0, dict(PUBLISHED))
    second = study.ask(PAPER)
    assert second.number == 1
    assert second.params != first.params


def test_a_new_study_may_start_anywhere(tmp_path: Path) -> None:
    study = new_study("a-run", Search(), tmp_path / JOURNAL)
    assert study.trials == []
    assert study.ask(PAPER).params != dict(PUBLISHED)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [("log_loss", optuna.study.StudyDirection.MINIMIZE), ("macro_f1", optuna.study.StudyDirection.MAXIMIZE)],
)
def test_the_metric_decides_the_direction(tmp_path: Path, metric: Any, direction: optuna.study.StudyDirection) -> None:
    study = new_study("a-run", Search(metric=metric), tmp_path / JOURNAL)
    assert (study.study_name, study.direction) == ("a-run", direction)


def test_the_seed_decides_what_is_asked(tmp_path: Path) -> None:
    def asked(seed: int, file: str) -> list[dict[str, Any]]:
        study = new_study("a-run", Search(seed=seed, startup_trials=2), tmp_path / file, [PUBLISHED])
        points = []
        for value in (0.5, 0.25, 0.75, 0.5):  # the last ones are the sampler's own
            trial = study.ask(PAPER)
            study.tell(trial, value)
            points.append(trial.params)
        return points

    once = asked(3, "once")
    assert asked(3, "again") == once
    assert asked(4, "other")[1:] != once[1:]


def test_the_study_is_kept_where_the_run_is(tmp_path: Path) -> None:
    study = new_study("a-run", Search(), tmp_path / JOURNAL)
    study.tell(study.ask(PAPER), 0.5)
    kept = optuna.load_study(study_name="a-run", storage=JournalStorage(JournalFileBackend(str(tmp_path / JOURNAL))))
    assert [(trial.state, trial.value) for trial in kept.trials] == [(TrialState.COMPLETE, 0.5)]


def test_a_resumed_study_keeps_numbers_and_states(run: Run) -> None:
    resume(run)
    trials = kept(run)
    assert [(trial.number, trial.state) for trial in trials] == [
        (0, TrialState.COMPLETE),
        (1, TrialState.PRUNED),
        (2, TrialState.WAITING),
        (3, TrialState.WAITING),
        (4, TrialState.FAIL),
        (5, TrialState.COMPLETE),
    ]
    ended = [trials[number] for number in (0, 1, 4, 5)]
    assert [trial.params for trial in ended] == [params(0), params(1), params(4), params(5)]
    assert [trial.distributions for trial in ended] == [SPACE] * 4
    assert [trial.datetime_start.astimezone(UTC) - BEGUN for trial in ended] == [
        timedelta(minutes=number) for number in (0, 1, 4, 5)
    ]
    assert [trial.duration for trial in ended] == [timedelta(seconds=40)] * 4
    assert (trials[0].value, trials[5].value) == (0.25, 0.125)
    assert [trial.user_attrs for trial in ended] == [{}, {}, {"error": "the training loss became nan"}, {}]


def test_a_resumed_study_knows_what_the_scheduler_judged_by(run: Run) -> None:
    resume(run)
    trials = kept(run)
    assert [trials[number].intermediate_values for number in (0, 1, 4, 5)] == [
        {1: 0.75, 2: 0.25, 3: 0.25},
        {1: 0.75},
        {},
        {1: 0.125},
    ]


def test_what_had_not_ended_is_asked_again_under_its_number(run: Run) -> None:
    study = resume(run)
    again, unheard_of, new = (study.ask(SPACE) for _ in range(3))
    assert (again.number, again.params) == (2, params(2))
    assert (unheard_of.number, new.number) == (3, 6)
    for trial in (again, unheard_of, new):
        study.tell(trial, 0.5)
    assert [trial.number for trial in kept(run)] == list(range(7))


def test_a_trial_whose_results_are_lost_is_run_again_with_the_same_hyperparameters(run: Run) -> None:
    RunWriter(run.folder, run.manifest).go_on_with(run, again=(1, 3))
    study, ended = resumed_study(run, Search(), Path(run.uri) / JOURNAL)
    assert [trial.number for trial in study.trials if trial.state == TrialState.WAITING] == [1, 2, 3]
    assert [trial.params for trial in ended] == [params(0), params(4), params(5)]
    again = study.ask(SPACE)
    assert (again.number, again.params) == (1, params(1))


def test_the_types_of_hyperparameters_survive(run: Run) -> None:
    again = resume(run).ask(SPACE)
    assert {name: type(value) for name, value in again.params.items()} == {
        "learning_rate": float,
        "conv_kernel_size": int,
        "attention": str,
        "batch_size": int,
    }
    row = run.arrow("trials").to_pylist()[0]
    assert params_of(row, SPACE) == params(0)


def test_a_run_without_trials_is_resumed_as_an_empty_study(tmp_path: Path) -> None:
    writer = RunWriter(Folder.from_uri(str(tmp_path)), a_manifest(space=describe(SPACE)))
    study, ended = resumed_study(Run(writer.folder), Search(), tmp_path / JOURNAL)
    assert (study.trials, ended) == ([], [])


@pytest.mark.parametrize(("metric", "expected"), [("log_loss", [0.75, 0.5, 0.5]), ("accuracy", [0.75, 0.75, 1.0])])
def test_running_values_are_the_best_means_so_far(metric: Any, expected: list[float]) -> None:
    means = [0.75, 0.5, 1.0]
    curves = pd.DataFrame(
        [
            {"trial": 3, "fold": fold, "epoch": epoch, metric: mean + difference}
            for epoch, mean in enumerate(means, start=1)
            for fold, difference in enumerate((-0.25, 0.25))
        ]
    )
    assert running_values(curves, Search(metric=metric)) == {3: dict(enumerate(expected, start=1))}


def test_a_resumed_study_does_not_draw_the_first_points_again(tmp_path: Path) -> None:
    search = Search(startup_trials=10)
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE)))
    first = new_study("a-run", search, tmp_path / "first.journal")
    earlier = [first.ask(SPACE).params for _ in range(3)]
    for number in range(3):
        put(writer, number, "COMPLETE", 0.5, (0.5, 0.5))
    study, _ = resumed_study(Run(writer.folder), search, journal=tmp_path / JOURNAL)
    later = [study.ask(SPACE).params for _ in range(3)]
    assert [point for point in later if point in earlier] == []


@pytest.mark.parametrize(
    ("text", "noted"), [('{"a": [1]}', {"a": [1]}), ("{", {}), ("[1]", {}), ('{"a": ' + "[" * 100_000, {})]
)
def test_notes_that_are_none_are_left_out(text: str, noted: dict[str, Any]) -> None:
    assert study_module._noted(text) == noted


def test_a_resumed_study_has_all_objectives_repeats_and_starting_points(tmp_path: Path) -> None:
    search = Search(objectives=["macro_f1", "recall.U2R"], trials=9)
    measures = {"log_loss": "min", "macro_f1": "max", "recall.U2R": "max"}
    job = {"name": "a-job", "search": search.model_dump()}
    manifest = a_manifest(space=describe(SPACE), measures=measures, job=job)
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), manifest)
    ends = {"started": BEGUN, "ended": BEGUN}
    rows = [
        {"trial": 0, "state": "COMPLETE", "value": 0.5, "macro_f1": 0.5, "recall.U2R": 0.25},
        {"trial": 1, "state": "PRUNED", "value": 0.25, "macro_f1": 0.25, "recall.U2R": 0.0},
        {"trial": 2, "state": "COMPLETE", "value": 0.5, "duplicate_of": 0},
        {"trial": 3, "state": "PRUNED", "duplicate_of": 1},
    ]
    for row in rows:
        of = row.get("duplicate_of", row["trial"])
        chosen = {f"params_{name}": value for name, value in params(int(of)).items()}  # type: ignore[call-overload]
        curve = {"trial": row["trial"], "fold": 0, "epoch": 1, "log_loss": 2.0}
        tables = {"trials": [{**row, **ends, **chosen}], "classes": [], "confusions": [], "attacks": [], "curves": []}
        writer.put(row["trial"], {**tables, "curves": [] if "duplicate_of" in row else [curve]})  # type: ignore[arg-type]
    writer.flush(0)
    points = [params(number) for number in range(6)]
    study, ended = resumed_study(Run(writer.folder), search, tmp_path / "again.journal", points)
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MAXIMIZE"]
    assert [(trial.number, trial.state, trial.values, trial.user_attrs) for trial in ended] == [
        (0, TrialState.COMPLETE, [0.5, 0.25], {}),
        (1, TrialState.PRUNED, None, {}),
        (2, TrialState.COMPLETE, [0.5, 0.25], {"duplicate_of": 0}),
        (3, TrialState.PRUNED, None, {"duplicate_of": 1}),
    ]
    assert [trial.intermediate_values for trial in ended] == [{1: 2.0}] * 4
    assert [study.ask(SPACE).params for _ in range(2)] == points[4:]


def test_a_search_of_several_objectives_with_pruned_trials_goes_on(tmp_path: Path) -> None:
    search = Search(objectives=["macro_f1", "accuracy"], trials=20, startup_trials=4)
    measures = {"log_loss": "min", "macro_f1": "max", "accuracy": "max"}
    job = {"name": "a-job", "search": search.model_dump()}
    writer = RunWriter(
        Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE), measures=measures, job=job)
    )
    for number in range(12):
        chosen = {f"params_{name}": value for name, value in params(number).items()}
        state = "PRUNED" if number % 3 == 0 else "COMPLETE"
        row = {"trial": number, "state": state, "value": 0.5, "macro_f1": 0.5, "accuracy": number / 20}
        curve = {"trial": number, "fold": 0, "epoch": 1, "log_loss": 2.0}
        times = {"started": BEGUN, "ended": BEGUN}
        tables: dict[str, Any] = {"trials": [{**row, **times, **chosen}], "curves": [curve]}
        writer.put(number, {**tables, "classes": [], "confusions": [], "attacks": []})
    writer.flush(0)
    study, ended = resumed_study(Run(writer.folder), search, tmp_path / "again.journal")
    assert [trial.intermediate_values for trial in ended] == [{1: 2.0}] * 12  # for the scheduler
    assert [trial.intermediate_values for trial in study.trials] == [{}] * 12
    assert study.ask(SPACE).number == 12


def test_what_had_begun_is_told_from_starting_points_that_had_not(tmp_path: Path) -> None:
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest(space=describe(SPACE)))
    chosen = {f"params_{name}": value for name, value in params(1).items()}
    row = {"trial": 1, "state": "RUNNING", "started": BEGUN, **chosen}
    writer.put(1, {"trials": [row], "classes": [], "confusions": [], "attacks": [], "curves": []})
    writer.flush(1)
    study, _ = resumed_study(Run(writer.folder), Search(), tmp_path / "again.journal", [params(n) for n in range(3)])
    assert [INTERRUPTED in trial.user_attrs for trial in study.trials] == [True, True, False]
