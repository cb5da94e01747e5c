"""Measures of folds whose training part lacks some attack types."""

from __future__ import annotations

from nids.metrics.attack_types import false_alarm_rate, unseen_macro_f1, unseen_share
from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "unseen_macro_f1",
        "macro-F1 with unseen attacks",
        compute=unseen_macro_f1,
        needs_unseen=True,
        headline=True,
        definition="Macro-F1 over known rows and those of attack types that the fold withheld from training, each "
        "withheld type weighing as much as the known rows of its class, times n / (n + 5) for its n rows.",
    ),
    Measure(
        "unseen_detection_rate",
        "detection rate of unseen attacks",
        compute=lambda rows: unseen_share(rows, "detected"),
        needs_unseen=True,
        objective=False,
        headline=True,
        definition="Of a withheld attack type's rows, the share that is taken for any attack: the mean over the types, "
        "weighted by n / (n + 5). All other measures are of rows of known types.",
    ),
    Measure(
        "unseen_recall",
        "recall of unseen attacks",
        compute=lambda rows: unseen_share(rows, "correct"),
        needs_unseen=True,
        objective=False,
        definition="Of a withheld attack type's rows, the share whose class is correct: the mean over the types, "
        "weighted by n / (n + 5).",
    ),
    Measure(
        "false_alarm_rate",
        "false-alarm rate",
        direction="min",
        compute=false_alarm_rate,
        needs_unseen=True,
        objective=False,
        headline=True,
        definition="Share of the benign rows that are classified as an attack.",
    ),
)
