"""Many trials on many nodes: what a thousand of them cost a driver, and whether twice the slots do twice the trials."""

from __future__ import annotations

import io
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import ray
from rich.console import Console

from nids import datasets, job_file
from nids.bench import many_trials
from nids.bench.timing import output_of
from nids.cluster import connection, local
from nids.cluster.local import Size
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.bench.timing import Row

NODES = Size(nodes=3, cpus=8, gpus=2)
SHARE = 0.25  # of a GPU, for each trial: 24 at once
SIZES = (10, 100, 1000)
SLOTS = (1, 2, 4)
TRIALS, EPOCH_SECONDS = 24, 2.5


class Waiting(many_trials.Stub):
    """A trial that takes its time and computes nothing, so that a few cores can hold many."""

    def step(self) -> dict[str, Any]:
        """Return the report of one more epoch, a while later."""
        time.sleep(EPOCH_SECONDS)
        return super().step()


def measure(progress: Callable[[str], object]) -> list[Row]:
    """Measure both on a cluster of several nodes on this machine."""
    with local.running(NODES, progress) as nodes:
        many = many_trials.rows_of(SIZES, nodes.address, SHARE)
        seconds = {slots: _seconds(slots, nodes.address) for slots in SLOTS}
    at_once = int(NODES.nodes * NODES.gpus / SHARE)
    size = f"{NODES.nodes} nodes, {at_once} trials at once, {SHARE:g} of a logical GPU each"
    title = "trials a second; growth of the driver's memory, and writing the run store, for each of them; reading it"
    scaling = [(f"… {slots} slots", _scaling(slots, seconds)) for slots in SLOTS[1:]]
    trial = f"{TRIALS} trials that wait {many_trials.EPOCHS * EPOCH_SECONDS:g} s each"
    return [
        (f"**{size}: trials that compute nothing**", title),
        *many,
        (f"**{trial}: 1 slot**", f"{seconds[1]:.1f} s"),
        *scaling,
    ]


def _seconds(slots: int, address: str) -> float:
    return float(output_of([sys.executable, "-m", "nids.bench.many_nodes", address, str(slots)]))


def _scaling(slots: int, seconds: dict[int, float]) -> str:
    efficiency = seconds[1] / (slots * seconds[slots])
    return f"{seconds[slots]:.1f} s; efficiency {efficiency:.3f}"


def run(address: str, slots: int) -> float:
    """Return the seconds from the start of a search's first trial to the end of its last one."""
    job = job_file.make(
        {
            "name": "waiting",
            "data": {"dataset": "nsl-kdd-sample", "rows": 600},
            "folds": {"count": many_trials.FOLDS, "targets": {"R2L": 20, "U2R": 20}},
            "training": {"epochs": many_trials.EPOCHS},
            "search": {"trials": TRIALS},
            "scheduler": {"kind": "none"},
            "resources": {"gpus_per_trial": SHARE, "max_concurrent": slots},
        },
        source=__file__,
    )
    traffic = datasets.load_training("nsl-kdd-sample", rows=600)
    connection.connect(address)
    try:
        with tempfile.TemporaryDirectory() as storage:
            prepared = prepare.prepare(job, traffic, storage, "waiting", lambda _: None)
            trials = driver.run(prepared, Console(file=io.StringIO()), Waiting).trials()
    finally:
        ray.shutdown()
    if sorted(trials.loc[trials["state"] == "COMPLETE", "trial"]) != list(range(TRIALS)):
        raise RuntimeError(f"of {TRIALS} trials, some are missing: {trials['state'].tolist()}")
    return float((trials["ended"].max() - trials["started"].min()).total_seconds())


if __name__ == "__main__":
    print(run(sys.argv[1], int(sys.argv[2])))
