"""A run's ``final/evaluation.json`` and ``baselines/evaluation.json``, in today's form and the earlier one."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import Field

from nids.errors import DamagedFileError
from nids.metrics.evaluation import Evaluation, Figures
from nids.results.cures import damaged, with_cure
from nids.results.manifest import FORMAT
from nids.results.schema import PRESENT_NAMES
from nids.typed_file import Time, TypedFile, checked


class DetectorEvaluation(Evaluation):
    """What a held-out file says of the finalized trial.

    Attributes:
        sha256: Of the file's rows.
        members: The figures of each of its models alone.
        calibrated: Way to put the probabilities right → their figures.
    """

    sha256: str
    members: tuple[Figures, ...]
    calibrated: dict[str, Figures]


class BaselineEvaluation(Evaluation):
    """What a held-out file says of a baseline: of which model, with or without the run's resampling."""

    model: str
    resampled: bool
    file: str


class Calibration(TypedFile):
    """How the detector's probabilities are put right: see ``nids.detector.bundle.Calibration``."""

    temperature: float
    trained_on: tuple[float, ...]
    natural: tuple[float, ...]


class OutOfFold(TypedFile):
    """The detector's probabilities for training rows, each from models that were not trained on the row."""

    rows: int
    calibrated: dict[str, Figures]


class AttackTypeCounts(TypedFile):
    """Rows of one attack type in a fold's validation part, as in the run store's attacks."""

    attack: str
    class_name: str = Field(alias="class")
    unseen: bool
    rows: int
    detected: int
    correct: int


class FoldEvaluation(TypedFile):
    """What a fold's validation part says of the detector."""

    fold: int
    figures: Figures
    confusion: tuple[tuple[int, ...], ...]
    attacks: tuple[AttackTypeCounts, ...]


class CrossValidation(TypedFile):
    """What the folds say of the detector: means and, as ``…_std``, spread of its figures, and each fold's own."""

    figures: Figures
    by_fold: tuple[FoldEvaluation, ...]


class ComponentEvaluation(TypedFile):
    """What the folds say of a candidate for a part of the detector, alone.

    Attributes:
        name: What it is called.
        weight: Its share in the detector; 0 if the detector does without it.
        figures: Means over the folds and, as ``…_std``, spread.
    """

    name: str
    weight: float
    figures: Figures


class FinalEvaluation(TypedFile):
    """What was found when a trial was finalized.

    Attributes:
        format: Of the file.
        created: When.
        trial: The trial, of several the best.
        picked_by: The rule that picked it; empty if none did.
        epochs: How long each network of it was trained.
        members: Number of models on the same rows.
        components: The candidates, if there were several.
        thresholds: False-positive rate aimed at → threshold on the attack score.
        calibration: From rows that the models were not trained on.
        out_of_fold: What those rows say of the probabilities.
        folds: What they say of everything else.
        held_out: Held-out file → what it says.
    """

    format: Literal[4] = FORMAT
    created: Time
    trial: int
    picked_by: str = ""
    epochs: int
    members: int
    components: tuple[ComponentEvaluation, ...] = ()
    thresholds: dict[str, float]
    calibration: Calibration
    out_of_fold: OutOfFold
    folds: CrossValidation
    held_out: dict[str, DetectorEvaluation]


class BaselinesEvaluation(TypedFile):
    """What the held-out files say of the baselines."""

    format: Literal[4] = FORMAT
    created: Time
    held_out: tuple[BaselineEvaluation, ...]


EvaluationFile = TypeVar("EvaluationFile", FinalEvaluation, BaselinesEvaluation)


def evaluation_from(kind: type[EvaluationFile], values: object, run: str, path: str) -> EvaluationFile:
    """Return the content of a file of evaluations.

    Args:
        kind: Which of the two.
        values: What it holds, as ``json.loads`` returns it.
        run: The run's folder, a path or a URI, for messages.
        path: The file's path in it.

    Raises:
        DamagedFileError: It is not as it should be.
    """
    if isinstance(values, dict) and "format" not in values:
        upgraded = _upgraded_final if kind is FinalEvaluation else _upgraded_baselines
        try:
            values = upgraded(values)
        except (KeyError, TypeError, AttributeError) as error:
            reason = f"this is not an evaluation of any version ({type(error).__name__}: {error})"
            raise damaged(run, path, reason) from None
    try:
        return checked(kind, values, f"{run}/{path}")
    except DamagedFileError as error:
        raise DamagedFileError(with_cure(error, run, path)) from None


def _upgraded_final(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``final/evaluation.json`` of a run of format 3 in today's form."""
    folds, out_of_fold = dict(values["folds"]), dict(values["out_of_fold"])
    by_fold = folds.pop("by_fold")
    return {
        **values,
        "out_of_fold": {"rows": out_of_fold.pop("rows"), "calibrated": out_of_fold},
        "folds": {"figures": _renamed(folds, PRESENT_NAMES), "by_fold": [_upgraded_fold(fold) for fold in by_fold]},
        "held_out": {file: _upgraded(evaluation) for file, evaluation in values["held_out"].items()},
    }


def _upgraded_fold(values: dict[str, Any]) -> dict[str, Any]:
    figures = _renamed(values, PRESENT_NAMES)
    return {
        "fold": figures.pop("fold"),
        "confusion": figures.pop("confusion"),
        "attacks": [_renamed(attack, PRESENT_NAMES) for attack in figures.pop("attacks")],
        "figures": figures,
    }


def _upgraded_baselines(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``baselines/evaluation.json`` of a run of format 3 in today's form."""
    return {**values, "held_out": [_upgraded(evaluation) for evaluation in values["held_out"]]}


def _upgraded(values: dict[str, Any]) -> dict[str, Any]:
    rates = {"flagged": "detection_rate", "recognized": "recall", "mostly_taken_for": "most_often_predicted"}
    by_type = {"seen": "seen_detection_rate", "unseen": "unseen_detection_rate"}
    return {
        **values,
        "seen": _renamed(values["seen"], rates),
        "unseen": _renamed(values["unseen"], rates),
        "attacks": [_renamed(attack, rates) for attack in values["attacks"]],
        "detection": {rate: _renamed(result, by_type) for rate, result in values["detection"].items()},
    }


def _renamed(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in values.items()}
