"""The end of a search: its best trial trained on all rows, saved as a detector, and judged by the held-out files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nids.command_line import command_on
from nids.detector import bundle
from nids.detector.bundle_files import BUNDLE, refuse_unreadable
from nids.detector.model_card import model_card
from nids.detector.out_of_fold import calibration_of, known_rows, out_of_fold, probability_columns, thresholds_of
from nids.errors import UserError
from nids.evaluation import held_out
from nids.evaluation.evaluate import evaluate_traffic
from nids.folds.build import full_fold
from nids.interruption import held_back
from nids.metrics.calibration import expected_calibration_error, reliability
from nids.metrics.cross_validation import over_folds, validation_figures
from nids.metrics.formatting import counted
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of
from nids.models import backend
from nids.results import UNFINISHED, file_name, ranking, write_table
from nids.results.evaluation import Calibration, CrossValidation, DetectorEvaluation, FinalEvaluation, OutOfFold
from nids.storage import Folder
from nids.terminal import styled
from nids.training.refit import on_all, on_folds
from nids.training.trial import TrialFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.detector.bundle import Bundle
    from nids.evaluation.workspace import Workspace
    from nids.folds.fold import Fold, TrainingSet
    from nids.metrics.evaluation import Figures
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.results import Run
    from nids.training.refit import FitResult, FitWork

FOLDER = "final"
VERSIONS_OF = ("nids", "numpy", "imbalanced-learn", "scikit-learn")


@dataclass(frozen=True)
class Choice:
    """A trial that is to become a detector.

    Attributes:
        trial: Its number.
        hyperparameters: Those of the trial, and those that its job fixes.
        epochs: The epoch whose mean over the folds was the trial's best.
        row: Its row in the run store's trials.
    """

    trial: int
    hyperparameters: TrainingHyperparameters
    epochs: int
    row: dict[str, Any]


def finalize(run: Run, trial: int | None, members: int, workspace: Workspace, picked_by: str = "") -> Bundle:
    """Train a trial's detector, save it and judge it; ``final/`` and ``bundle/`` of the run hold the outcome.

    Args:
        run: The run.
        trial: The trial, or None for the best one.
        members: How many models to train on the same rows, each from another seed: the detector is their mean, and
            their spread says how much chance there is in its figures. The folds have as many, so that thresholds and
            calibration are of what is saved, not of one model of it.
        workspace: Where the rows are, and where models are trained.
        picked_by: The rule that has picked the trial, if one has.

    Raises:
        UserError: There is nothing to finalize, rows are missing or are not what they were, or their encoding would
            be too large for a detector.
    """
    choice = choose(run, trial)
    job, training_set, folds = workspace.reopen(run)
    held_out.refuse_if_missing(training_set.dataset, job.data, workspace.data)
    all_rows = full_fold(training_set, job)
    refuse_unreadable(run.folder.folder(BUNDLE), {"encoding.json": all_rows.encoding.to_json().encode()})
    workspace.console.print(
        styled(
            "[bold]{name}[/]: {what}",
            name=run.name,
            what=f"trial {choice.trial}, {counted(choice.epochs, 'epoch')}; training {counted(members, 'seed')} × "
            f"({counted(len(folds), 'fold')} + all {len(training_set.rows):,} rows)",
        ),
        highlight=False,
    )
    of_folds, of_all_rows = _train(run, choice, job, training_set, folds, all_rows, members, workspace)
    probabilities = [np.mean([model.probabilities for model in models], axis=0) for models in of_folds]
    predictions = out_of_fold(training_set, folds, probabilities)

    manifest = _manifest(run, choice, job, training_set, all_rows, predictions, members)
    parts = (manifest, training_set.dataset, all_rows.encoding, [model.weights for model in of_all_rows])
    # Scoring is this process's own work, with all that the machine has.
    backend.configure_alone()
    # Evaluated is what was saved and read again, not what happens to be in memory.
    with tempfile.TemporaryDirectory() as temporary:
        draft = Folder.from_uri(temporary)
        bundle.save(draft, *parts)
        detector = bundle.load(draft)
    files = held_out.read_for([run], f"finalize trial {choice.trial}", workspace.data, workspace.console)
    judged = {traffic.source: _judge(detector, traffic, training_set) for traffic in files}
    evaluation = FinalEvaluation(
        created=datetime.now(UTC),
        trial=choice.trial,
        picked_by=picked_by,
        epochs=choice.epochs,
        members=members,
        thresholds={str(rate): threshold for rate, threshold in manifest.thresholds.items()},
        calibration=Calibration(**manifest.calibration.model_dump()),
        out_of_fold=_judge_out_of_fold(detector, predictions),
        folds=_judge_folds(training_set, folds, probabilities),
        held_out={source: of_file for source, (of_file, _) in judged.items()},
    )
    folder, bundle_folder = run.folder.folder(FOLDER), run.folder.folder(BUNDLE)
    with held_back("the results are written"):
        # First the former detector goes, last comes the new one: no end of this process leaves one beside the other's
        # evaluation.
        bundle_folder.delete()
        write_table(folder, "out_of_fold.parquet", predictions)
        for source, (_, of_rows) in judged.items():
            write_table(folder, f"predictions-{file_name(source)}.parquet", of_rows)
        folder.write("evaluation.json", evaluation.to_json())
        bundle.save(bundle_folder, *parts, card=model_card(manifest, choice.row, evaluation))
        run.folder.folder(UNFINISHED).delete()
    return detector


def choose(run: Run, trial: int | None = None) -> Choice:
    """Return a trial of a run, the best one unless another is named.

    Raises:
        UserError: There is no such trial, or it has no result.
    """
    rows = {row["trial"]: row for row in run.arrow("trials").to_pylist()}
    if trial is None:
        best = ranking.best(run.trials(), run.direction)
        if best is None and any(row["state"] == "COMPLETE" for row in rows.values()):
            limits = " and ".join(map(str, run.manifest.job.search.limits))
            raise UserError(f"{run.name} has no complete trial that keeps {limits}. Choose one all the same (--trial).")
        if best is None and run.state == "finished":
            reason = next((row["error"] for row in rows.values() if row["error"]), "none of them says why")
            raise UserError(f"none of the trials of {run.name} was completed. The first failure: {reason}")
        if best is None:
            raise UserError(f"{run.name} has no complete trial yet. Resume it with `{command_on(run.uri, 'resume')}`.")
        trial = int(best["trial"])
    if trial not in rows:
        raise UserError(f"{run.name} has no trial {trial}; its trials are 0 to {max(rows, default=0)}.")
    row = rows[trial]
    if row["best_epoch"] is None or row["state"] == "FAIL":
        raise UserError(f"trial {trial} of {run.name} is {row['state']} and has no result. Choose another (--trial).")
    if row["state"] == "PRUNED":
        raise UserError(
            f"trial {trial} of {run.name} was stopped early, after {counted(row['epochs'], 'epoch')}: nobody knows "
            "what it would have come to. Choose a complete one (--trial), or begin another search with its point (nids "
            f"search --start-from {run.name}:{trial})."
        )
    return Choice(trial, run.manifest.hyperparameters_of(row), row["best_epoch"], row)


def _train(
    run: Run,
    choice: Choice,
    job: Job,
    training_set: TrainingSet,
    folds: Sequence[Fold],
    all_rows: Fold,
    members: int,
    workspace: Workspace,
) -> tuple[list[list[FitResult]], list[FitResult]]:
    """Return the models of each fold, and those of all rows."""
    hp, epochs = choice.hyperparameters, choice.epochs
    work: list[FitWork] = [
        *on_folds(folds, members, job, hp, epochs),
        *on_all(all_rows, members, job, hp, epochs),
    ]
    try:
        models = workspace.fit(run, job, training_set, work, run.folder.folder(UNFINISHED))
    except TrialFailed as error:
        raise UserError(f"a model could not be trained: {error}. Choose another trial (--trial).") from None
    *of_folds, of_all_rows = (models[i : i + members] for i in range(0, len(models), members))
    return of_folds, of_all_rows


def _manifest(
    run: Run,
    choice: Choice,
    job: Job,
    training_set: TrainingSet,
    all_rows: Fold,
    predictions: pd.DataFrame,
    members: int,
) -> bundle.Manifest:
    return bundle.Manifest(
        format=bundle.FORMAT,
        dataset=training_set.dataset.name,
        class_map=job.data.class_map or training_set.dataset.label_maps[0].name,
        classes=training_set.dataset.classes,
        model=job.model.name,
        run=run.name,
        trial=choice.trial,
        hyperparameters=choice.hyperparameters,
        epochs=choice.epochs,
        members=members,
        thresholds=thresholds_of(predictions, training_set),
        calibration=calibration_of(predictions, training_set, all_rows, choice.hyperparameters),
        data=bundle.TrainingData(**run.manifest.data.model_dump(include={*bundle.TrainingData.model_fields})),
        created=datetime.now(UTC).isoformat(),
        versions=backend.versions(VERSIONS_OF),
    )


def _judge(detector: Bundle, traffic: Traffic, training_set: TrainingSet) -> tuple[DetectorEvaluation, pd.DataFrame]:
    """Return the evaluation of a detector on held-out rows, and its predictions."""
    by_member = detector.ensemble.by_member(traffic.features)
    mean = by_member.mean(axis=0)
    table = pd.DataFrame(
        {
            "row": np.arange(len(mean), dtype=np.int32),
            "class": np.array(detector.classes)[traffic.label],
            "attack": traffic.attack.to_numpy(),
            **probability_columns(mean, detector.classes),
        }
    )
    thresholds = {str(rate): threshold for rate, threshold in detector.thresholds.items()}
    evaluation = evaluate_traffic(mean, traffic, training_set, thresholds)
    of_detector = DetectorEvaluation.model_validate(
        {
            **evaluation.model_dump(),
            "sha256": traffic.sha256,
            "members": [_figures(detector, traffic.label, member) for member in by_member],
            "calibrated": _calibrated(detector, traffic.label, mean),
        }
    )
    return of_detector, table


def _judge_out_of_fold(detector: Bundle, predictions: pd.DataFrame) -> OutOfFold:
    """Return what the rows that a fold's models were not trained on say of the detector's calibration."""
    labels, probabilities = known_rows(predictions, detector.classes)
    return OutOfFold(rows=len(labels), calibrated=_calibrated(detector, labels, probabilities))


def _judge_folds(
    training_set: TrainingSet, folds: Sequence[Fold], probabilities: Sequence[np.ndarray]
) -> CrossValidation:
    """Return the detector's figures by cross-validation: means over the folds, their spread, and each fold's own."""
    by_fold = [
        validation_figures(training_set, fold, of_fold) for fold, of_fold in zip(folds, probabilities, strict=True)
    ]
    return CrossValidation.model_validate(
        {
            "figures": over_folds(by_fold),
            "by_fold": [
                {
                    "fold": fold.number,
                    "confusion": result.pop("confusion"),
                    "attacks": result.pop("attacks"),
                    "figures": result,
                }
                for fold, result in zip(folds, by_fold, strict=True)
            ],
        }
    )


def _calibrated(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Figures]:
    """Return the figures of probabilities as they are, and as each calibration makes them."""
    return {
        "as trained": _quality(detector, labels, probabilities),
        "temperature": _quality(detector, labels, detector.calibrated(probabilities)),
        "natural priors": _quality(detector, labels, detector.with_natural_priors(probabilities)),
    }


def _quality(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> Figures:
    table = reliability(labels, probabilities)
    return {
        **_figures(detector, labels, probabilities),
        "expected_calibration_error": expected_calibration_error(table),
    }


def _figures(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> Figures:
    return {**figures_of(JudgedRows.all_known(labels, probabilities, detector.benign))}
