"""Measures of attack against benign, and of the probabilities, on held-out rows."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "detection_rate",
        "detection rate",
        definition="Share of all attacks that are classified as an attack of any class.",
    ),
    Measure("roc_auc", "ROC-AUC", unit="area"),
    Measure("pr_auc", "PR-AUC", unit="area"),
    Measure("mcc", "Matthews' correlation coefficient", unit="area"),
    Measure("expected_calibration_error", "expected calibration error", direction="min"),
)
