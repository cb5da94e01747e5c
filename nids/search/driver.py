"""A search from its job to its last trial, and from where it was interrupted."""

from __future__ import annotations

import logging
import os
import re
import signal
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.trial import TrialState
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from nids import config, fold_cache
from nids.errors import UserError
from nids.results import FORMAT, Run, RunWriter
from nids.search import cluster, sharing
from nids.search.progress import SearchProgress
from nids.search.recorder import Recorder, owner
from nids.search.searcher import StudySearcher
from nids.search.trainable import TrialProcess
from nids.space import Space, describe, space_from, space_of
from nids.storage import Folder
from nids.study import JOURNAL, new_study, resumed_study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import optuna
    from rich.console import Console

    from nids.config import Job
    from nids.datasets.schema import Traffic
    from nids.search.sharing import SharedFolds

FOLDS = ".folds"  # folder of a storage that keeps the folds of all its runs; no run can have that name
VERSIONS_OF = ("ray", "optuna", "tensorflow", "keras", "imbalanced-learn", "scikit-learn", "numpy", "pandas", "pyarrow")
# A trial that is lost with its process or its node is started again so often before it counts as failed.
RESTARTS = 3
# What a traced network cannot change; the kernel's size has few classes.
ARCHITECTURAL = {"conv_filters", "gru_units", "sequence_gru_units", "attention", "optimizer"}
TRIALS_OF_A_PROCESS = 100
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def start(job: Job, traffic: Traffic, storage: str, name: str, console: Console) -> Run:
    """Run a new search to its end, or to its interruption, and return the run.

    A cluster must be connected. SIGINT and SIGTERM end the search in good order; ``resume`` goes on with it.

    Raises:
        UserError: The storage has a run of that name, the space is empty, a class is too small, or no node is large
            enough for a trial.
    """
    if not re.fullmatch(config.NAME, name):
        raise UserError(
            f"--name {name!r}: a run's name has letters, digits and . _ - only, and does not begin with . or -."
        )
    root = Folder.at(storage)
    folder = root.folder(name)
    if folder.exists("manifest.json"):
        raise UserError(
            f"{folder.path} already holds a run. Go on with it by `nids resume {name}`, or give another --name."
        )
    space = space_of(job)
    slots = cluster.slots(job.resources)
    key = fold_cache.key(traffic.sha256, job.data.class_map, job.folds, job.search.seed)
    shared = sharing.share(job, key, root.folder(FOLDS), lambda: traffic, console.print)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "run": name,
        "created": datetime.now(UTC).isoformat(),
        "job": job.model_dump(),
        "data": _about_data(traffic),
        "folds": {"hash": key, **_about_folds(shared)},
        "space": describe(space),
        "versions": {package: version(package) for package in VERSIONS_OF},
        "machine": cluster.describe(),
    }
    writer = RunWriter(folder, manifest)
    with _journal(folder) as journal:
        study = new_study(name, job.search, space, journal)
        _run(_Ready(job, space, manifest["data"]["classes"], shared, study, writer, slots), console)
    return Run(folder)


def resume(run: Run, load: Callable[[Job], Traffic], storage: str, console: Console) -> Run:
    """Go on with an interrupted search: no ended trial is run again, and the total stays what it was.

    Args:
        run: The run.
        load: Returns the labelled rows of its job; only called if its folds are no longer in the storage.
        storage: Where the run is.
        console: Where progress is shown.

    Raises:
        UserError: The run still has a driver, or its rows are not what they were.
    """
    run = Run(run.folder)  # its status may have changed since it was opened
    _refuse_if_driven(run)
    job = config.make(run.manifest["job"], source=f"{run.path}/manifest.json")
    slots = cluster.slots(job.resources)
    if changed := [name for name, of_run in run.manifest.get("versions", {}).items() if version(name) != of_run]:
        console.print(
            f"[yellow]{run.name} was begun with other versions of {', '.join(changed)}: trials from before and after "
            "this moment may differ for that reason alone.[/]"
        )
    key = run.manifest["folds"]["hash"]

    def same_rows() -> Traffic:
        traffic = load(job)
        if fold_cache.key(traffic.sha256, job.data.class_map, job.folds, job.search.seed) != key:
            raise UserError(
                f"{run.name} was made from other rows, or with other versions of its libraries, than those at hand "
                f"({traffic.source}): its trials could not be compared. Start a new search with `nids search`."
            )
        return traffic

    shared = sharing.share(job, key, Folder.at(storage).folder(FOLDS), same_rows, console.print)
    writer = RunWriter(run.folder, run.manifest)
    writer.take_over(run)
    with _journal(run.folder) as journal:
        study = resumed_study(run, job.search, journal)
        space = space_from(run.manifest["space"])
        _run(_Ready(job, space, run.manifest["data"]["classes"], shared, study, writer, slots), console)
    return Run(run.folder)


@dataclass(frozen=True)
class _Ready:
    """A search whose parts are all in place."""

    job: Job
    space: Space
    classes: list[str]
    shared: SharedFolds
    study: optuna.Study
    writer: RunWriter
    slots: int


