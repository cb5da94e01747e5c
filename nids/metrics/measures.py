"""The table of measures: what each figure is called, whether less of it is better, and in what unit it is.

Nothing else in the project knows that a log-loss is minimised, shown in nats, or drawn on a logarithmic axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction = Literal["min", "max"]
Unit = Literal["share", "nats", "seconds"]


@dataclass(frozen=True)
class Measure:
    """A figure of a classifier, or of what it costs.

    Attributes:
        name: As columns of tables and job files have it.
        label: Its words.
        direction: Whether less of it is better ("min"), or more ("max").
        unit: "share" (a fraction, shown in per cent), "nats" or "seconds".
        log_scale: Whether an axis of it is logarithmic.
    """

    name: str
    label: str
    direction: Direction = "max"
    unit: Unit = "share"
    log_scale: bool = False


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("log_loss", "log-loss", "min", "nats", log_scale=True),
            Measure("accuracy", "accuracy"),
            Measure("macro_f1", "macro-F1"),
            Measure("weighted_precision", "weighted precision"),
            Measure("weighted_recall", "weighted recall"),
            Measure("weighted_f1", "weighted F1"),
            Measure("precision", "precision"),
            Measure("recall", "recall (detection rate)"),
            Measure("f1", "F1"),
            Measure("false_positive_rate", "false-positive rate", "min"),
            Measure("unseen_macro_f1", "macro-F1 with unseen attacks"),
            Measure("unseen_detection_rate", "detection rate of unseen attacks"),
            Measure("unseen_recall", "recall of unseen attacks"),
            Measure("false_alarm_rate", "false-alarm rate", "min"),
            Measure("training_loss", "training loss", "min", "nats", log_scale=True),
            Measure("seconds", "time of the trial", "min", "seconds"),
        )
    }
)


def label(name: str) -> str:
    """Return the words for a column of the run store: "macro-F1" for ``macro_f1``."""
    return MEASURES[name].label if name in MEASURES else name.replace("_", " ")
