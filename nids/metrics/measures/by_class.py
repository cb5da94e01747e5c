"""Measures of one class against all others, as in ``nids.metrics.classification.ClassFigures``."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure("precision", "precision", definition="Of the rows predicted as this class, the share that belongs to it."),
    Measure(
        "recall",
        "recall (detection rate)",
        definition="Of the rows of this class, the share that is predicted as this class.",
    ),
    Measure("f1", "F1", definition="Harmonic mean of precision and recall."),
    Measure(
        "false_positive_rate",
        "false-positive rate",
        direction="min",
        definition="Of the rows of all other classes, the share that is predicted as this class.",
    ),
)
