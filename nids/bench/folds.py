"""The folds of all of KDDTrain+, resampled to full balance: time to build them, and the memory that they take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import ray
from imblearn.over_sampling import SMOTE

from nids import datasets, job_file
from nids.bench.timing import spread
from nids.cluster import connection
from nids.cluster.object_store import SharedFolds
from nids.folds.build import build_folds
from nids.folds.encoding import Encoding
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.training.batches import TrainingRows

if TYPE_CHECKING:
    from nids.bench.timing import Row
    from nids.config import Job
    from nids.datasets.traffic import Traffic

JOB = {"name": "folds", "data": {"dataset": "nsl-kdd"}}
MB = 1e6


def measure(rounds: int) -> list[Row]:
    """Build the folds as one would without this project and as it does, in turns, and look at what they take."""
    job = job_file.make(JOB, source=__file__)
    traffic = datasets.load_training("nsl-kdd", rows=job.data.rows, seed=0)
    training_set = TrainingSet.from_traffic(traffic)
    plain = job.model_copy(update={"folds": job.folds.model_copy(update={"resampling": "none"})})
    one_by_one, ours, without = [], [], []
    for _ in range(rounds):
        one_by_one.append(_one_by_one(training_set, traffic, job))
        ours.append(_seconds(training_set, traffic, job))
        without.append(_seconds(training_set, traffic, plain))
    folds = build_folds(training_set, traffic, job, lambda _: None)
    rows = sum(len(fold.training) + len(fold.synthetic_labels) + len(fold.validation) for fold in folds)
    naive = rows * folds[0].encoding.width * 4
    connection.connect()
    try:
        before = _shared_memory()
        shared = SharedFolds.put(training_set, folds)
        used = _shared_memory() - before
        private = ray.get(ray.remote(num_cpus=1)(_private_memory).remote(shared))
    finally:
        ray.shutdown()
    ratios = [a / b for a, b in zip(one_by_one, ours, strict=True)]
    smote = [100 * (1 - b / a) for a, b in zip(ours, without, strict=True)]
    return [
        ("five full-balance folds of KDDTrain+ in shared memory", f"{used / MB:.0f} MB"),
        ("each as one float32 matrix of all its rows", f"{naive / MB:.0f} MB"),
        ("private memory of a trial from data", f"{private / MB:.1f} MB"),
        ("building them: imbalanced-learn's SMOTE, fold after fold ÷ ours", spread(ratios, "×", 1)),
        ("fold after fold", spread(one_by_one, " s", 1)),
        ("ours", spread(ours, " s", 1)),
        ("SMOTE's share of ours", spread(smote, " %", 0)),
    ]


def _one_by_one(training_set: TrainingSet, traffic: Traffic, job: Job) -> float:
    """Return the seconds that the same folds take in a loop with the library's own search for neighbours."""
    started = time.perf_counter()
    for sides in split(traffic, job.folds, job.search.seed):
        encoding = Encoding.fit(training_set.rows, sides.training, training_set.dataset)
        SMOTE(random_state=0).fit_resample(
            encoding.transform(training_set.rows, sides.training), training_set.labels[sides.training]
        )
    return time.perf_counter() - started


def _seconds(training_set: TrainingSet, traffic: Traffic, job: Job) -> float:
    started = time.perf_counter()
    build_folds(training_set, traffic, job, lambda _: None)
    return time.perf_counter() - started


def _private_memory(shared: SharedFolds) -> int:
    """Return the most that a process takes for itself while it reads an epoch of a fold's batches, bytes."""
    training_set, folds = shared.get()
    rows = TrainingRows(training_set, folds[0], folds[0].encoding.width)
    next(rows.batches(512, 0))
    process = psutil.Process()
    before = process.memory_full_info().uss
    rows = TrainingRows(training_set, folds[0], folds[0].encoding.width)
    most = 0
    for i, _ in enumerate(rows.batches(512, 1)):
        if i % 20 == 0:
            most = max(most, process.memory_full_info().uss)
    return most - before


def _shared_memory() -> float:
    time.sleep(2)  # the cluster's view of its store lags behind
    return float(ray.cluster_resources()["object_store_memory"] - ray.available_resources()["object_store_memory"])
