"""What is left of a search after faults, held against what it should be."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import optuna
import pandas as pd
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from nids.models import backend
from nids.results.reopen import folds_of_run
from nids.results.writer import JOURNAL
from nids.training.trial import run_trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nids.bench.timing import Row
    from nids.results import Run


def rows_of(run: Run, storage: str, log: Path, nodes_killed: Sequence[tuple[float, set[int]]]) -> list[Row]:
    """Return what became of the trials.

    Args:
        run: The run, whose search has finished.
        storage: Where it is.
        log: What its trials wrote down, see ``nids.bench.chaos_trial``.
        nodes_killed: When a node was killed, seconds since the epoch, and which trials ran there.
    """
    total = run.manifest.job.search.trials
    numbers = Counter(run.trials()["trial"])
    trained = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ended = Counter((entry["trial"], entry["epoch"]) for entry in trained if entry["event"] == "ended")
    lost = lost_epochs(trained)
    again = seconds_until_running(trained, nodes_killed)
    return [
        ("trials in the tables; lost; twice", f"{len(numbers)}; {total - len(numbers)}; {_twice(numbers)}"),
        ("states in the tables, the study and the status agree", _yes(_agree(run, log.parent))),
        ("starts of trials; epochs that were trained; needed", f"{_begun(trained)}; {ended.total()}; {len(ended)}"),
        ("epochs lost by an interrupted trial: most; in all", f"{max(lost, default=0)}; {sum(lost)}"),
        *([("a trial of a killed node runs again after", _spread(again))] if again else []),
        *_truth(run, storage),
    ]


def lost_epochs(trained: Sequence[dict[str, Any]]) -> list[int]:
    """Return of each process that went on with a trial how many epochs the one before it had ended in vain.

    A process that was begun with a trial need not train it: Tune may give it to another one that is free by then.
    """
    spans: dict[int, dict[int, list[int]]] = {}  # of each trial and process: the first and the last epoch that it ended
    for entry in trained:
        if entry["event"] == "ended":
            span = spans.setdefault(entry["trial"], {}).setdefault(entry["pid"], [entry["epoch"], entry["epoch"]])
            span[1] = entry["epoch"]
    return [
        max(0, former[1] - following[0] + 1)
        for of_trial in spans.values()
        for former, following in pairwise(of_trial.values())
    ]


def seconds_until_running(
    trained: Sequence[dict[str, Any]], nodes_killed: Sequence[tuple[float, set[int]]]
) -> list[float]:
    """Return of each trial of a killed node after how many seconds it was begun again."""
    seconds = []
    for killed, trials in nodes_killed:
        for trial in trials:
            begun = [
                entry["time"]
                for entry in trained
                if entry["trial"] == trial and entry["event"] == "begins" and entry["time"] > killed
            ]
            seconds += [min(begun) - killed] if begun else []
    return seconds


def _truth(run: Run, storage: str) -> list[Row]:
    """Train each trial once more without any fault, in this process."""
    backend.configure_alone(1)
    job, training_set, folds = folds_of_run(run, storage, None, lambda _: None)
    found: dict[int, float | None] = {}
    true: dict[int, float | None] = {}
    for row in run.arrow("trials").to_pylist():
        *_, last = run_trial(run.manifest.hyperparameters_of(row), training_set, folds, job)
        found[row["trial"]], true[row["trial"]] = row["value"], last["value"]
    failed = sum(value is None for value in found.values())
    differ = sum(found[number] != value for number, value in true.items())
    return [
        ("trials that failed; values that differ without faults", f"{failed}; {differ} of {len(true)}"),
        ("the best trial is the true best", _yes(_best(found) == _best(true))),
    ]


def _best(values: dict[int, float | None]) -> int:
    return min((value, number) for number, value in values.items() if value is not None)[1]


def _agree(run: Run, folder: Path) -> bool:
    trials = run.trials().set_index("trial").sort_index()
    (folder / JOURNAL).write_bytes(run.folder.read(JOURNAL))
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    study = optuna.load_study(study_name=run.name, storage=storage).trials
    states = Counter(trials["state"])
    counts = run.status.trials
    return (
        [trial.state.name for trial in study] == trials["state"].tolist()
        and pd.Series([trial.value for trial in study], dtype=float).equals(trials["value"].reset_index(drop=True))
        and (counts.complete, counts.pruned, counts.failed) == (states["COMPLETE"], states["PRUNED"], states["FAIL"])
        and run.status.state == "finished"
    )


def _begun(trained: Sequence[dict[str, Any]]) -> int:
    return sum(entry["event"] == "begins" for entry in trained)


def _twice(numbers: Counter[int]) -> int:
    return sum(count > 1 for count in numbers.values())


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "**no**"


def _spread(seconds: Sequence[float]) -> str:
    median = statistics.median(seconds)
    return f"{median:.0f} s ({min(seconds):.0f}–{max(seconds):.0f}, {len(seconds)} trials)"
