"""Measures of one class against all others, as in ``nids.metrics.classification.ClassFigures``."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure("precision", "precision"),
    Measure("recall", "recall (detection rate)"),
    Measure("f1", "F1"),
    Measure("false_positive_rate", "false-positive rate", direction="min"),
)
