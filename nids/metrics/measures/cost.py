"""Measures of what training cost."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure(
        "training_loss",
        "training loss",
        direction="min",
        unit="nats",
        log_scale=True,
        definition="What the optimiser saw in the epoch: with dropout and, where used, resampled rows, weights of rows "
        "and focal loss. Its level is not that of the validation log-loss.",
    ),
    Measure("seconds", "time of the trial", direction="min", unit="seconds"),
)
