"""The end of a search: its best trial trained on all rows, judged by the held-out files, and saved as a detector."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nids.detector import bundle
from nids.detector.model_card import model_card
from nids.errors import UserError
from nids.folds.build import full_fold
from nids.metrics.calibration import expected_calibration_error, fit_temperature, reliability, training_priors
from nids.metrics.cross_validation import over_folds, validation_figures
from nids.metrics.detection import FALSE_POSITIVE_RATES, attack_scores, threshold_at
from nids.metrics.evaluate import evaluate_traffic
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import figures_of
from nids.results import file_name, ranking, write_table
from nids.results.evaluation import Calibration, CrossValidation, DetectorEvaluation, FinalEvaluation, OutOfFold
from nids.storage import Folder
from nids.training.refit import on_all, on_folds
from nids.training.trial import FoldOfTrial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.detector.bundle import Bundle
    from nids.folds.fold import Fold, TrainingSet
    from nids.metrics.evaluation import Figures
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.results import Run
    from nids.training.refit import FitResult, FitWork

FOLDER, BUNDLE = "final", "bundle"
VERSIONS_OF = ("nids", "tensorflow", "keras", "numpy", "imbalanced-learn", "scikit-learn")


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


def choose(run: Run, trial: int | None = None) -> Choice:
    """Return a trial of a run, the best complete one unless another is named.

    Raises:
        UserError: There is no such trial, or it has no result.
    """
    trials = run.arrow("trials")
    rows = {row["trial"]: row for row in trials.to_pylist()}
    if trial is None:
        best = ranking.best(trials.to_pandas(), run.direction)
        if best is None:
            raise UserError(f"{run.name} has no complete trial yet. Go on with it by `nids resume {run.name}`.")
        trial = int(best["trial"])
    if trial not in rows:
        raise UserError(f"{run.name} has no trial {trial}; its trials are 0 to {max(rows, default=0)}.")
    row = rows[trial]
    if row["best_epoch"] is None or row["state"] == "FAIL":
        raise UserError(f"trial {trial} of {run.name} is {row['state']} and has no result. Choose another (--trial).")
    return Choice(trial, run.manifest.hyperparameters_of(row), row["best_epoch"], row)


def finalize(
    run: Run,
    choice: Choice,
    job: Job,
    training_set: TrainingSet,
    folds: Sequence[Fold],
    members: int,
    train: Callable[[Sequence[FitWork]], list[FitResult]],
    read_held_out: Callable[[], list[Traffic]],
) -> Bundle:
    """Train, judge and save a trial's detector; ``final/`` and ``bundle/`` of the run hold the outcome.

    Args:
        run: The run.
        choice: The trial.
        job: The run's job.
        training_set: What its folds share.
        folds: Its folds.
        members: How many models to train on the same rows, each from another seed: the detector is their mean, and
            their spread says how much chance there is in its figures. The folds have as many, so that thresholds and
            calibration are of what is saved, not of one model of it.
        train: Returns the models.
        read_held_out: Returns the held-out rows; called once all models are trained.
    """
    everything = full_fold(training_set, job)
    hp, epochs = choice.hyperparameters, choice.epochs
    models = train([*on_folds(folds, members, job, hp, epochs), *on_all(everything, members, job, hp, epochs)])
    probabilities = [
        np.mean([model.probabilities for model in models[i * members : (i + 1) * members]], axis=0)
        for i in range(len(folds))
    ]
    held_back = out_of_fold(training_set, folds, probabilities)
    manifest = _manifest(run, choice, job, training_set, everything, held_back, members)
    weights = [model.weights for model in models[len(folds) * members :]]
    # Judged is what was saved and read again, not what happens to be in memory.
    with tempfile.TemporaryDirectory() as temporary:
        draft = Folder.from_uri(temporary)
        bundle.save(draft, manifest, everything.encoding, weights, card="")
        detector = bundle.load(draft)
    folder = run.folder.folder(FOLDER)
    write_table(folder, "out_of_fold.parquet", held_back)
    held_out = {traffic.source: _judge(detector, traffic, training_set, folder) for traffic in read_held_out()}
    evaluation = FinalEvaluation(
        created=datetime.now(UTC),
        trial=choice.trial,
        epochs=choice.epochs,
        members=members,
        thresholds={str(rate): threshold for rate, threshold in manifest.thresholds.items()},
        calibration=Calibration(**manifest.calibration.model_dump()),
        out_of_fold=_out_of_fold(held_back, training_set, detector),
        folds=_cross_validation(training_set, folds, probabilities),
        held_out=held_out,
    )
    folder.write("evaluation.json", evaluation.to_json())
    card = model_card(manifest, choice.row, evaluation)
    bundle.save(run.folder.folder(BUNDLE), manifest, everything.encoding, weights, card)
    return detector


def out_of_fold(training_set: TrainingSet, folds: Sequence[Fold], probabilities: Sequence[np.ndarray]) -> pd.DataFrame:
    """Return what each fold's detector says of the rows that it was not trained on.

    Args:
        training_set: What the folds share.
        folds: The folds.
        probabilities: Of the validation rows of each fold, float32 of shape (rows, classes).

    Columns: row (its number), fold, class and attack (names), unseen (whether the fold withheld the attack type), and
    p_<class> for each class, float32.
    """
    classes = training_set.dataset.classes
    tables = []
    for fold, found in zip(folds, probabilities, strict=True):
        attacks = np.array(training_set.attack_types)[training_set.attacks[fold.validation]]
        tables.append(
            pd.DataFrame(
                {
                    "row": fold.validation,
                    "fold": np.int32(fold.number),
                    "class": np.array(classes)[training_set.labels[fold.validation]],
                    "attack": attacks,
                    "unseen": np.isin(attacks, fold.withheld),
                    **_columns(found, classes),
                }
            )
        )
    return pd.concat(tables, ignore_index=True).sort_values(["row", "fold"], ignore_index=True)


def _manifest(
    run: Run,
    choice: Choice,
    job: Job,
    training_set: TrainingSet,
    everything: Fold,
    held_back: pd.DataFrame,
    members: int,
) -> bundle.Manifest:
    dataset = training_set.dataset
    labels, probabilities = _known(held_back, dataset.classes)
    benign = dataset.benign_label
    calm = attack_scores(probabilities[labels == benign], benign)
    trained_on = FoldOfTrial.from_fold(training_set, everything, everything.encoding.width, choice.hyperparameters)
    counts = np.bincount(trained_on.training.labels, minlength=len(dataset.classes))
    natural = np.bincount(training_set.labels, minlength=len(dataset.classes))
    calibration = bundle.Calibration(
        temperature=fit_temperature(labels, probabilities),
        trained_on=tuple(training_priors(counts, trained_on.weights).tolist()),
        natural=tuple(training_priors(natural).tolist()),
    )
    return bundle.Manifest(
        format=bundle.FORMAT,
        dataset=dataset.name,
        class_map=job.data.class_map or dataset.label_maps[0].name,
        classes=dataset.classes,
        run=run.name,
        trial=choice.trial,
        model=job.model.name,
        hyperparameters=choice.hyperparameters,
        epochs=choice.epochs,
        members=members,
        thresholds={rate: threshold_at(calm, rate) for rate in FALSE_POSITIVE_RATES},
        calibration=calibration,
        data=run.manifest.data.model_dump(include={"source", "sha256", "rows", "synthetic"}),
        created=datetime.now(UTC).isoformat(),
        versions={package: version(package) for package in VERSIONS_OF},
    )


def _judge(detector: Bundle, traffic: Traffic, training_set: TrainingSet, folder: Folder) -> DetectorEvaluation:
    """Return the evaluation of a detector on held-out rows, and write its predictions."""
    by_member = detector.ensemble.by_member(traffic.features)
    mean = by_member.mean(axis=0)
    table = pd.DataFrame(
        {
            "row": np.arange(len(mean), dtype=np.int32),
            "class": np.array(detector.classes)[traffic.label],
            "attack": traffic.attack.to_numpy(),
            **_columns(mean, detector.classes),
        }
    )
    write_table(folder, f"predictions-{file_name(traffic.source)}.parquet", table)
    thresholds = {str(rate): threshold for rate, threshold in detector.thresholds.items()}
    evaluation = evaluate_traffic(mean, traffic, training_set.attack_types, thresholds)
    members = [figures_of(JudgedRows.all_known(traffic.label, member, detector.benign)) for member in by_member]
    return DetectorEvaluation.model_validate(
        {
            **evaluation.model_dump(),
            "sha256": traffic.sha256,
            "members": members,
            "calibrated": _calibrated(detector, traffic.label, mean),
        }
    )


def _out_of_fold(held_back: pd.DataFrame, training_set: TrainingSet, detector: Bundle) -> OutOfFold:
    """Return what the rows that a fold's model was not trained on say of the detector's calibration."""
    labels, probabilities = _known(held_back, training_set.dataset.classes)
    return OutOfFold(rows=len(labels), calibrated=_calibrated(detector, labels, probabilities))


def _cross_validation(
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
    """Return the figures of probabilities as they are, and of each way to put them right."""
    return {
        "as trained": _quality(detector, labels, probabilities),
        "temperature": _quality(detector, labels, detector.calibrated(probabilities)),
        "natural priors": _quality(detector, labels, detector.with_natural_priors(probabilities)),
    }


def _quality(detector: Bundle, labels: np.ndarray, probabilities: np.ndarray) -> Figures:
    figures = figures_of(JudgedRows.all_known(labels, probabilities, detector.benign))
    table = reliability(labels, probabilities)
    return {**figures, "expected_calibration_error": expected_calibration_error(table)}


def _known(held_back: pd.DataFrame, classes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and probabilities of the rows whose attack type the fold's model had seen."""
    known = held_back[~held_back["unseen"]]
    labels = pd.Categorical(known["class"], list(classes)).codes.astype(np.int8)
    return labels, known[[f"p_{name}" for name in classes]].to_numpy()


def _columns(probabilities: np.ndarray, classes: Sequence[str]) -> dict[str, np.ndarray]:
    return {f"p_{name}": probabilities[:, i] for i, name in enumerate(classes)}
