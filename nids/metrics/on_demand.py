"""Measures that are computed on the folds only where a search asks for them.

They are those of one class (``recall.U2R``), of attack against benign at any threshold (``roc_auc``, ``pr_auc``) or at
the one of a false-positive rate (``detection_rate@0.01``), of all classes in one number (``mcc``), and of what the
network costs (``parameters``, ``scoring_seconds``). Rows of unseen attack types count in none of them but in those that
say so: ``unseen_detection_rate@0.01``, ``unseen_macro_f1@0.01``.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from nids.metrics.attack_types import false_alarm_rate, unseen_macro_f1, unseen_share
from nids.metrics.classification import class_figures, mcc
from nids.metrics.detection import attack_scores, classes_at, pr_auc, roc_auc, share, threshold_at
from nids.metrics.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nids.metrics.judged_rows import JudgedRows


def _detection_rate(rows: JudgedRows) -> float:
    attacks = ~rows.unseen & (rows.labels != rows.benign)
    return share(rows.predicted[attacks] != rows.benign)


OF_CLASS: Mapping[str, Measure] = MappingProxyType(
    {
        "precision": Measure("precision", "precision"),
        "recall": Measure("recall", "recall"),
        "f1": Measure("f1", "F1"),
        "false_positive_rate": Measure("false_positive_rate", "false-positive rate", direction="min"),
    }
)
# Measures of decisions at the threshold of a false-positive rate.
_AT_RATE = re.compile(r"(detection_rate|unseen_detection_rate|unseen_macro_f1)@(0\.\d+)")
COSTS: Mapping[str, Measure] = MappingProxyType(
    {
        "parameters": Measure(
            "parameters",
            "parameters",
            direction="min",
            unit="count",
            log_scale=True,
            definition="Numbers in the network that training sets.",
        ),
        "scoring_seconds": Measure(
            "scoring_seconds",
            "seconds to score a million rows",
            direction="min",
            unit="seconds",
            log_scale=True,
            definition="From the time that a fold's validation rows took on the machine of the trial.",
        ),
    }
)
_OF_ROWS: Mapping[str, Callable[[JudgedRows], float]] = MappingProxyType(
    {
        "mcc": lambda rows: mcc(rows.confusion),
        "roc_auc": lambda rows: roc_auc(*_attack_against_benign(rows)),
        "pr_auc": lambda rows: pr_auc(*_attack_against_benign(rows)),
        "false_alarm_rate": false_alarm_rate,
    }
)
_LABELS_AT_RATE: Mapping[str, str] = MappingProxyType(
    {
        "detection_rate": "detection rate",
        "unseen_detection_rate": "detection rate of unseen attacks",
        "unseen_macro_f1": "macro-F1 with unseen attacks",
    }
)
_OF_DECISIONS: Mapping[str, Callable[[JudgedRows], float]] = MappingProxyType(
    {
        "detection_rate": _detection_rate,
        "unseen_detection_rate": lambda rows: unseen_share(rows, "detected"),
        "unseen_macro_f1": unseen_macro_f1,
    }
)
NAMES = (
    *(f"{figure}.CLASS" for figure in OF_CLASS),
    "detection_rate@RATE",
    "unseen_detection_rate@RATE",
    "unseen_macro_f1@RATE",
    *_OF_ROWS,
    *COSTS,
)


def class_in(name: str) -> tuple[str, str] | None:
    """Return the figure and the class of a measure of one class; None for any other name.

    >>> class_in("recall.U2R")
    ('recall', 'U2R')
    """
    figure, dot, of_class = name.partition(".")
    return (figure, of_class) if figure in OF_CLASS and dot and of_class else None


def rate_in(name: str) -> float | None:
    """Return the false-positive rate of ``detection_rate@RATE`` and the like; None for any other name."""
    found = _AT_RATE.fullmatch(name)
    return float(found[2]) if found and float(found[2]) > 0 else None


def needs_unseen(name: str) -> bool:
    """Return whether a measure of this module exists only where attack types were withheld from training."""
    return rate_in(name) is not None and name.startswith("unseen_")


def is_on_demand(name: str) -> bool:
    """Return whether a name is that of a measure of this module."""
    return name in _OF_ROWS or name in COSTS or class_in(name) is not None or rate_in(name) is not None


def described_on_demand(name: str) -> Measure | None:
    """Return a measure whose name says what it is of; None for any other name."""
    if of_class := class_in(name):
        figure = OF_CLASS[of_class[0]]
        return Measure(name, f"{figure.label} of {of_class[1]}", figure.direction)
    if (rate := rate_in(name)) is not None:
        measure = name.partition("@")[0]
        return Measure(
            name,
            f"{_LABELS_AT_RATE[measure]} at {100 * rate:g} % false positives",
            needs_unseen=needs_unseen(name),
            definition="Where what is taken for an attack is a row whose score is above the lowest threshold that no "
            "larger share of the benign rows is above.",
        )
    return COSTS.get(name)


def figures_on_demand(names: Iterable[str], rows: JudgedRows, classes: Sequence[str]) -> dict[str, float]:
    """Return those of some measures that are computed from rows.

    Args:
        names: Of measures of this module; those of what a network costs are passed over.
        rows: The rows.
        classes: Names of the classes, in the order of the labels.
    """
    figures: dict[str, float] = {}
    by_class = class_figures(rows.confusion)
    for name in names:
        if of_class := class_in(name):
            figure, label = of_class[0], classes.index(of_class[1])
            # Of a class without rows, zero would read as a failure.
            has_figure = by_class.support[label] > 0 or figure == "false_positive_rate"
            figures[name] = float(getattr(by_class, figure)[label]) if has_figure else math.nan
        elif (rate := rate_in(name)) is not None:
            decided = decided_at(rows, rate)
            figures[name] = math.nan if decided is None else _OF_DECISIONS[name.partition("@")[0]](decided)
        elif name in _OF_ROWS:
            figures[name] = float(_OF_ROWS[name](rows))
    return figures


def decided_at(rows: JudgedRows, rate: float) -> JudgedRows | None:
    """Return rows with the decisions, as probabilities of 0 and 1, of ``classes_at`` the threshold of a rate.

    The threshold is ``threshold_at`` of the benign rows. None if no row is benign.
    """
    benign = rows.labels == rows.benign
    if not benign.any():
        return None
    threshold = threshold_at(attack_scores(rows.probabilities[benign], rows.benign), rate)
    decided = classes_at(rows.probabilities, rows.benign, threshold)
    return replace(rows, probabilities=np.eye(rows.probabilities.shape[1], dtype=np.float32)[decided])


def _attack_against_benign(rows: JudgedRows) -> tuple[np.ndarray, np.ndarray]:
    known = ~rows.unseen
    return attack_scores(rows.probabilities[known], rows.benign), rows.labels[known] != rows.benign
