"""Measures of the rows of known attack types, by the most probable class or by the probabilities."""

from __future__ import annotations

from nids.metrics.classification import accuracy, macro_f1, weighted
from nids.metrics.measure import Measure

MEASURES = (
    Measure("accuracy", "accuracy", compute=lambda rows: accuracy(rows.confusion), headline=True),
    Measure("macro_f1", "macro-F1", compute=lambda rows: macro_f1(rows.confusion), headline=True),
    Measure(
        "log_loss",
        "log-loss",
        direction="min",
        unit="nats",
        log_scale=True,
        compute=lambda rows: rows.log_loss,
        headline=True,
    ),
    Measure(
        "weighted_precision",
        "weighted precision",
        compute=lambda rows: weighted(rows.confusion, "precision"),
        objective=False,
    ),
    Measure(
        "weighted_recall",
        "weighted recall",
        compute=lambda rows: weighted(rows.confusion, "recall"),
        objective=False,  # accuracy by another name
    ),
    Measure("weighted_f1", "weighted F1", compute=lambda rows: weighted(rows.confusion, "f1")),
)
