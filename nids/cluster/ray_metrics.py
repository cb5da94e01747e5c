"""Ray's own metrics, switched off: it would serve them to whoever asks, without a token, and nobody here reads them."""

from __future__ import annotations

# Variables of the processes that start Ray. Its autoscaler and its dashboard serve theirs whatever they are told; where
# the port has a number that no port can have, they note it in their logs, and go on.
OFF = {"RAY_enable_metrics_collection": "0", "AUTOSCALER_METRIC_PORT": "65536", "DASHBOARD_METRIC_PORT": "65536"}