def _run(search: _Ready, console: Console) -> None:
    """Schedule the trials that the study does not have yet, and record what becomes of them."""
    study, total = search.study, search.job.search.trials
    ended = Counter(trial.state.name for trial in study.get_trials(deepcopy=False, states=ENDED))
    best = (study.best_value, study.best_trial.number) if ended["COMPLETE"] else None
    with SearchProgress(console, search.job.search, search.slots, best) as progress, _sigterm_as_sigint():
        recorder = Recorder(search.writer, search.classes, total, ended, progress.update)
        recorder.write_status("running")
        try:
            if ended.total() < total:
                _tuner(search, recorder, total - ended.total()).fit()
        except BaseException as error:
            recorder.write_status("failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            recorder.flush()
        counts = recorder.counts
        done = counts["complete"] + counts["pruned"] + counts["failed"]
        recorder.write_status("finished" if done >= total else "interrupted")


def _tuner(search: _Ready, recorder: Recorder, trials: int) -> tune.Tuner:
    # The run store keeps all results: Tune's own files would be written beside it a second time, and its snapshots of
    # the whole experiment grow with the number of trials.
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "86400")
    # Our progress display takes the place of Tune's tables, and its complaints about the files switched off above.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    resources, folder = search.job.resources, search.writer.folder
    trainable = tune.with_resources(
        tune.with_parameters(TrialProcess, shared=search.shared, job=search.job),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    # Metric and mode are those of the searcher and the scheduler; given here too, Tune would set them again.
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=StudySearcher(search.study, search.space),
            scheduler=_scheduler(search.job, search.study),
            num_samples=trials,
            max_concurrent_trials=search.slots,
            reuse_actors=_may_reuse_processes(search.space, trials / search.slots),
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=folder.path,
            storage_filesystem=folder.filesystem,
            callbacks=[recorder],
            failure_config=tune.FailureConfig(max_failures=RESTARTS),
            # What a trial leaves behind is its figures; the best one's model is trained anew.
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    )


def _may_reuse_processes(space: Space, trials_a_process: float) -> bool:
    """Return whether a process may run trial after trial.

    TensorFlow keeps some 20 MB of every network that was ever traced in a process, whatever is cleared. Where a space
    has many architectures, nearly each trial traces another one.
    """
    return ARCHITECTURAL.isdisjoint(space) or trials_a_process <= TRIALS_OF_A_PROCESS


def _scheduler(job: Job, study: optuna.Study) -> TrialScheduler:
    """Return the scheduler, with the values that the study's ended trials had at each rung."""
    if job.scheduler.kind == "none":
        return FIFOScheduler()
    scheduler = AsyncHyperBandScheduler(
        time_attr="epoch",
        metric="value",
        mode=job.search.mode,
        max_t=job.training.epochs,
        grace_period=job.scheduler.grace_period,
        reduction_factor=job.scheduler.reduction_factor,
    )
    for trial in study.get_trials(deepcopy=False, states=ENDED):
        stand_in = SimpleNamespace(trial_id=f"earlier-{trial.number}")
        scheduler.on_trial_add(None, stand_in)
        for epoch, value in sorted(trial.intermediate_values.items()):
            scheduler.on_trial_result(None, stand_in, {"epoch": epoch, "value": value})
    return scheduler


def _about_data(traffic: Traffic) -> dict[str, Any]:
    classes = traffic.dataset.classes
    counts = np.bincount(traffic.label, minlength=len(classes))
    return {
        "dataset": traffic.dataset.name,
        "source": traffic.source,
        "sha256": traffic.sha256,
        "rows": len(traffic.label),
        "synthetic": traffic.dataset.synthetic,
        "classes": list(classes),
        "class_counts": {name: int(count) for name, count in zip(classes, counts, strict=True)},
    }


def _about_folds(shared: SharedFolds) -> dict[str, Any]:
    _, folds = shared.get()
    return {
        "used": [fold.number for fold in folds],
        "width": max(fold.encoding.width for fold in folds),
        "training_rows": [len(fold.training) for fold in folds],
        "synthetic_rows": [len(fold.synthetic_labels) for fold in folds],
        "validation_rows": [len(fold.validation) for fold in folds],
        "notes": sorted({note for fold in folds for note in fold.notes}),
    }


def _refuse_if_driven(run: Run) -> None:
    """Two drivers would overwrite each other's results."""
    if run.state != "running":
        return
    theirs, ours = run.status["owner"], owner()
    if theirs["host"] == ours["host"] and not _alive(theirs["pid"]):
        return
    raise UserError(
        f"{run.name} is being run by process {theirs['pid']} on {theirs['host']}, which last gave a sign of life at "
        f"{run.status['updated']}. Stop it, or wait a minute if it is gone, and try again."
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _journal(folder: Folder) -> Iterator[Path]:
    """Give a path for the study's journal; in an object store, which cannot append, it is put at the end."""
    if folder.is_local:
        yield Path(folder.path) / JOURNAL
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / JOURNAL
        try:
            yield path
        finally:
            if path.exists():
                folder.write(JOURNAL, path.read_bytes())


@contextmanager
def _sigterm_as_sigint() -> Iterator[None]:
    """Take SIGTERM, which stops a submitted job, for SIGINT, which Tune ends in good order on."""

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
