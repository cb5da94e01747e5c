from __future__ import annotations

import io
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from nids import datasets, report
from nids.cli import app
from nids.cluster.placement import node_pools
from nids.detector import bundle, bundle_files
from nids.detector import score as scoring
from nids.detector.boosted_trees import NAME
from nids.detector.candidates import choose, choose_best
from nids.detector.finalize import finalize
from nids.detector.manifest import Networks, Trees
from nids.errors import UserError
from nids.evaluation import baselines
from nids.evaluation.baseline_models import Baseline, fit
from nids.evaluation.held_out import ANOTHER_DRAW
from nids.evaluation.tuned_models import TUNED_MODELS
from nids.evaluation.workspace import Workspace, fit_models
from nids.metrics.calibration import fit_temperature
from nids.metrics.detection import attack_scores, threshold_at
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of
from nids.report import held_out
from nids.results import Run, open_run, write_table
from nids.storage import Folder
from nids.training.refit import FitResult, FitTask, on_folds

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic

CLASSES = ("Normal", "DoS", "Probe", "R2L", "U2R")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, search_of_two: Callable[[str], Run]) -> Run:
    """A search whose best trial has been finalized, and which has its baselines."""
    storage = str(tmp_path_factory.mktemp("runs"))
    console = Console(file=io.StringIO(), width=200)
    found = search_of_two(storage)
    finalize(found, None, 2, Workspace(storage, console), "min log_loss")
    baselines.measure(found, Workspace(storage, console))
    return open_run(storage, "a")


def trial_of(detector: bundle.Bundle) -> int:
    (component,) = detector.manifest.components
    assert isinstance(component, Networks)
    return component.trial


def test_the_held_out_rows_with_a_twin_in_training_are_counted(run: Run, traffic: Traffic) -> None:
    draw = datasets.load_training("nsl-kdd-sample", rows=240, seed=run.manifest.job.search.seed + ANOTHER_DRAW)
    expected = draw.features.merge(traffic.features.drop_duplicates(), how="left", indicator=True)["_merge"] == "both"
    final, baselines_found = run.final_evaluation(), run.baselines_evaluation()
    assert final is not None
    assert baselines_found is not None
    evaluations = [*final.held_out.values(), *baselines_found.held_out]
    assert {evaluation.twins.rows for evaluation in evaluations if evaluation.twins} == {int(expected.sum())}


def test_the_folds_judge_the_mean_of_as_many_models_as_are_saved(run: Run) -> None:
    table = pd.read_parquet(Path(run.uri) / "final/out_of_fold.parquet")
    assert table["row"].tolist() == list(range(240))  # each once, as the folds are random
    evaluation = run.final_evaluation()
    assert evaluation is not None
    by_fold = {of_fold.fold: of_fold for of_fold in evaluation.folds.by_fold}
    found = []
    for number, rows in table.groupby("fold"):
        fold = by_fold[int(str(number))]
        labels = pd.Categorical(rows["class"], CLASSES).codes
        judged = JudgedRows.all_known(labels, rows[[f"p_{name}" for name in CLASSES]].to_numpy(), benign=0)
        found.append(figures_of(judged))
        assert fold.figures == found[-1]
        assert [[*row] for row in fold.confusion] == judged.confusion.tolist()
    assert len(found) == len(by_fold) == 2
    for name in found[0]:
        values = [figures[name] for figures in found]
        assert evaluation.folds.figures[name] == np.mean(values)
        assert evaluation.folds.figures[f"{name}_std"] == np.std(values, ddof=1)
    curves = run.curves()
    trial = curves[(curves["trial"] == choose_best(run)[0].trial) & (curves["epoch"] == choose_best(run)[0].epochs)]
    assert sorted(trial["log_loss"]) != sorted(figures["log_loss"] for figures in found)


