from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from nids import models
from nids.bench import mapped_trials

SMALL = """
from nids.bench import mapped_trials
mapped_trials.STEPS, mapped_trials.SECONDS = 2, 0.01
for part in ("losses", "rates"):
    mapped_trials.run(part, 32, [2], "mlp")
"""


@pytest.mark.slow
def test_mapped_trials_have_the_losses_of_trials_alone() -> None:
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    ended = subprocess.run([sys.executable, "-c", SMALL], capture_output=True, text=True, check=True, env=environment)
    losses, *rates = map(json.loads, ended.stdout.splitlines())
    assert losses["again"] == 0
    assert losses["mapped"] < 1e-4
    assert [(rate["trials"], rate["batch"], rate["resident"], len(rate["rows"])) for rate in rates] == [
        (2, 32, False, mapped_trials.ROUNDS),
        (2, 32, True, mapped_trials.ROUNDS),
    ]
    assert all(min(rate["rows"]) > 0 and rate["compilation"] > 0 for rate in rates)


def test_points_have_one_architecture_and_differ_in_all_else() -> None:
    spec = models.get("cnn-bigru")
    points = mapped_trials.points(spec, 4, 64)
    assert len({spec.architecture_of(hp) for hp in points}) == 1
    varied = {*spec.spaces["paper"], "batch_norm_momentum"}
    assert all(len({getattr(hp, name) for hp in points}) == 4 for name in varied)


def test_without_jax_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert mapped_trials.measure() == [("trials in one program", "on JAX alone (KERAS_BACKEND=jax)")]


def test_each_rate_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    common = {"batch": 512, "tracing": 1.0, "compilation": 20.0, "memory": 2500}

    def lines(part: str, batch: int, *counts: int) -> list[dict[str, Any]]:
        if part == "losses":
            return [{"mapped": 1.5e-7, "again": 0.0}]
        return [
            {**common, "trials": 1, "resident": False, "rows": (900.0, 1000.0, 1100.0)},
            {**common, "trials": 8, "resident": True, "rows": (3900.0, 4000.0, 4100.0)},
        ]

    monkeypatch.setattr(mapped_trials, "_lines", lines)
    assert mapped_trials.measure() == [
        (
            "rows a second, 1 trial in one program, batches from the host",
            "1,000 (900–1,100); 1.00× the first; 2,500 MiB; traced in 1.0 s, compiled in 20.0 s",
        ),
        (
            "rows a second, 8 trials in one program, rows on the device",
            "4,000 (3,900–4,100); 4.00× the first; 2,500 MiB; traced in 1.0 s, compiled in 20.0 s",
        ),
        (
            "largest relative difference of a loss from the trial's alone, 8 trials, 20 steps",
            "1.5e-07; 0.0e+00 between the same trial alone twice",
        ),
    ]
