"""Measures of folds whose training part lacks some attack types."""

from __future__ import annotations

from nids.metrics.attack_types import false_alarm_rate, unseen_macro_f1, unseen_share
from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "unseen_macro_f1", "macro-F1 with unseen attacks", compute=unseen_macro_f1, needs_unseen=True, headline=True
    ),
    Measure(
        "unseen_detection_rate",
        "detection rate of unseen attacks",
        compute=lambda rows: unseen_share(rows, "detected"),
        needs_unseen=True,
        objective=False,
        headline=True,
    ),
    Measure(
        "unseen_recall",
        "recall of unseen attacks",
        compute=lambda rows: unseen_share(rows, "correct"),
        needs_unseen=True,
        objective=False,
    ),
    Measure(
        "false_alarm_rate",
        "false-alarm rate",
        direction="min",
        compute=false_alarm_rate,
        needs_unseen=True,
        objective=False,
        headline=True,
    ),
)
