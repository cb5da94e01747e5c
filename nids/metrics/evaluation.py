"""What labelled rows say of a detector. A figure that does not exist, as a rate of no rows, is None."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from nids.typed_file import TypedFile


def _none_if_nan(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Figure = Annotated[float | None, BeforeValidator(_none_if_nan)]
Figures = dict[str, Figure]


def number(figure: float | None) -> float:
    """Return a figure, NaN if it does not exist."""
    return math.nan if figure is None else figure


class ClassResult(TypedFile):
    """The figures of one class, as in ``nids.metrics.classification.ClassFigures``; areas are against all others."""

    class_name: str = Field(alias="class")
    precision: Figure
    recall: Figure
    f1: Figure
    false_positive_rate: Figure
    support: int
    roc_auc: Figure
    pr_auc: Figure


class AttackGroup(TypedFile):
    """Attacks whose type was, or was not, in training.

    Attributes:
        types: Number of types.
        rows: Their rows.
        detection_rate: Share of them that are taken for an attack of any class.
        recall: Share of them that are given their class.
        accuracy: Of these rows and all benign ones.
        macro_f1: Of these rows and all benign ones.
    """

    types: int
    rows: int
    detection_rate: Figure
    recall: Figure
    accuracy: Figure
    macro_f1: Figure


class AttackTypeResult(TypedFile):
    """What became of one attack type; benign traffic is one too.

    Attributes:
        attack: Its name.
        class_name: Its class.
        seen: Whether it was in training.
        rows: Its rows.
        detection_rate: Share of them that are taken for an attack of any class.
        recall: Share of them that are given their class.
        most_often_predicted: The class that most of them are given.
    """

    attack: str
    class_name: str = Field(alias="class")
    seen: bool
    rows: int
    detection_rate: float
    recall: float
    most_often_predicted: str


class ThresholdResult(TypedFile):
    """What a threshold makes of the rows: see ``nids.metrics.detection.Detection``.

    ``accuracy`` and ``macro_f1`` are those of the classes that go with its alerts (``classes_at``); evaluations of
    earlier versions lack them.
    """

    threshold: float
    detection_rate: Figure
    false_positive_rate: Figure
    precision: Figure
    seen_detection_rate: Figure
    unseen_detection_rate: Figure
    accuracy: Figure = None
    macro_f1: Figure = None


class LabelMapResult(TypedFile):
    """The figures by another label map, which gives some types of attacks another one of the same classes.

    Attributes:
        accuracy: Of the most probable classes.
        macro_f1: Of the most probable classes.
        detection: False-positive rate aimed at → ``accuracy`` and ``macro_f1`` of the classes that go with the alerts.
    """

    accuracy: Figure
    macro_f1: Figure
    detection: dict[str, Figures]


class CalibrationTable(TypedFile):
    """Log-loss, expected calibration error, and the table of ``nids.metrics.calibration.reliability``."""

    log_loss: Figure
    expected_calibration_error: Figure
    edges: tuple[float, ...]
    confidence: tuple[Figure, ...]
    accuracy: tuple[Figure, ...]
    rows: tuple[int, ...]


class TwinResult(TypedFile):
    """Rows that are the same to a model as a training row, their twin, and what the other rows say.

    Attributes:
        rows: Number of rows with a twin.
        figures: Of the rows without one: accuracy, macro_f1, detection_rate and false_positive_rate; none if each row
            has one.
    """

    rows: int
    figures: Figures


class RocCurve(TypedFile):
    """Points of the curve of attack against benign, ascending."""

    false_positive_rate: tuple[float, ...]
    detection_rate: tuple[float, ...]


class Evaluation(TypedFile):
    """What labelled rows say of a detector.

    Attributes:
        rows: Their number.
        figures: Those of ``nids.metrics.measures.figures_of``, ``macro_precision`` and ``macro_recall``, and
            ``macro_roc_auc``, the mean over the classes, each against all others; of the question "attack or benign"
            ``roc_auc``, ``pr_auc``, and ``detection_rate`` and ``false_positive_rate`` if a row counts as its most
            probable class.
        intervals: 95 % bootstrap intervals of accuracy, macro_f1 and detection_rate.
        classes: The figures of each class.
        confusion: Counts, actual by predicted.
        seen: The attacks whose type was in training.
        unseen: The others.
        attacks: What became of each attack type.
        detection: False-positive rate aimed at → what the threshold makes of the rows.
        calibration: Whether the probabilities mean what they say.
        roc: The ROC curve.
        twins: The rows with a twin in training, and the figures without them; None in files of earlier versions.
        dropped: Class that the search dropped → further rows, which are of it and are not judged.
        label_maps: Name of another label map of the same classes → what it says.
    """

    rows: int
    figures: Figures
    intervals: dict[str, tuple[Figure, Figure]]
    classes: tuple[ClassResult, ...]
    confusion: tuple[tuple[int, ...], ...]
    seen: AttackGroup
    unseen: AttackGroup
    attacks: tuple[AttackTypeResult, ...]
    detection: dict[str, ThresholdResult]
    calibration: CalibrationTable
    roc: RocCurve
    twins: TwinResult | None = None
    dropped: dict[str, int] = Field(default_factory=dict)
    label_maps: dict[str, LabelMapResult] = Field(default_factory=dict)

    def figure(self, name: str) -> float:
        """Return one of ``figures``, NaN if it does not exist."""
        return number(self.figures[name])
