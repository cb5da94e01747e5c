"""One search of forty trials, in which some trials fail and some lose their process, looked at from all sides."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import optuna
import pandas as pd
import psutil
import pytest
import ray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from rich.console import Console
from scipy.sparse import csr_matrix

from nids import datasets
from nids.errors import DamagedFileError
from nids.folds import cache as fold_cache
from nids.metrics.measures import applicable
from nids.results import Run
from nids.results.reopen import FOLDS
from nids.results.writer import JOURNAL
from nids.search import driver, prepare
from nids.search.study import running_values
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic

TRIALS = 40
EPOCHS = 3
MIB = 1 << 20
LOADED = 700  # MiB: memory of a process that has loaded its libraries and builds its model, or trains it
# Shares of the synthetic rows that a trial may use: with the last one its loss is no number.
SOUND, POISONED = (0.0, 0.125, 0.25, 0.5), 1.0


@dataclass
class Watched:
    """What was seen of the processes of the trials while the search ran.

    Attributes:
        sizes: Memory of each process over time, resident bytes; the processes in the order in which they were seen.
        most_at_once: The most trial processes at one time.
        killed: Numbers of the trials that ran when the processes were killed.
        store: Bytes in use in the object store, over time.
    """

    sizes: dict[int, list[int]] = field(default_factory=dict)
    most_at_once: int = 0
    killed: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Search:
    run: Run
    study: optuna.Study
    watched: Watched
    printed: str


@pytest.fixture(scope="module")
def search(cluster: None, make_job: Callable[..., Job], tmp_path_factory: pytest.TempPathFactory) -> Search:
    storage = tmp_path_factory.mktemp("runs")
    job = make_job(
        training={"epochs": EPOCHS},
        search={"trials": TRIALS, "startup_trials": 10},
        space={"resampling_ratio": {"choices": [*SOUND, POISONED]}},
    )
    traffic = datasets.load_training("nsl-kdd-sample", rows=job.data.rows)
    poison(job, traffic, storage)
    console = Console(file=io.StringIO(), width=200)
    with watching(storage / "forty") as watched:
        run = driver.run(prepare.prepare(job, traffic, str(storage), "forty", console.print), console)
    journal = JournalStorage(JournalFileBackend(f"{run.uri}/{JOURNAL}"))
    return Search(run, optuna.load_study(study_name="forty", storage=journal), watched, console.file.getvalue())  # type: ignore[attr-defined]


def poison(job: Job, traffic: Traffic, storage: Path) -> None:
    """Put numbers whose sums overflow into the later synthetic rows of each class: trials that use all read them."""
    key = fold_cache.key(traffic, job.folds, job.search.seed)
    cache = Folder.from_uri(str(storage)).folder(FOLDS)
    training_set, folds = fold_cache.folds_of(job, traffic.dataset, key, cache, lambda: traffic, lambda line: None)
    poisoned = []
    for fold in folds:
        synthetic = fold.synthetic.toarray()
        for label in np.unique(fold.synthetic_labels):
            (rows,) = np.nonzero(fold.synthetic_labels == label)
            synthetic[rows[len(rows) // 2 + 1 :]] = np.finfo(np.float32).max
        poisoned.append(replace(fold, synthetic=csr_matrix(synthetic)))
    fold_cache.save(cache.folder(key), training_set, poisoned)


@contextmanager
def watching(path: Path) -> Iterator[Watched]:
    """Watch the trials' processes from a thread, and kill them once in the middle of their trials."""
    watched, over = Watched(), threading.Event()

    def loop() -> None:
        while not over.wait(0.1):
            # A process that ended as it was looked at; a run whose first files are being written.
            with suppress(psutil.NoSuchProcess, DamagedFileError):
                observe(watched, path)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()


def observe(watched: Watched, path: Path) -> None:
    total = ray.cluster_resources()["object_store_memory"]
    watched.store.append(int(total - ray.available_resources()["object_store_memory"]))
    processes = [process for process in psutil.Process().children(recursive=True) if trains(process)]
    watched.most_at_once = max(watched.most_at_once, len(processes))
    for process in processes:
        watched.sizes.setdefault(process.pid, []).append(process.memory_info().rss)
    if processes and not watched.killed and running_trials(path):
        kill_in_a_trial(watched, processes, path)


def kill_in_a_trial(watched: Watched, processes: list[psutil.Process], path: Path) -> None:
    """Kill the processes if they are in the middle of trials: they stand still while the trials are read."""
    for process in processes:
        process.suspend()
    time.sleep(0.2)  # what they said before they stood still is in the run store by now
    watched.killed = running_trials(path)
    for process in processes:
        if watched.killed:
            process.kill()
        else:
            process.resume()


def running_trials(path: Path) -> list[int]:
    """Numbers of the trials that run, once some have; none while one of them reads the poisoned rows."""
    trials = Run(Folder.from_uri(str(path))).trials()
    running = trials[trials["state"] == "RUNNING"]
    poisoned = running["params_resampling_ratio"].eq(POISONED).any()
    return [] if poisoned or len(trials) < 5 else running["trial"].tolist()


