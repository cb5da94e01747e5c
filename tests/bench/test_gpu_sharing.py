from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nids.bench import gpu_sharing
from nids.bench.gpu_sharing import ON_A_GPU, ROUNDS, Rate
from nids.models.gpu_cards import cards

TRAIN = "import json; from nids.bench.gpu_sharing import train; print(json.dumps(train(1, 0.0, 32, 0.6, 'mlp')))"


@pytest.mark.slow
def test_a_process_trains_when_it_is_told_to() -> None:
    done = subprocess.run([sys.executable, "-c", TRAIN], input="go\n", capture_output=True, text=True, check=True)
    ready, figures = done.stdout.splitlines()
    rates, peak = json.loads(figures)
    assert (ready, len(rates), peak) == ("ready", ROUNDS, 0)
    assert min(rates) > 0


@pytest.mark.skipif(not cards(), reason="there is no GPU on this machine")
@pytest.mark.timeout(600)
def test_trials_share_a_gpu() -> None:
    rates = [gpu_sharing._rate(count, cpus=1, gpus=1 / count, seconds=3) for count in ON_A_GPU]
    assert all(min(rate.rows) > 0 and 0 < rate.peak < rate.memory for rate in rates)


def test_without_a_gpu_the_cores_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {1: Rate((99.0, 100.0, 102.0)), 2: Rate((170.0, 180.0, 181.0))}
    monkeypatch.setattr(gpu_sharing, "cards", list)
    monkeypatch.setattr("psutil.cpu_count", lambda: 2)
    monkeypatch.setattr(gpu_sharing, "_rate", lambda processes, cpus, gpus: rates[processes])
    assert gpu_sharing.measure() == [
        ("rows a second on a GPU", "there is none on this machine"),
        ("rows a second of one trial with 2 threads", "100 (99–102)"),
        ("rows a second of 2 trials with one each", "180 (170–181); 1.80× the one"),
    ]
