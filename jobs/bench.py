"""Measures the search against what a user would write instead; prints a table in Markdown.

    NIDS_DATA_DIR=path/to/nsl-kdd python jobs/bench.py [--rounds 3] [PART ...]

Each ratio is of two measurements of one run, taken in turns. Parts: same-work, folds, warm.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import ray

from nids import config, datasets
from nids.batches import TrainingRows
from nids.folds import Corpus, build, split
from nids.results import Run, open_run
from nids.search import cluster, sharing
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

JOBS = Path(__file__).parent
MB = 1e6
Row = tuple[str, str, str]


def same_work(rounds: int) -> list[Row]:
    """Time the plain loop and the search on the same rows, folds, epochs, number of trials and model."""
    plain, ours, busy = [], [], []
    for i in range(rounds):
        with tempfile.TemporaryDirectory() as storage:
            plain.append(_seconds([sys.executable, str(JOBS / "plain_loop.py"), "--seed", str(i)]))
            command = ["search", str(JOBS / "bench.toml"), "--storage", storage, "--name", "bench"]
            ours.append(_seconds([sys.executable, "-m", "nids.cli", *command, "--set", f"search.seed={i}"]))
            busy.append(_in_steps(open_run(storage, "bench")))
    ratios = [a / b for a, b in zip(plain, ours, strict=True)]
    return [
        ("1", "the same 4 trials: plain loop ÷ search, wall-clock", _spread(ratios, "×")),
        ("", "plain loop", _spread(plain, " s")),
        ("", "search, folds and start of the cluster included", _spread(ours, " s")),
        ("3", "seconds in training and validation ÷ (seconds of the trials × slots)", _spread(busy, "")),
    ]


def folds() -> list[Row]:
    """Measure the five folds of all of KDDTrain+, resampled to full balance: time to build them, and memory."""
    job = config.make({"name": "folds", "data": {"dataset": "nsl-kdd"}}, source=__file__)
    traffic = datasets.load_training("nsl-kdd", file="KDDTrain+", rows=6000, seed=0)
    corpus, sides = Corpus.of(traffic), split(traffic, job.folds, seed=0)
    started = time.perf_counter()
    for i, side in enumerate(sides):
        build(corpus, i, side, job.folds, 0)
    alone = time.perf_counter() - started
    cluster.connect()
    # Processes that are running, as they are in a search's second minute.
    ray.get([ray.remote(num_cpus=1)(_imports).remote() for _ in range(2)])
    with tempfile.TemporaryDirectory() as cache:
        before = _shared_memory()
        started = time.perf_counter()
        shared = sharing._build(ray.put(corpus), sides, job, lambda _: None)
        together = time.perf_counter() - started
        used = _shared_memory() - before
        assert Folder.at(cache).names() == []
        private = ray.get(ray.remote(num_cpus=1)(_private_memory).remote(shared))
        _, built = shared.get()
        naive = sum((len(f.training) + len(f.synthetic_labels)) * f.encoding.width * 4 for f in built)
    ray.shutdown()
    return [
        ("5", "five full-balance folds of KDDTrain+ in shared memory", f"{used / MB:.0f} MB"),
        ("", "each as one float32 matrix of its training rows", f"{naive / MB:.0f} MB"),
        ("", "private memory of a trial from data", f"{private / MB:.1f} MB"),
        ("6", "building them: one process ÷ as tasks", f"{alone / together:.2f}× ({alone:.1f} s, {together:.1f} s)"),
    ]


def warm() -> list[Row]:
    """Measure what a trial costs beside its steps, in processes that have run one before."""
    with tempfile.TemporaryDirectory() as storage:
        changes = ["search.trials=40", "folds.targets={R2L = 100, U2R = 50}", "data.dataset=nsl-kdd-sample"]
        options = [part for change in changes for part in ("--set", change)]
        command = ["search", str(JOBS / "bench.toml"), "--storage", storage, "--name", "bench", *options]
        _seconds([sys.executable, "-m", "nids.cli", *command])
        run = open_run(storage, "bench")
        trials = run.trials().set_index("trial").sort_values("started").iloc[4:]
        steps = run.curves().groupby("trial")["seconds"].sum()[trials.index]
        span = (trials["ended"].max() - trials["started"].min()).total_seconds()
        slots = min(2, psutil.cpu_count() or 1)
        overhead = (span * slots - steps.sum()) / len(trials)
    return [("4", "seconds of a trial beside its steps, in warm processes", f"{overhead:.2f} s")]


def _in_steps(run: Run) -> float:
    trials = run.trials()
    span = (trials["ended"].max() - trials["started"].min()).total_seconds()
    return float(run.curves()["seconds"].sum() / (span * run.manifest["machine"]["cpus"]))


def _imports() -> None:
    import imblearn.over_sampling  # noqa: F401

    time.sleep(3)


def _private_memory(shared: sharing.SharedFolds) -> int:
    """Return what a process takes for itself while it reads an epoch of a fold's batches, bytes."""
    corpus, folds = shared.get()
    rows = TrainingRows(corpus, folds[0], folds[0].encoding.width)
    next(rows.batches(512, 0))
    process = psutil.Process()
    before = process.memory_full_info().uss
    rows = TrainingRows(corpus, folds[0], folds[0].encoding.width)
    most = 0
    for i, _ in enumerate(rows.batches(512, 1)):
        if i % 20 == 0:
            most = max(most, process.memory_full_info().uss)
    return most - before


def _shared_memory() -> float:
    time.sleep(2)  # the cluster's view of its store lags behind
    return float(ray.cluster_resources()["object_store_memory"] - ray.available_resources()["object_store_memory"])


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return time.perf_counter() - started


def _spread(values: list[float], unit: str) -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}{unit}"
    return f"{statistics.median(values):.2f}{unit} ({min(values):.2f}–{max(values):.2f}, {len(values)} rounds)"


def main() -> None:
    """Run the parts asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="which parts; unsaid: all")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of same-work (default: 3)")
    arguments = parser.parse_args()
    known: dict[str, Callable[[], list[Row]]] = {
        "folds": folds,
        "warm": warm,
        "same-work": lambda: same_work(arguments.rounds),
    }
    if unknown := set(arguments.parts) - set(known):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(known)}")
    print(f"{cluster._processor()}, {psutil.cpu_count()} CPUs, {platform.platform()}\n")
    print("| | | |\n| --- | --- | --- |")
    for name in arguments.parts or known:
        for row in known[name]():
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
