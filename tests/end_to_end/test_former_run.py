"""A run that version 713edba made, interrupted in its fourth trial, finalized and compared with baselines.

``expected.json`` holds what that version reported of it, and what became of the fourth trial when it resumed the run.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from optuna.trial import TrialState

from nids import datasets, report
from nids.analysis import baselines
from nids.detector import bundle
from nids.folds import cache
from nids.report.html import page
from nids.results import TABLES, Run, RunWriter, open_run
from nids.results.reopen import FOLDS, folds_of_run
from nids.results.status import TrialCounts
from nids.results.writer import JOURNAL
from nids.search.prepare import prepare_again
from nids.search.study import resumed_study
from nids.search_space import params_of
from nids.storage import Folder
from nids.training.trial import run_trial
from tests.manifests import OWNER

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

FORMER = Path(__file__).parent / "former_run"
EXPECTED: dict[str, Any] = json.loads((FORMER / "expected.json").read_text())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    shutil.copytree(FORMER / "runs", tmp_path / "runs")
    return open_run(str(tmp_path / "runs"), "old")


@pytest.mark.slow
def test_a_former_run_is_reported_with_the_same_figures(run: Run) -> None:
    summary = report.summarize(run)
    assert summary.best
    assert vars(summary.best) == pytest.approx(EXPECTED["best"])
    assert summary.states == EXPECTED["states"]
    for name, figures in EXPECTED["metrics"].items():
        expected = {key: figures[key] for key in ("mean", "std")}
        assert summary.metrics.loc[name, list(expected)].to_dict() == pytest.approx(expected), name
    for name, figures in EXPECTED["classes"].items():
        assert summary.classes.loc[name, list(figures)].to_dict() == pytest.approx(figures), name
    assert summary.attacks.reset_index().to_dict("records") == EXPECTED["attacks"]
    figures_by_fold = baselines.figures_by_fold(run, summary.best)
    means = figures_by_fold.groupby("method")[["accuracy", "macro_f1", "log_loss", "unseen_macro_f1"]].mean()
    for method, figures in EXPECTED["baselines"].items():
        name = f"{baselines.DETECTOR} trial 0 (mean of 2 seeds)" if method.startswith("finalized") else method
        assert means.loc[name].to_dict() == pytest.approx({key: figures[key] for key in means}), method
    assert baselines.best_in(figures_by_fold, "unseen_macro_f1") == EXPECTED["best_other"]
    shown = page(run)
    assert "2026-11-26 12:23, finalize trial 0" in shown
    assert "<h2" in shown


def test_a_former_evaluation_is_read_with_the_same_figures(run: Run) -> None:
    final, others = run.final_evaluation(), run.baselines_evaluation()
    assert final
    assert others
    stored = json.loads((FORMER / "runs/old/final/evaluation.json").read_text())
    (evaluation,), (former,) = final.held_out.values(), stored["held_out"].values()
    assert evaluation.figures == former["figures"]
    assert (evaluation.seen.detection_rate, evaluation.seen.recall) == (
        former["seen"]["flagged"],
        former["seen"]["recognized"],
    )
    assert [attack.most_often_predicted for attack in evaluation.attacks] == [
        attack["mostly_taken_for"] for attack in former["attacks"]
    ]
    assert evaluation.detection["0.01"].unseen_detection_rate == former["detection"]["0.01"]["unseen"]
    assert final.folds.figures["unseen_recall"] == stored["folds"]["unseen_recognized"]
    assert final.folds.by_fold[0].figures["false_alarm_rate"] == stored["folds"]["by_fold"][0]["false_alarms"]
    assert final.out_of_fold.calibrated["temperature"] == stored["out_of_fold"]["temperature"]
    assert (len(others.held_out), others.held_out[0].model) == (5, "majority class")
    assert type(final).model_validate_json(final.to_json()) == final
    assert type(others).model_validate_json(others.to_json()) == others


def test_a_former_rank_correlation_counts(run: Run) -> None:
    assert not run.has_rank_correlation()
    run.folder.write("foretelling/KDDTest+.png", b"")
    assert run.has_rank_correlation()


@pytest.mark.slow
def test_a_former_detector_scores_as_before(run: Run) -> None:
    detector = bundle.load(run.folder.folder("bundle"))
    traffic = datasets.load_training("nsl-kdd-sample", rows=400, seed=1_000_003)
    (stored,) = Path(run.uri).glob("final/predictions-*.parquet")
    former = pd.read_parquet(stored)[[f"p_{name}" for name in detector.classes]]
    np.testing.assert_allclose(detector.probabilities(traffic.features), former.to_numpy(), atol=1e-6)


def no_rows(*_: object) -> Traffic:
    raise AssertionError("the storage has the folds")


def test_the_folds_of_a_former_run_are_used(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, lines = str(Path(run.uri).parent), list[str]()
    with monkeypatch.context() as patched:
        patched.setattr(datasets, "load_for", no_rows)
        training_set, folds = folds_of_run(run, storage, None, lines.append)[1:]
    assert lines[-1] == "2 folds read from the cache (ea5bdfc6358b1bd0d4bd)"
    monkeypatch.setattr(cache, "version", run.manifest.versions.__getitem__)  # those at hand may be later ones
    shutil.rmtree(Path(storage) / FOLDS)
    again, built = folds_of_run(run, storage, None, lines.append)[1:]
    assert lines[-1].startswith("fold ")
    assert again.rows.vocabularies == training_set.rows.vocabularies
    for values, former in (
        (again.rows.numeric, training_set.rows.numeric),
        (again.rows.codes, training_set.rows.codes),
        (again.labels, training_set.labels),
        (again.attacks, training_set.attacks),
        *((fold.training, former.training) for fold, former in zip(built, folds, strict=True)),
        *((fold.validation, former.validation) for fold, former in zip(built, folds, strict=True)),
    ):
        np.testing.assert_array_equal(values, former)
    assert [(fold.encoding, fold.withheld) for fold in built] == [(fold.encoding, fold.withheld) for fold in folds]


@pytest.mark.slow
def test_a_former_run_is_resumed_with_the_same_trial(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: run.table(name) for name in TABLES}
    monkeypatch.setattr(datasets, "load_for", no_rows)
    prepared = prepare_again(run, str(tmp_path / "runs"), None, lambda line: None)
    writer = RunWriter(prepared.folder, prepared.manifest)
    writer.write_status("running", TrialCounts(total=4), OWNER)
    writer.go_on_with(run)
    for name, table in before.items():
        pd.testing.assert_frame_equal(pd.read_parquet(Path(run.uri) / name), table)
    study, _ = resumed_study(run, prepared.job.search, tmp_path / JOURNAL)
    assert [(trial.number, trial.state) for trial in study.trials] == [
        *((number, TrialState.COMPLETE) for number in range(3)),
        (3, TrialState.WAITING),
    ]
    assert study.best_value == pytest.approx(EXPECTED["best"]["value"])

    row = EXPECTED["resumed"]
    trial = study.ask(prepared.space)
    assert (trial.number, trial.params) == (3, params_of(row, prepared.space))
    hyperparameters = prepared.manifest.hyperparameters_of({f"params_{key}": v for key, v in trial.params.items()})
    *_, last = run_trial(hyperparameters, prepared.training_set, prepared.folds, prepared.job)
    names = ("value", "best_epoch", "accuracy", "macro_f1", "unseen_macro_f1")
    assert {name: last[name] for name in names} == pytest.approx({name: row[name] for name in names}, rel=1e-5)


def test_a_former_run_becomes_one_of_today(run: Run) -> None:
    manifest = run.manifest
    run.folder.write("manifest.json", manifest.to_json())
    again = Run(Folder.from_uri(run.uri)).manifest
    assert again == manifest
    assert (again.format, again.dataset.name, again.direction) == (4, "nsl-kdd-sample", "min")
