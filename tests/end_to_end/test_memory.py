"""What trials do to a machine's memory: one that takes all of it, and many in one process."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import ray
from rich.console import Console

from nids import datasets, job_file
from nids.bench.many_trials import EPOCHS, Stub
from nids.cluster import connection
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

GIB = 2**30
# More than Ray, the driver and two trials take, and less than the hungry trial asks for.
ROOM, STEPS, BYTES_OF_A_STEP = 4.5 * GIB, 80, GIB // 8
HUNGRY = 1


class Hungry(Stub):
    """Trials that take a second; in its second epoch one of them takes memory until its process is ended."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._number = new_config["number"]
        return super().reset_config(new_config)

    def step(self) -> dict[str, Any]:
        result = super().step()
        time.sleep(0.5)
        if self._number == HUNGRY and self._epoch == 2:
            taken = []
            for _ in range(STEPS):
                taken.append(np.ones(BYTES_OF_A_STEP, dtype=np.uint8))
                time.sleep(0.05)
        return result


@pytest.fixture
def watched_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster of this machine whose memory monitor acts once so much more is used."""
    memory = psutil.virtual_memory()
    assert memory.available > ROOM + STEPS * BYTES_OF_A_STEP, "the test would take the machine's memory"
    threshold = (memory.total - memory.available + ROOM) / memory.total
    monkeypatch.setenv("RAY_memory_usage_threshold", f"{threshold:.3f}")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    connection.connect()
    yield
    ray.shutdown()


def test_a_trial_that_takes_all_memory_fails_alone(watched_memory: None, tmp_path: Path) -> None:
    job = job_file.make(
        {
            "name": "memory",
            "data": {"dataset": "nsl-kdd-sample", "rows": 600},
            "folds": {"count": 2, "targets": {"R2L": 20, "U2R": 20}},
            "training": {"epochs": EPOCHS},
            "search": {"trials": 6},
            "scheduler": {"kind": "none"},
        },
        source="a test",
    )
    prepared = prepare.prepare(
        job, datasets.load_training("nsl-kdd-sample", rows=600), str(tmp_path), "memory", lambda _: None
    )
    run = driver.run(prepared, Console(file=io.StringIO()), Hungry)
    trials = run.trials().sort_values("trial").set_index("trial")
    assert trials["state"].to_dict() == {number: "FAIL" if number == HUNGRY else "COMPLETE" for number in range(6)}
    assert "memory" in trials["error"][HUNGRY]
    assert run.state == "finished"


SLOTS, ROOM_FOR_FEW = 6, 7 * GIB


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster of this machine with more slots than its memory holds large trials, as Ray's monitor sees to it."""
    memory = psutil.virtual_memory()
    assert memory.available > ROOM_FOR_FEW + 2 * GIB, "the test would take the machine's memory"
    threshold = (memory.total - memory.available + ROOM_FOR_FEW) / memory.total
    monkeypatch.setenv("RAY_memory_usage_threshold", f"{threshold:.3f}")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    connection.start(num_cpus=SLOTS, _memory=ROOM_FOR_FEW - GIB)
    yield
    connection.disconnect()


@pytest.mark.parametrize("asked", ["auto", 0])
def test_trials_that_need_more_than_there_is_run_fewer_at_once(
    little_memory: None, tmp_path: Path, asked: float | str
) -> None:
    job = job_file.make(
        {
            "name": "memory",
            "data": {"dataset": "nsl-kdd-sample", "rows": 6000},
            "folds": {"count": 2, "resampling": "none"},
            "training": {"epochs": 1},
            "search": {"trials": SLOTS},
            "scheduler": {"kind": "none"},
            "hyperparameters": {"batch_size": 2048},
            "resources": {"memory_per_trial": asked},
        },
        source="a test",
    )
    traffic = datasets.load_training("nsl-kdd-sample", rows=6000)
    console = Console(file=io.StringIO(), width=200)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "memory", lambda _: None), console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    if asked == "auto":
        assert "2 trials at once, of 6 by CPUs: the largest network takes " in said
        assert "is started again" not in said
        assert run.trials()["state"].tolist() == ["COMPLETE"] * SLOTS
    else:  # what happens if it is not asked for
        assert "is started again" in said


# A process of its own, so that nothing else counts; it prints its resident memory after each trial.
TRIALS = """
import sys, tempfile
import numpy as np, psutil
from nids.models import backend
backend.configure_alone(1)
from nids import datasets, job_file, models
from nids.folds.build import build_folds
from nids.folds.fold import TrainingSet
from nids.results.checkpoints import Checkpoints
from nids.results.ownership import Ownership
from nids.storage import Folder
from nids.training import trial

trial.WORTH_KEEPING = 0.0
name = sys.argv[1]
small = {"cnn-bigru": {"conv_filters": 16, "gru_units": 16, "sequence_gru_units": 16}, "mlp": {"units": 64}}[name]
job = job_file.make(
    {
        "name": "memory",
        "data": {"dataset": "nsl-kdd-sample", "rows": 2000},
        "folds": {"count": 2, "targets": {"R2L": 60, "U2R": 60}},
        "training": {"epochs": 3},
        "model": {"name": name},
        "hyperparameters": small,
    },
    source="a test",
)
traffic = datasets.load_training("nsl-kdd-sample", rows=2000)
training_set = TrainingSet.from_traffic(traffic)
folds = build_folds(training_set, traffic, job, lambda _: None)
folder = Folder.from_uri(tempfile.mkdtemp())
checkpoints = Checkpoints(folder, Ownership(folder).token)
chance = np.random.default_rng(0)
dropouts = {"cnn-bigru": ("conv_dropout", "gru_dropout"), "mlp": ("dropout",)}[name]
for number in range(int(sys.argv[2])):
    drawn = {key: float(chance.uniform(0, 0.5)) for key in dropouts}
    drawn |= {"learning_rate": float(chance.uniform(1e-3, 1e-2)), "batch_size": 256}
    hyperparameters = models.get(name).hyperparameters.model_validate({**small, **drawn})
    list(trial.run_trial(hyperparameters, training_set, folds, job, checkpoints.of(number, {})))
    print(psutil.Process().memory_info().rss, flush=True)
"""


@pytest.mark.parametrize("model", ["mlp", "cnn-bigru"])
def test_a_hundred_trials_take_no_more_memory_than_ten(model: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TRIALS, model, "100"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    resident = [int(line) for line in ended.stdout.split()]
    assert len(resident) == 100
    assert resident[-1] < 1.05 * resident[9], resident
