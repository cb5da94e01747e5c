"""Measures of attack against benign, and of the probabilities, on held-out rows."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure("detection_rate", "detection rate"),
    Measure("roc_auc", "ROC-AUC"),
    Measure("pr_auc", "PR-AUC"),
    Measure("expected_calibration_error", "expected calibration error", direction="min"),
)
