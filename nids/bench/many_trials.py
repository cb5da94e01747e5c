"""What scheduling and recording cost as trials become many: the whole driver, with trials that compute nothing."""

from __future__ import annotations

import io
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import psutil
import ray
from rich.console import Console

from nids import datasets, job_file
from nids.bench.timing import Row, output_of
from nids.cluster import connection
from nids.metrics.measures import applicable
from nids.results import TABLES, Run, RunWriter
from nids.search import driver, prepare
from nids.search.trainable import TrialProcess, result_of
from nids.training.timer import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nids.cluster.object_store import SharedFolds
    from nids.cluster.placement import NodePool
    from nids.config import Job
    from nids.results.checkpoints import Checkpoints
    from nids.storage import Folder

SIZES = (10, 100, 1000, 10_000)
FOLDS, CLASSES, EPOCHS = 3, 5, 4
KB = 1e3
# As many as KDDTrain+ has.
ATTACKS = [
    {"attack": f"type {i}", "class": "DoS", "unseen": False, "rows": 100, "detected": 90, "correct": 80}
    for i in range(23)
]


class Stub(TrialProcess):
    """A trial that reports as a real one does, at once; its values depend on its hyperparameters."""

    def setup(
        self,
        config: dict[str, Any],
        shared: SharedFolds,  # noqa: ARG002
        job: Job,  # noqa: ARG002
        pools: Sequence[NodePool],  # noqa: ARG002
        checkpoints: Checkpoints | None = None,  # noqa: ARG002
    ) -> None:
        """Begin the process's first trial."""
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin the next trial."""
        self._hp = new_config["hyperparameters"]
        self._epoch = 0
        return True

    def step(self) -> dict[str, Any]:
        """Return the report of one more epoch."""
        self._epoch += 1
        value = 0.1 + abs(self._hp["gru_dropout"] - 0.2) + self._hp["conv_dropout"] / 10 + 0.1 / self._epoch
        figures = dict.fromkeys(applicable(unseen=False), value)
        seconds = dict.fromkeys(["seconds", *(f"{part}_seconds" for part in PARTS)], 0.0)
        confusion = [[100] * CLASSES] * CLASSES
        report = {
            "epoch": self._epoch,
            "finished": self._epoch == EPOCHS,
            "value": value,
            "best_epoch": self._epoch,
            **figures,
            **{f"{name}_std": 0.0 for name in figures},
            "folds": [
                {
                    "fold": fold,
                    "training_loss": value,
                    **figures,
                    **seconds,
                    "confusion": confusion,
                    "attacks": ATTACKS,
                }
                for fold in range(FOLDS)
            ],
        }
        return result_of(report)


@dataclass(frozen=True)
class Milestone:
    """Where a search stood when so many of its trials had ended.

    Attributes:
        trials: Number of them.
        reached: When that was, seconds.
        left: When the search went on, seconds; in between, the run store was read.
        memory: Of the driver's process, bytes.
        writing: Seconds that had gone into writing the run store.
        reading: Seconds that it took to read all of it.
    """

    trials: int
    reached: float
    left: float
    memory: int
    writing: float
    reading: float


def measure() -> list[Row]:
    """Run one search in a process of its own."""
    title = "trials a second; growth of the driver's memory, and writing the run store, for each of them; reading it"
    return [("trials that compute nothing, of 3 folds × 4 epochs", title), *rows_of(SIZES)]


def rows_of(sizes: Sequence[int], address: str = "", gpus: float = 0.0) -> list[Row]:
    """Return the rows of a search of its own process; the arguments are those of ``run``."""
    lines = output_of(
        [sys.executable, "-m", "nids.bench.many_trials", address, str(gpus), *map(str, sizes)]
    ).splitlines()
    rows = []
    for line in lines:
        trials, _, figures = line.partition("\t")
        rows.append((trials, figures))
    return rows


def run(sizes: Sequence[int], address: str | None = None, gpus: float = 0.0) -> list[Milestone]:
    """Run a search of as many trials as the last of some sizes, and return where it stood at each of them.

    Args:
        sizes: Ascending.
        address: A running cluster; by default, one is started on this machine.
        gpus: GPUs of a trial.
    """
    job = job_file.make(
        {
            "name": "stub",
            "data": {"dataset": "nsl-kdd-sample", "rows": 600},
            "folds": {"count": FOLDS, "targets": {"R2L": 20, "U2R": 20}},
            "training": {"epochs": EPOCHS},
            "search": {"trials": sizes[-1]},
            "scheduler": {"kind": "none"},  # each trial costs the same then, from the first to the last
            "resources": {"gpus_per_trial": gpus},
        },
        source=__file__,
    )
    traffic = datasets.load_training("nsl-kdd-sample", rows=600)
    connection.connect(address)
    try:
        with tempfile.TemporaryDirectory() as storage, _timed(RunWriter, "flush") as flushes:
            prepared = prepare.prepare(job, traffic, storage, "stub", lambda _: None)
            ends = _Ends(sizes, prepared.folder, flushes)
            run = driver.run(prepared, Console(file=ends), Stub)
            trials = run.trials()
    finally:
        ray.shutdown()
    # None lost, and none twice.
    numbers = sorted(trials.loc[trials["state"] == "COMPLETE", "trial"])
    if ends.seen != sizes[-1] or numbers != list(range(sizes[-1])):
        raise RuntimeError(f"of {sizes[-1]} trials, {ends.seen} ended and {len(numbers)} were recorded")
    return ends.milestones


def compared(earlier: Milestone, later: Milestone) -> str:
    """Return what the trials between two milestones cost, as two cells of the table."""
    trials = later.trials - earlier.trials
    rate = trials / (later.reached - earlier.left)
    memory = (later.memory - earlier.memory) / trials / KB
    writing = 1000 * (later.writing - earlier.writing) / trials
    name = f"trials {earlier.trials + 1:,} to {later.trials:,}"
    return f"{name}\t{rate:.1f}/s; {memory:.0f} kB, {writing:.1f} ms; {later.reading:.2f} s"


@contextmanager
def _timed(owner: type, name: str) -> Iterator[list[float]]:
    """Note the seconds that each call of a method takes."""
    method, seconds = getattr(owner, name), list[float]()

    def timed(*args: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return method(*args, **options)
        finally:
            seconds.append(time.perf_counter() - started)

    with patch.object(owner, name, timed):
        yield seconds


class _Ends(io.StringIO):
    """What a search prints: of each trial's end a line; measures the driver at some numbers of them."""

    def __init__(self, sizes: Sequence[int], folder: Folder, flushes: Sequence[float]) -> None:
        super().__init__()
        self.seen = 0
        self.milestones: list[Milestone] = []
        self._sizes = (0, *sizes)
        self._folder = folder
        self._flushes = flushes
        self._measure()

    def write(self, text: str) -> int:
        """Take in some text."""
        if text.startswith("trial "):
            self.seen += 1
            self._measure()
        return len(text)

    def _measure(self) -> None:
        if self.seen not in self._sizes:
            return
        reached, memory, writing = time.perf_counter(), psutil.Process().memory_info().rss, sum(self._flushes)
        if self.seen:
            for name in TABLES:
                Run(self._folder).table(name)
        left = time.perf_counter()
        self.milestones.append(Milestone(self.seen, reached, left, memory, writing, left - reached))


if __name__ == "__main__":
    named, share, *numbers = sys.argv[1:]
    for pair in pairwise(run([int(size) for size in numbers], named or None, float(share))):
        print(compared(*pair))
