"""Manifests and statuses of runs that no search has made, and manifests of detectors that nobody has trained."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nids import datasets
from nids.detector.manifest import Manifest
from nids.results import RunManifest
from nids.results.manifest import MEASURES_OF_FORMAT_3
from nids.results.status import Owner, TrialCounts

CREATED = datetime(2026, 11, 23, 20, tzinfo=UTC)
OWNER = Owner(host="here", pid=1)
NO_TRIALS = TrialCounts()


def a_manifest(**sections: Any) -> RunManifest:
    """Return the manifest of a small run; of a section, some keys can be given other values."""
    values: dict[str, Any] = {
        "run": "a-run",
        "created": CREATED,
        "job": {"name": "a-job"},
        "data": {
            "dataset": "nsl-kdd",
            "source": "KDDTrain+",
            "sha256": "ab12",
            "rows": 100,
            "synthetic": False,
            "classes": ["Normal", "U2R"],
            "class_counts": {"Normal": 80, "U2R": 20},
        },
        "dataset": datasets.get("nsl-kdd").labelled_by(),
        "folds": {
            "hash": "cd34",
            "used": [0, 1],
            "width": 122,
            "training_rows": [50, 50],
            "synthetic_rows": [0, 0],
            "validation_rows": [50, 50],
            "withheld": [[], []],
        },
        "space": {},
        "measures": dict(MEASURES_OF_FORMAT_3),
        "versions": {"optuna": "5.0.0"},
        "machine": {"nodes": 1, "cpus": 2, "gpus": 0},
    }
    for name, changed in sections.items():
        both = name in {"job", "data", "folds", "machine"}
        values[name] = values[name] | changed if both else changed
    return RunManifest.model_validate(values)


def networks(hyperparameters: Any, **changes: Any) -> dict[str, Any]:
    """Return what the manifest of a detector says of two CNN-BiGRUs; some keys can be given other values."""
    values = {"kind": "networks", "trial": 3, "model": "cnn-bigru", "epochs": 2, "members": 2, "weight": 1.0}
    return values | {"hyperparameters": hyperparameters} | changes


def a_bundle_manifest(*components: Any, **changes: Any) -> Manifest:
    """Return the manifest of a detector of such components for NSL-KDD's rows; some keys can be given other values."""
    values: dict[str, Any] = {
        "dataset": "nsl-kdd-sample",
        "class_map": "nsl-kdd",
        "classes": ("Normal", "DoS", "Probe", "R2L", "U2R"),
        "run": "a-run",
        "components": components,
        "thresholds": {0.001: 0.9, 0.01: 0.5},
        "calibration": {"temperature": 1.5, "trained_on": (0.2,) * 5, "natural": (0.6, 0.1, 0.1, 0.1, 0.1)},
        "data": {"source": "rows", "sha256": "ab", "rows": 240, "synthetic": True},
        "created": "2026-01-02T03:04:05+00:00",
        "versions": {"nids": "0.1.0"},
    }
    return Manifest.model_validate(values | changes)
