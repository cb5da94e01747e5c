"""Measures of the rows of known attack types, by the most probable class or by the probabilities."""

from __future__ import annotations

from nids.metrics.classification import accuracy, macro_f1, weighted
from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "accuracy",
        "accuracy",
        compute=lambda rows: accuracy(rows.confusion),
        headline=True,
        definition="Share of the rows whose class is correct. Frequent classes decide it.",
    ),
    Measure(
        "macro_f1",
        "macro-F1",
        compute=lambda rows: macro_f1(rows.confusion),
        headline=True,
        definition="Plain mean of the classes' F1, each counting alike, be it a class of thousands or of ten rows. "
        "A class that neither occurs among the rows nor is predicted does not count.",
    ),
    Measure(
        "log_loss",
        "log-loss",
        direction="min",
        unit="nats",
        log_scale=True,
        compute=lambda rows: rows.log_loss,
        headline=True,
        definition="Mean of −ln of the probability given to the right class, in nats a row. Lower is better.",
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
