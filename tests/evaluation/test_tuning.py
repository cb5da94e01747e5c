from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from nids.errors import UserError
from nids.evaluation import baselines, tuning
from nids.evaluation.baseline_models import Baseline, baselines_of, fit
from nids.evaluation.tuned_models import TUNED_MODELS
from nids.evaluation.tuning import TuningBudget, tune
from nids.evaluation.workspace import Workspace
from nids.results import write_table
from nids.results.run import TUNING
from nids.search_space import holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.folds.fold import Fold, TrainingSet
    from nids.results import Run
    from tests.conftest import Outcome

    Shared = tuple[Run, Job, TrainingSet, list[Fold], Console]

NAME = "tuned perceptron"
MODEL = TUNED_MODELS[NAME]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, search_of_two: Callable[[str], Run]) -> Run:
    return search_of_two(str(tmp_path_factory.mktemp("runs")))


@pytest.fixture
def shared(run: Run) -> Shared:
    console = Console(file=io.StringIO(), width=200)
    job, training_set, folds = Workspace(str(Path(run.uri).parent), console).reopen(run)
    (Path(run.uri) / TUNING).unlink(missing_ok=True)
    return run, job, training_set, folds, console


@pytest.fixture(autouse=True)
def only_the_perceptron(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "TUNED_MODELS", {NAME: MODEL})


def said(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_the_best_point_on_the_folds_is_found(shared: Shared) -> None:
    run, job, training_set, folds, console = shared
    (found,) = tune(run, job, training_set, folds, TuningBudget(3, 1.0), console)
    table = run.tuning()
    assert (table["model"].tolist(), sorted(table["trial"])) == ([NAME] * 3, [0, 1, 2])
    points = [json.loads(text) for text in table["hyperparameters"]]
    assert MODEL.start in points
    assert all(holds(MODEL.space[name], value) for point in points for name, value in point.items())
    for point, value in zip(points, table["value"], strict=True):
        fitted = [fit(Baseline(NAME, False, point), training_set, fold, job.search.seed) for fold in folds]
        assert value == pytest.approx(np.mean([entry.figures["log_loss"] for entry in fitted]), rel=1e-6)
    assert (found, found.hyperparameters) == (Baseline(NAME, False), points[int(table["value"].argmin())])
    assert sum(line.startswith(f"{NAME}, trial ") and "log-loss" in line for line in said(console)) == 3


def test_an_interrupted_tuning_goes_on(shared: Shared) -> None:
    run, job, training_set, folds, console = shared
    tune(run, job, training_set, folds, TuningBudget(2, 1.0), console)
    before = run.tuning()
    tune(run, job, training_set, folds, TuningBudget(3, 1.0), console)
    after = run.tuning()
    assert len(after) == 3
    pd.testing.assert_frame_equal(after[:2], before)
    assert after["hyperparameters"].nunique() == 3
    tune(run, job, training_set, folds, TuningBudget(3, 1.0), console)
    pd.testing.assert_frame_equal(run.tuning(), after)


def test_no_trial_begins_after_the_hours(shared: Shared) -> None:
    run, job, training_set, folds, console = shared
    tune(run, job, training_set, folds, TuningBudget(50, 1e-9), console)
    assert len(run.tuning()) == 2  # one on each CPU


def test_points_of_another_space_are_left_out(shared: Shared) -> None:
    run, job, training_set, folds, console = shared
    tune(run, job, training_set, folds, TuningBudget(1, 1.0), console)
    table = run.tuning()
    for other in ({**MODEL.start, "units": 7}, {"units": 64}):
        table["hyperparameters"] = json.dumps(other)
        write_table(run.folder.folder("baselines"), "tuning.parquet", table)
        tune(run, job, training_set, folds, TuningBudget(1, 1.0), console)
        assert [json.loads(text) for text in run.tuning()["hyperparameters"]] == [MODEL.start]


def test_values_that_are_not_finite_are_no_best(shared: Shared) -> None:
    run, job, training_set, folds, console = shared
    rows = {"model": NAME, "trial": 0, "value": math.nan, "seconds": 1.0, "hyperparameters": json.dumps(MODEL.start)}
    write_table(run.folder.folder("baselines"), "tuning.parquet", pd.DataFrame([rows]))
    with pytest.raises(UserError, match=f"^{NAME}: none of its 1 trial has a value that is a finite number.$"):
        tune(run, job, training_set, folds, TuningBudget(1, 1.0), console)


def test_what_is_not_installed_is_said(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    run, job, training_set, folds, console = shared
    missing = replace(MODEL, name="tuned guess", package="no_such_package")
    monkeypatch.setattr(tuning, "TUNED_MODELS", {NAME: MODEL, missing.name: missing})
    found = tune(run, job, training_set, folds, TuningBudget(1, 1.0), console)
    assert [entry.model for entry in found] == [NAME]
    assert said(console)[-2] == (
        "Not installed, and left out: tuned guess. They come with the extra 'boosting', which `make boosting` installs."
    )


def test_tuned_models_stand_beside_the_other_baselines(shared: Shared) -> None:
    run, console = shared[0], shared[-1]
    baselines.measure(run, Workspace(str(Path(run.uri).parent), console), TuningBudget(2, 1.0))
    found = run.baselines()
    assert {*zip(found["model"], found["resampled"], strict=True)} == {
        (entry.model, entry.resampled) for entry in [*baselines_of("smote"), Baseline(NAME, False)]
    }
    best = run.tuning()["value"].min()
    assert found[found["model"] == NAME]["log_loss"].mean() == pytest.approx(best, rel=1e-6)
    evaluation = run.baselines_evaluation()
    assert evaluation is not None
    assert NAME in {entry.model for entry in evaluation.held_out}


def test_the_budget_is_that_of_the_search(run: Run) -> None:
    seconds = float(run.trials()["seconds"].sum())
    assert TuningBudget.of(run) == TuningBudget(2, seconds / 3600)
    assert TuningBudget.of(run, 7, 0.5) == TuningBudget(7, 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--trials", "2"],
            "found --trials or --hours without --tuned: they are for the tuned models. Give --tuned too.",
            id="not tuned",
        ),
        pytest.param(["--tuned", "--hours", "0"], "--hours is 0, but has to be above 0.", id="no hours"),
    ],
)
def test_budgets_that_cannot_be_are_refused(
    run: Run, nids: Callable[..., Outcome], arguments: list[str], message: str
) -> None:
    result = nids("baselines", run.name, "--storage", str(Path(run.uri).parent), *arguments)
    assert (result.returncode, result.stderr) == (2, f"Error: {message}\n")
