"""All of a search that needs no cluster: what is checked, and what is made, before the first trial can start."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from nids import job_file
from nids.datasets.small_classes import dropped_rows
from nids.errors import UserError, did_you_mean
from nids.folds import cache
from nids.metrics.measures import ON_FOLDS, described
from nids.metrics.on_demand import class_in
from nids.models import backend
from nids.results import Run, RunManifest, new_run
from nids.results.manifest import DataSection, FoldsSection
from nids.results.ownership import token_in
from nids.results.reopen import FOLDS, folds_of_run
from nids.search.learned import Learned, learned_from, learned_of
from nids.search.sampler import sampler_of
from nids.search.space import space_of
from nids.search.starting_points import starting_points
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic
    from nids.folds.fold import Fold, TrainingSet
    from nids.search_space import Space

    Progress = Callable[[str], object]


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
        earlier: The interrupted run that is resumed; None for a new one.
        instead_of: The token that the run had when it was found to be free.
        again: Trials that have ended, and are run again as results of theirs are lost.
        learned: What it has from earlier searches.
    """

    job: Job
    space: Space
    folder: Folder
    manifest: RunManifest
    training_set: TrainingSet
    folds: list[Fold]
    earlier: Run | None = None
    instead_of: str = ""
    again: tuple[int, ...] = ()
    learned: Learned = field(default_factory=Learned)


def prepare(job: Job, traffic: Traffic, storage: str, name: str, progress: Progress) -> PreparedSearch:
    """Return a new search; nothing of it is written yet, but for its folds, which are kept for all runs.

    Raises:
        UserError: The storage has a run of that name, the space is empty, or a class is too small.
    """
    folder = new_run(storage, name)
    space = space_of(job)
    # What is wrong with them is said before anything is made.
    _refuse_unknown_classes(job, traffic)
    starting_points(job, space)
    sampler_of(job.search, job.search.seed)
    key = cache.key(traffic, job.folds, job.search.seed)
    cached = Folder.from_uri(storage).folder(FOLDS)
    training_set, folds = cache.folds_of(job, traffic.dataset, key, cached, lambda: traffic, progress)
    manifest = RunManifest(
        run=name,
        created=datetime.now(UTC),
        job=job,
        data=_data_section(traffic),
        dataset=traffic.dataset,
        folds=_folds_section(key, folds),
        space=space,
        measures={name: described(name).direction for name in (*ON_FOLDS, *job.search.on_demand)},
        versions=backend.versions(("nids", *backend.RECORDED)),
    )
    for note in manifest.folds.notes:
        progress(note)
    learned = learned_from(job, space, key, storage, progress)
    return PreparedSearch(job, space, folder, manifest, training_set, folds, learned=learned)


def _refuse_unknown_classes(job: Job, traffic: Traffic) -> None:
    classes = traffic.dataset.classes
    for name in job.search.on_demand:
        if (of_class := class_in(name)) and of_class[1] not in classes:
            raise UserError(
                f"search: {name} is of a class that {traffic.dataset.name} does not have"
                f"{did_you_mean(of_class[1], classes)}. Its classes: {', '.join(classes)}."
            )


def prepare_again(
    run: Run,
    storage: str,
    data: Path | None,
    progress: Progress,
    overrides: Sequence[str] = (),
    instead_of: str | None = None,
    again: tuple[int, ...] = (),
    job: Job | None = None,
) -> PreparedSearch:
    """Return what is left of a search: no ended trial is run again.

    Args:
        run: The run.
        storage: Where the run is.
        data: Where its rows are, as for ``nids.datasets.load_for``; only read if the storage no longer has its folds.
        progress: Called with a line of text when there is something to say.
        overrides: Of the job's resources, as ``nids.job_file.with_resources`` takes them.
        instead_of: What ``nids.results.driven.refuse_if_driven`` returned; None: whoever has the run loses it.
        again: As ``nids.results.gaps.Gaps.trials``.
        job: Its job where that asks for more trials or hours than it did.

    Raises:
        UserError: Its rows are not what they were.
    """
    instead_of = token_in(run.folder) if instead_of is None else instead_of
    of_run, training_set, folds = folds_of_run(run, storage, data, progress)
    job = job_file.with_resources(job or of_run, overrides)
    manifest = run.manifest.model_copy(update={"job": job})
    learned = learned_of(run)
    space, folder = manifest.space, run.folder
    return PreparedSearch(job, space, folder, manifest, training_set, folds, run, instead_of, again, learned)


def _data_section(traffic: Traffic) -> DataSection:
    classes = traffic.dataset.classes
    counts = np.bincount(traffic.label, minlength=len(classes))
    return DataSection(
        dataset=traffic.dataset.name,
        source=traffic.source,
        sha256=traffic.sha256,
        rows=len(traffic.label),
        synthetic=traffic.dataset.synthetic,
        classes=classes,
        class_counts={name: int(count) for name, count in zip(classes, counts, strict=True)},
        dropped=dropped_rows(traffic),
    )


def _folds_section(key: str, folds: Sequence[Fold]) -> FoldsSection:
    return FoldsSection(
        hash=key,
        used=tuple(fold.number for fold in folds),
        width=max(fold.encoding.width for fold in folds),
        training_rows=tuple(len(fold.training) for fold in folds),
        synthetic_rows=tuple(len(fold.synthetic_labels) for fold in folds),
        validation_rows=tuple(len(fold.validation) for fold in folds),
        withheld=tuple(tuple(fold.withheld) for fold in folds),
        notes=tuple(sorted({note for fold in folds for note in fold.notes})),
    )