def test_fit_models_trains_no_model_twice(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption loses the models that are being trained, and no other."""
    console = Console(file=io.StringIO(), width=200)
    job, training_set, folds = Workspace(str(Path(run.uri).parent), console).reopen(run)
    work, kept = on_folds(folds, 2, job, choose_best(run)[0].hyperparameters, epochs=2), Folder.from_uri(str(tmp_path))
    (pool,) = node_pools(job.resources)
    save = FitResult.save

    def interrupt(model: FitResult, folder: Folder, task: FitTask) -> None:
        save(model, folder, task)
        if len(kept.names(".npz")) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FitResult, "save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit_models(training_set, work, job, pool, kept, console)
    earlier = {name: (tmp_path / name).read_bytes() for name in kept.names(".npz")}
    assert len(earlier) == 2

    again = Console(file=io.StringIO(), width=200)
    models = fit_models(training_set, work, job, pool, kept, again)
    reused, *trained = again.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert reused == "Reusing 2 of 4 models: an earlier, interrupted run trained them."
    ends = [line.partition(": ")[2] for line in trained if ": " in line]  # a slow machine has lines of progress between
    assert ends == ["trained (3 of 4 models)", "trained (4 of 4 models)"]
    assert {name: (tmp_path / name).read_bytes() for name in earlier} == earlier
    assert len(models) == len(kept.names(".npz")) == 4
    assert not (Path(run.uri) / "final/unfinished").exists()


def test_thresholds_and_calibration_come_from_rows_not_trained_on(run: Run) -> None:
    table = pd.read_parquet(Path(run.uri) / "final/out_of_fold.parquet")
    probabilities = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    labels = pd.Categorical(table["class"], CLASSES).codes
    calm = attack_scores(probabilities[labels == 0], 0)
    found = bundle.load(Folder.from_uri(run.uri).folder("bundle")).manifest
    assert found.thresholds == {rate: threshold_at(calm, rate) for rate in (0.001, 0.005, 0.01)}
    assert found.calibration.temperature == pytest.approx(fit_temperature(labels, probabilities))
    natural = np.bincount(labels, minlength=5) / len(labels)
    assert found.calibration.natural == pytest.approx(tuple(natural))
    # Resampling brings R2L to 30 rows and U2R to 20.
    counts = np.bincount(labels, minlength=5)
    counts[3:] = 30, 20
    assert found.calibration.trained_on == pytest.approx(tuple(counts / counts.sum()))


def test_the_saved_detector_gives_the_predictions_that_were_judged(run: Run) -> None:
    detector = bundle.load(Folder.from_uri(run.uri).folder("bundle"))
    traffic = datasets.load_training("nsl-kdd-sample", rows=240, seed=ANOTHER_DRAW)
    (path,) = (Path(run.uri) / "final").glob("predictions-*.parquet")
    table = pd.read_parquet(path)
    probabilities = detector.probabilities(traffic.features)
    np.testing.assert_array_equal(table[[f"p_{name}" for name in CLASSES]].to_numpy(), probabilities)
    evaluation = run.final_evaluation()
    assert evaluation is not None
    judged = evaluation.held_out[traffic.source]
    expected = figures_of(JudgedRows.all_known(traffic.label, probabilities, benign=0))
    assert {name: judged.figures[name] for name in expected} == pytest.approx(expected)
    assert (evaluation.trial, evaluation.members, len(judged.members)) == (choose_best(run)[0].trial, 2, 2)
    card = (Path(run.uri) / "bundle/MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith(f"# nsl-kdd-sample detector: trial {choose_best(run)[0].trial} of a\n")
    assert "synthetic: its figures say nothing about real traffic" in card


@pytest.mark.parametrize("files", [1, 10])
@pytest.mark.parametrize("ending", [".txt", ".csv", ".txt.gz", ".parquet"])
def test_scoring_gives_the_predictions_that_were_judged(run: Run, tmp_path: Path, ending: str, files: int) -> None:
    detector = bundle.load(Folder.from_uri(run.uri).folder("bundle"))
    traffic = datasets.load_training("nsl-kdd-sample", rows=240, seed=ANOTHER_DRAW)
    for i, part in enumerate(np.array_split(np.arange(240), files)):
        rows = traffic.features.iloc[part]
        if ending == ".parquet":
            rows.to_parquet(tmp_path / f"{i}{ending}")
        else:
            rows.to_csv(tmp_path / f"{i}{ending}", index=False, header=ending == ".csv")
    found = scoring.score(
        detector, [tmp_path], tmp_path.parent / f"{tmp_path.name}.parquet", Console(file=io.StringIO())
    )
    scores = pd.read_parquet(found.out)
    (path,) = (Path(run.uri) / "final").glob("predictions-*.parquet")
    columns = [f"p_{name}" for name in CLASSES]
    np.testing.assert_array_equal(scores[columns].to_numpy(), pd.read_parquet(path)[columns].to_numpy())
    alerts = attack_scores(scores[columns].to_numpy(), 0) > detector.thresholds[0.01]
    assert (found.rows, found.rejected, found.alerts) == (240, 0, np.count_nonzero(alerts))
    assert scores["alert"].tolist() == alerts.tolist()


def test_finalize_leaves_no_detector_beside_the_evaluation_of_another(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = str(tmp_path / "runs")
    shutil.copytree(Path(run.uri).parent, storage)
    copy = open_run(storage, "a")
    former = copy.final_evaluation()
    assert former is not None
    other, bundle_folder = 1 - former.trial, copy.folder.folder("bundle")
    workspace = Workspace(storage, Console(file=io.StringIO(), width=200))
    write = Folder.write

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("nids.evaluation.held_out.read_for", interrupt)
        with pytest.raises(KeyboardInterrupt):
            finalize(copy, other, 1, workspace)
    assert copy.final_evaluation() == former
    assert trial_of(bundle.load(bundle_folder)) == former.trial
    for file in ("final/out_of_fold.parquet", "final/evaluation.json", "bundle/weights-0.npz", "bundle/SHA256SUMS"):

        def write_until(folder: Folder, name: str, content: bytes | memoryview, last: str = file) -> None:
            if f"{folder.path}/{name}" == f"{copy.uri}/{last}":
                raise KeyboardInterrupt
            write(folder, name, content)

        with monkeypatch.context() as patched:
            patched.setattr(Folder, "write", write_until)
            with pytest.raises(KeyboardInterrupt):
                finalize(copy, other, 1, workspace)
        with pytest.raises(UserError, match="holds no bundle"):
            bundle.load(bundle_folder)

    finalize(copy, other, 1, workspace)
    evaluation = copy.final_evaluation()
    assert evaluation is not None
    assert evaluation.trial == trial_of(bundle.load(bundle_folder)) == other
    assert bundle_folder.read("MODEL_CARD.md").startswith(f"# nsl-kdd-sample detector: trial {other} of a\n".encode())


def test_each_look_is_recorded(run: Run) -> None:
    accesses = Run(run.folder).manifest.test_set_accesses
    assert [access.purpose for access in accesses] == [f"finalize trial {choose_best(run)[0].trial}", "baselines"]
    assert all(access.files == ("another draw of nsl-kdd-sample",) for access in accesses)


def test_baselines_stand_on_the_same_folds(run: Run) -> None:
    table = run.baselines()
    assert table.groupby(["model", "resampled"]).ngroups == 9  # the majority class is not resampled
    assert set(table["fold"]) == {0, 1}
    majority = table[table["model"] == "majority class"]
    normal = np.array([row[0] for row in majority["confusion"]])
    assert majority["accuracy"].to_numpy() == pytest.approx(normal[:, 0] / majority["validation_rows"].to_numpy())
    tree = table[table["model"] == "decision tree"]
    assert tree["accuracy"].min() > majority["accuracy"].max()
    evaluation = run.baselines_evaluation()
    assert evaluation is not None
    assert {(baseline.model, baseline.resampled) for baseline in evaluation.held_out} == set(
        table[["model", "resampled"]].itertuples(index=False, name=None)
    )


def test_the_report_tells_all_of_it(run: Run) -> None:
    console = Console(file=io.StringIO(), width=160)
    report.show(run, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    page = Path(report.write(run)).read_text(encoding="utf-8")
    for words in (
        "Compared with baselines on the same folds",
        "random forest, resampled",
        "Held out: nsl-kdd-sample",
        "Evaluations on the held-out files: 2",
        "The detector averages 2 models",
        "was finalized, picked by “min log_loss”.",
    ):
        assert words in text
        assert words in page


def test_what_cannot_be_finalized_is_said(run: Run) -> None:
    with pytest.raises(UserError, match=r"a has no trial 9; its trials are 0 to 1\."):
        choose(run, 9)


def test_an_encoding_too_large_for_a_detector_is_refused_before_the_training(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_files, "LARGEST_TEXT", 1_000)
    console = Console(file=io.StringIO(), width=200)
    with pytest.raises(UserError, match=r"/bundle/encoding\.json: would have [\d,]+ bytes, but .* 1,000 are read"):
        finalize(run, None, 1, Workspace(str(Path(run.uri).parent), console))
    assert "training" not in console.file.getvalue()  # type: ignore[attr-defined]
    assert len(Run(run.folder).manifest.test_set_accesses) == 2


def test_alerts_are_told_for_a_base_rate(run: Run) -> None:
    evaluation = run.final_evaluation()
    assert evaluation is not None
    (judged,) = evaluation.held_out.values()
    (file,) = held_out.held_out(run, base_rate=0.001)
    for row, (rate, found) in zip(file.alerts, judged.detection.items(), strict=True):
        assert found.detection_rate is not None
        assert found.false_positive_rate is not None
        true, false = 0.001 * found.detection_rate, 0.999 * found.false_positive_rate
        assert row[0] == f"{100 * float(rate):g} %"
        assert row[-1] == (f"{100 * true / (true + false):.2f} %" if true + false else "–")
    shown = CliRunner().invoke(app, ["report", "a", "--base-rate", "0.001", "--storage", str(Path(run.uri).parent)])
    assert shown.exception is None
    page = (Path(run.uri) / "report.html").read_text(encoding="utf-8")
    assert "alert precision at 0.1 % attacks" in page


def test_the_folds_choose_of_several_trials_and_boosted_trees(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = str(tmp_path / "runs")
    shutil.copytree(Path(run.uri).parent, storage)
    copy, console = open_run(storage, "a"), Console(file=io.StringIO(), width=200)
    point = {**TUNED_MODELS[NAME].start, "n_estimators": 100}
    rows = [
        {
            "model": NAME,
            "trial": i,
            "value": value,
            "seconds": 1.0,
            "hyperparameters": json.dumps(point | {"max_depth": i}),
        }
        for i, value in ((4, 0.2), (5, 0.1), (6, math.nan))
    ]
    write_table(copy.folder.folder("baselines"), "tuning.parquet", pd.DataFrame(rows))
    detector = finalize(copy, None, 2, Workspace(storage, console), best=2, boosting=True)

    evaluation = copy.final_evaluation()
    assert evaluation is not None
    best, other = choose_best(copy)[0].trial, 1 - choose_best(copy)[0].trial
    names = [f"trial {best}", f"trial {other}", "boosted trees"]
    assert [component.name for component in evaluation.components] == names
    weights = {component.name: component.weight for component in evaluation.components if component.weight}
    assert sum(weights.values()) == pytest.approx(1)
    assert {component.name: component.weight for component in detector.manifest.components} == pytest.approx(weights)
    assert evaluation.members == len(detector.ensemble.members) == sum(1 if "trees" in name else 2 for name in weights)
    trees = [component for component in detector.manifest.components if isinstance(component, Trees)]
    assert [component.hyperparameters for component in trees] == [point | {"max_depth": 5}] * len(trees)
    assert trees  # on synthetic rows of so few epochs, nothing else is good
    # What the folds say of each candidate alone, and of the mean, whose weights are those of the other fold.
    job, training_set, folds = Workspace(storage, console).reopen(copy)
    by_trees = Baseline(NAME, False, point | {"max_depth": 5})
    alone = [fit(by_trees, training_set, fold, job.search.seed) for fold in folds]
    expected = np.mean([entry.figures["log_loss"] for entry in alone])
    assert evaluation.components[-1].figures["log_loss"] == pytest.approx(expected, rel=1e-5)
    # The detector on the held-out rows is that mean, too.
    (judged,) = evaluation.held_out.values()
    traffic = datasets.load_training("nsl-kdd-sample", rows=240, seed=ANOTHER_DRAW)
    found = figures_of(JudgedRows.all_known(traffic.label, detector.probabilities(traffic.features), benign=0))
    assert {name: judged.figures[name] for name in found} == pytest.approx(found)

    card = (Path(copy.uri) / "bundle/MODEL_CARD.md").read_text(encoding="utf-8")
    assert "radient-boosted trees (XGBoost)" in card
    report.show(copy, console)
    text = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert (
        f"candidates: trials {best}, {other}, 2 seeds of each, and boosted trees; training on (2 folds + all 240"
        in text
    )
    assert "By log-loss on the folds, the detector is a mean of " in text
    assert f"finalized ensemble ({evaluation.members} models)" in text


def test_two_ways_to_choose_trials_are_refused(run: Run) -> None:
    arguments = ["finalize", "a", "--again", "--best", "2", "--trial", "0", "--storage", str(Path(run.uri).parent)]
    refused = CliRunner().invoke(app, arguments)
    assert str(refused.exception) == (
        "found --best 2 and a trial by --trial or --pick: both choose trials. Give one of them."
    )


def test_boosted_trees_need_xgboost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TUNED_MODELS, NAME, replace(TUNED_MODELS[NAME], package="no_such_package"))
    console = Console(file=io.StringIO(), width=200)
    with pytest.raises(UserError, match=r"^--boosting needs XGBoost, which is not installed\. It comes with the extra"):
        finalize(run, None, 1, Workspace(str(Path(run.uri).parent), console), boosting=True)


# The last one, as it changes the run.
def test_a_further_look_is_asked_for(run: Run) -> None:
    at = ["--storage", str(Path(run.uri).parent)]
    for command in ("finalize", "baselines"):
        refused = CliRunner().invoke(app, [command, "a", *at])
        assert isinstance(refused.exception, UserError)
        assert "Every further evaluation on them weakens the result" in str(refused.exception)
    assert len(Run(run.folder).manifest.test_set_accesses) == 2
    again = CliRunner().invoke(app, ["finalize", "a", "--again", "--seeds", "1", *at])
    assert again.exception is None, again.output
    assert "Evaluations on the held-out files: 3" in " ".join(again.output.split())
    assert "Evaluations on the held-out files: 3" in (Path(run.uri) / "report.html").read_text(encoding="utf-8")
    assert bundle.load(Folder.from_uri(run.uri).folder("bundle")).manifest.members == 1