def trains(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[0].startswith("ray::ResourceTrainable")
    except (psutil.Error, IndexError):
        return False


@pytest.mark.timeout(1800)
def test_no_trial_is_lost(search: Search) -> None:
    run = search.run
    trials = run.trials().set_index("trial")
    assert trials.index.tolist() == list(range(TRIALS))
    counts = Counter(trials["state"])
    assert counts.keys() == {"COMPLETE", "PRUNED", "FAIL"}
    assert run.status.state == "finished"
    assert run.status.trials.model_dump(exclude={"seconds"}) == {
        "total": TRIALS,
        "complete": counts["COMPLETE"],
        "pruned": counts["PRUNED"],
        "failed": counts["FAIL"],
        "running": 0,
        "duplicates": 0,
    }
    lines = search.printed.splitlines()
    for number, state in trials["state"].items():
        verb = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}[state]
        assert sum(line.startswith(f"trial {number} {verb} after") for line in lines) == 1


def test_each_state_means_what_it_says(search: Search) -> None:
    trials = search.run.trials().set_index("trial")
    poisoned = trials["params_resampling_ratio"] == POISONED
    assert (trials["state"] == "FAIL").equals(poisoned)
    assert set(trials.loc[poisoned, "error"]) == {"the training loss became nan in epoch 1 of fold 0"}
    assert trials.loc[~poisoned, "error"].isna().all()
    assert trials.loc[poisoned, "epochs"].eq(0).all()
    assert trials.loc[poisoned, [*applicable(unseen=False), "value"]].isna().all(axis=None)
    # A pruned trial was stopped at a rung of the scheduler: after epoch 1, or after epoch 3, where all ends.
    assert trials.loc[trials["state"] == "PRUNED", "epochs"].eq(1).all()
    assert trials.loc[trials["state"] == "COMPLETE", "epochs"].eq(EPOCHS).all()
    assert (trials["ended"] > trials["started"]).all()


def test_the_study_agrees_with_the_run_store(search: Search) -> None:
    trials = search.run.trials().set_index("trial")
    told = search.study.trials
    assert [trial.number for trial in told] == trials.index.tolist()
    assert [trial.state.name for trial in told] == trials["state"].tolist()
    values = running_values(search.run.curves(), search.run.manifest.job.search)
    assert {trial.number for trial in told if trial.intermediate_values} == values.keys()
    for trial in told:
        row = trials.loc[trial.number]
        assert trial.intermediate_values == pytest.approx(values.get(trial.number, {}))
        assert trial.params == {name: row[f"params_{name}"] for name in trial.params}
        assert trial.value == (None if trial.state.name == "FAIL" else pytest.approx(row["value"]))
    complete = trials[trials["state"] == "COMPLETE"]
    assert search.study.best_trial.number == complete["value"].idxmin()


def test_a_trial_whose_process_was_killed_ran_again(search: Search) -> None:
    assert search.watched.killed
    trials = search.run.trials().set_index("trial")
    for number in search.watched.killed:
        trial = trials.loc[number]
        assert trial["state"] in {"COMPLETE", "PRUNED"}
        curve = search.run.curves().query("trial == @number").sort_values(["fold", "epoch"])
        epochs = range(1, trial["epochs"] + 1)  # type: ignore[arg-type]
        assert list(zip(curve["fold"], curve["epoch"], strict=True)) == [
            (fold, epoch) for fold in (0, 1) for epoch in epochs
        ]


def test_every_table_is_whole(search: Search) -> None:
    run = search.run
    ended = run.trials().query("state != 'FAIL'").set_index("trial")
    curves = run.curves().groupby("trial").size()
    assert curves.to_dict() == (2 * ended["epochs"]).to_dict()
    assert run.classes().groupby("trial").size().to_dict() == dict.fromkeys(ended.index, 2 * 5)
    assert run.confusions().groupby("trial").size().to_dict() == dict.fromkeys(ended.index, 2 * 5 * 5)
    rows = sum(run.manifest.folds.validation_rows)
    assert run.confusions().groupby("trial")["count"].sum().to_dict() == dict.fromkeys(ended.index, rows)


def test_few_processes_run_all_trials_and_do_not_grow(search: Search) -> None:
    """Where each trial traced a network of its own, a process grew by 23 MB with each."""
    assert search.watched.most_at_once == 2
    assert len(search.watched.sizes) < 8
    longest = pd.Series(max(search.watched.sizes.values(), key=len)) / MIB
    trained = longest[longest > LOADED]
    assert trained.iloc[-3:].median() - trained.iloc[2 * len(trained) // 3] < 60


def test_the_object_store_does_not_fill(search: Search) -> None:
    """The folds are put into it before the first trial, once; that they are small here is made up for elsewhere."""
    ((_, times),) = Counter(search.watched.store).most_common(1)
    assert times > 0.9 * len(search.watched.store)
    assert max(search.watched.store) < 2 * MIB
