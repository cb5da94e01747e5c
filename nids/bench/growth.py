"""What scheduling and recording cost as trials become many: the whole driver, with trials that compute nothing."""

from __future__ import annotations

import io
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import psutil
import ray
from rich.console import Console

from nids import config, datasets
from nids.bench.measuring import Row, output_of
from nids.metrics import SUMMARY
from nids.results import TABLES, RunWriter
from nids.search import cluster, driver, preparation
from nids.search.trainable import TrialProcess, result_of
from nids.stopwatch import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.config import Job
    from nids.search.sharing import SharedFolds

SIZES = (10, 100, 1000, 10_000)
FOLDS, CLASSES, EPOCHS = 3, 5, 4
KB = 1e3


class Stub(TrialProcess):
    """A trial that reports as a real one does, at once; its values depend on its hyperparameters."""

    def setup(self, config: dict[str, Any], shared: SharedFolds, job: Job) -> None:  # noqa: ARG002
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
        figures = dict.fromkeys(SUMMARY, value)
        seconds = dict.fromkeys(["seconds", *(f"{part}_seconds" for part in PARTS)], 0.0)
        confusion = [[100] * CLASSES] * CLASSES
        report = {
            "epoch": self._epoch,
            "finished": self._epoch == EPOCHS,
            "value": value,
            "best_epoch": self._epoch,
            **figures,
            **{f"{name}_std": 0.0 for name in SUMMARY},
            "folds": [
                {"fold": fold, "training_loss": value, **figures, **seconds, "confusion": confusion}
                for fold in range(FOLDS)
            ],
        }
        return result_of(report)


def measure() -> list[Row]:
    """Run searches of growing size, each in a process of its own."""
    title = "trials a second, growth of the driver's memory a trial; seconds to write and to read the run store"
    rows = [("trials that compute nothing, 3 folds × 4 epochs, pruned", title)]
    for size in SIZES:
        rate, memory, writing, reading = output_of([sys.executable, "-m", "nids.bench.growth", str(size)]).split()
        rows.append((f"{size:,} trials", f"{rate}/s, {memory} kB; {writing} s, {reading} s"))
    return rows


def run(trials: int) -> tuple[float, float, float, float]:
    """Return trials a second, growth of the driver's memory in kB a trial, and the seconds to write and read the store.

    Rate and growth are those of the second half of the trials: what a process allocates once is not counted.
    """
    job = config.make(
        {
            "name": "stub",
            "data": {"dataset": "nsl-kdd-sample", "rows": 600},
            "folds": {"count": FOLDS, "targets": {"R2L": 20, "U2R": 20}},
            "training": {"epochs": EPOCHS},
            "search": {"trials": trials},
            "scheduler": {"grace_period": 2},
        },
        source=__file__,
    )
    traffic = datasets.load_training("nsl-kdd-sample", rows=600)
    ends = _Ends()
    cluster.connect()
    try:
        with tempfile.TemporaryDirectory() as storage, _timed(RunWriter, "flush") as flushes:
            prepared = preparation.prepare(job, traffic, storage, "stub", ends.write)
            found = driver.run(prepared, Console(file=ends), Stub)
            started = time.perf_counter()
            tables = [found.table(name) for name in TABLES]
            reading = time.perf_counter() - started
    finally:
        ray.shutdown()
    states = tables[0]["state"]
    if len(ends.seen) != trials or len(states) != trials or (states == "RUNNING").any():
        raise RuntimeError(f"of {trials} trials, {len(ends.seen)} ended and {len(states)} were recorded")
    half = len(ends.seen) // 2
    (first, before), (last, after) = ends.seen[half - 1], ends.seen[-1]
    counted = trials - half
    return counted / (last - first), (after - before) / counted / KB, sum(flushes), reading


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
    """What a search prints; notes the time, and this process's memory in bytes, whenever it says that a trial ended."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[float, int]] = []

    def write(self, text: str) -> int:
        """Take in some text."""
        if text.startswith("trial "):
            self.seen.append((time.perf_counter(), psutil.Process().memory_info().rss))
        return len(text)


if __name__ == "__main__":
    print("{:.1f} {:.0f} {:.1f} {:.2f}".format(*run(int(sys.argv[1]))))
