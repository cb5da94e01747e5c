"""What a finished or interrupted run was made of, for those who continue it: its job, and its folds."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.description import differences, is_description
from nids.datasets.small_classes import reclassified
from nids.errors import UserError
from nids.folds import cache
from nids.models import backend
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import Fold, TrainingSet
    from nids.results.run import Run

    Progress = Callable[[str], object]

FOLDS = ".folds"  # folder of a storage that keeps the folds of all its runs; no run can have that name


def folds_of_run(run: Run, storage: str, data: Path | None, progress: Progress) -> tuple[Job, TrainingSet, list[Fold]]:
    """Return the job of a run, what its folds share, and the folds.

    Args:
        run: The run.
        storage: Where the run is.
        data: Where its rows are, as for ``nids.datasets.load_for``; only read if the storage no longer has its folds.
        progress: Called with a line of text when there is something to say.

    Raises:
        UserError: Its rows, or the file that describes them, are not what they were.
    """
    _refuse_if_edited(run)
    job, key = run.manifest.job, run.manifest.folds.hash

    def warn(how: str) -> None:
        progress(f"{run.name} was started {how}: trials before and after it may differ for that reason alone.")

    versions = run.manifest.versions
    if changed := [name for name, of_run in versions.items() if _installed(name) != of_run]:
        warn(f"with other versions of {', '.join(changed)}")
    if backend.name() not in versions and (other := [name for name in backend.NAMES if name in versions]):
        warn(f"on {', '.join(other)}, and is now computed with {backend.name()} (KERAS_BACKEND)")

    def same_rows() -> Traffic:
        traffic = datasets.load_for(job.data, job.search.seed, data, run.manifest.dataset, progress)
        of_rows = traffic, job.folds, job.search.seed
        if key != cache.key(*of_rows) and key not in cache.former_keys(*of_rows):
            raise UserError(
                f"{run.name} was made from other rows, or with other versions of its libraries, than those at hand "
                f"({traffic.source}): its trials could not be compared. Start a new search with `nids search`."
            )
        return traffic

    training_set, folds = cache.folds_of(
        job, run.manifest.dataset, key, Folder.from_uri(storage).folder(FOLDS), same_rows, progress
    )
    return job, training_set, folds


def _refuse_if_edited(run: Run) -> None:
    """Refuse a run whose data set is described otherwise by now.

    Raises:
        UserError: The file that described it says something else.
    """
    data, begun = run.manifest.job.data, run.manifest.dataset
    if not is_description(data.dataset) or not Path(data.dataset).exists():
        return
    now = datasets.get(data.dataset).labelled_by(data.class_map)
    now = reclassified(now, data, begun.classes)  # rows decided which classes are small; the file knows of none
    changed = differences(begun, now)
    if changed:
        raise UserError(
            f"{data.dataset}: has changed since {run.name} was begun: {', '.join(changed)}. Change it back, or start a "
            "new search with `nids search`."
        )


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
