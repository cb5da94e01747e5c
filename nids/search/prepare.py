"""All of a search that needs no cluster: what is checked, and what is made, before the first trial can start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from nids import config
from nids.errors import UserError
from nids.folds import cache
from nids.metrics.measures import MEASURES, ON_FOLDS
from nids.results import FORMAT, Run, new_run
from nids.search.space import space_of
from nids.search_space import Space, describe, space_from
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import Fold, TrainingSet

    Progress = Callable[[str], object]

FOLDS = ".folds"  # folder of a storage that keeps the folds of all its runs; no run can have that name
VERSIONS_OF = ("ray", "optuna", "tensorflow", "keras", "imbalanced-learn", "scikit-learn", "numpy", "pandas", "pyarrow")


@dataclass(frozen=True, eq=False)
class PreparedSearch:
    """A search that is ready to run.

    Attributes:
        job: What is searched, and how.
        space: The hyperparameters that are searched.
        folder: Where the run is kept.
        manifest: What the run store says of it; of a new run, the cluster is still missing.
        training_set: What the folds share.
        folds: The folds that trials are trained and validated on.
        earlier: The interrupted run that is gone on with; None for a new one.
    """

    job: Job
    space: Space
    folder: Folder
    manifest: dict[str, Any]
    training_set: TrainingSet
    folds: list[Fold]
    earlier: Run | None = None


def prepare(job: Job, traffic: Traffic, storage: str, name: str, progress: Progress) -> PreparedSearch:
    """Return a new search; nothing of it is written yet, but for its folds, which are kept for all runs.

    Raises:
        UserError: The storage has a run of that name, the space is empty, or a class is too small.
    """
    folder = new_run(storage, name)
    space = space_of(job)
    key = cache.key(traffic.sha256, job.data.class_map, job.folds, job.search.seed)
    training_set, folds = cache.folds_of(job, key, Folder.from_uri(storage).folder(FOLDS), lambda: traffic, progress)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "run": name,
        "created": datetime.now(UTC).isoformat(),
        "job": job.model_dump(),
        "data": _about_data(traffic),
        "folds": {"hash": key, **_about_folds(folds)},
        "measures": {name: MEASURES[name].direction for name in ON_FOLDS},
        "space": describe(space),
        "versions": {package: version(package) for package in VERSIONS_OF},
    }
    return PreparedSearch(job, space, folder, manifest, training_set, folds)


def prepare_again(
    run: Run, load: Callable[[Job], Traffic], storage: str, progress: Progress, overrides: Sequence[str] = ()
) -> PreparedSearch:
    """Return what is left of an interrupted search: no ended trial is run again, and the total stays what it was.

    Args:
        run: The run.
        load: Returns the labelled rows of its job; only called if its folds are no longer in the storage.
        storage: Where the run is.
        progress: Called with a line of text when there is something to say.
        overrides: Of the job's resources, as ``nids.config.with_resources`` takes them.

    Raises:
        UserError: The run still has a driver, or its rows are not what they were.
    """
    job, training_set, folds = folds_of_run(run, load, storage, progress)
    job = config.with_resources(job, overrides)
    manifest = {**run.manifest, "job": job.model_dump()}
    return PreparedSearch(job, space_from(manifest["space"]), run.folder, manifest, training_set, folds, earlier=run)


def folds_of_run(
    run: Run, load: Callable[[Job], Traffic], storage: str, progress: Progress
) -> tuple[Job, TrainingSet, list[Fold]]:
    """Return the job of a run that nobody drives, and its folds; arguments and errors as for ``prepare_again``."""
    refuse_if_driven(run)
    manifest = run.manifest
    job = config.make(manifest["job"], source=f"{run.uri}/manifest.json")
    if changed := [name for name, of_run in manifest.get("versions", {}).items() if version(name) != of_run]:
        progress(
            f"[yellow]{run.name} was begun with other versions of {', '.join(changed)}: trials from before and after "
            "this moment may differ for that reason alone.[/]"
        )
    key = manifest["folds"]["hash"]

    def same_rows() -> Traffic:
        traffic = load(job)
        if cache.key(traffic.sha256, job.data.class_map, job.folds, job.search.seed) != key:
            raise UserError(
                f"{run.name} was made from other rows, or with other versions of its libraries, than those at hand "
                f"({traffic.source}): its trials could not be compared. Start a new search with `nids search`."
            )
        return traffic

    training_set, folds = cache.folds_of(job, key, Folder.from_uri(storage).folder(FOLDS), same_rows, progress)
    return job, training_set, folds


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


def _about_folds(folds: Sequence[Fold]) -> dict[str, Any]:
    return {
        "used": [fold.number for fold in folds],
        "width": max(fold.encoding.width for fold in folds),
        "training_rows": [len(fold.training) for fold in folds],
        "synthetic_rows": [len(fold.synthetic_labels) for fold in folds],
        "validation_rows": [len(fold.validation) for fold in folds],
        "withheld": [list(fold.withheld) for fold in folds],
        "notes": sorted({note for fold in folds for note in fold.notes}),
    }


def refuse_if_driven(run: Run) -> None:
    """Refuse a run that has a driver: two would overwrite each other's results.

    Raises:
        UserError: It has one.
    """
    run = Run(run.folder)  # its status may have changed since it was opened
    if run.state == "running":
        theirs = run.status["owner"]
        raise UserError(
            f"{run.name} is being run by process {theirs['pid']} on {theirs['host']}, which last gave a sign of life "
            f"at {run.status['updated']}. Stop it, or wait a minute if it is gone, and try again."
        )
