"""Measures of what training cost."""

from __future__ import annotations

from nids.metrics.measure import Measure

MEASURES = (
    Measure("training_loss", "training loss", direction="min", unit="nats", log_scale=True),
    Measure("seconds", "time of the trial", direction="min", unit="seconds"),
)
