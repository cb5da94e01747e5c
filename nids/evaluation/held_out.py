"""The held-out rows: what a search never sees, and the final evaluation never sees unrecorded.

Nothing that a search is made of may import this module; a test keeps it so.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.holdout_split import by_each_row, held_out_in_words, held_out_rows
from nids.datasets.io.load import load, parts
from nids.datasets.locate import beside, folder_of, locate, not_found
from nids.datasets.registry import is_generated
from nids.datasets.sampling import sha256_of_sample
from nids.datasets.small_classes import in_words, without_dropped
from nids.datasets.traffic import joined, only
from nids.errors import UserError
from nids.evaluation.held_out_subset import load_subset, refuse_without_column
from nids.results import HeldOutAccess, record_test_access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.config import Data
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile
    from nids.datasets.traffic import Traffic
    from nids.results import Run

# Added to the seed of a generated data set, whose held-out rows are another draw of the same generator.
ANOTHER_DRAW = 1_000_003


def refuse_if_missing(dataset: DatasetSpec, data: Data, folder: Path | None = None) -> None:
    """Look for the held-out rows of a data set without reading them; arguments as for ``read_held_out``.

    Raises:
        UserError: A file is not on this machine, or the data set holds nothing out.
    """
    _readers(dataset, data, 0, folder)


def read_for(runs: Sequence[Run], purpose: str, folder: Path | None, console: Console) -> list[Traffic]:
    """Return the held-out rows of runs on the same rows; each run's manifest records that first.

    Args:
        runs: The runs.
        purpose: What the rows are read for.
        folder: As for ``read_held_out``.
        console: Told that they are read.

    Raises:
        UserError: A file is not on this machine, or it cannot be read.
    """
    console.print("Reading the held-out files; this access is recorded")

    def record(access: HeldOutAccess) -> None:
        for run in runs:
            record_test_access(run.folder, access)

    manifest = runs[0].manifest
    job, searched = manifest.job, manifest.data.sha256
    return read_held_out(manifest.dataset, job.data, job.search.seed, purpose, record, folder, searched)


def read_held_out(
    dataset: DatasetSpec,
    data: Data,
    seed: int,
    purpose: str,
    record: Callable[[HeldOutAccess], object],
    folder: Path | None = None,
    searched: str | None = None,
) -> list[Traffic]:
    """Return the labelled rows that a data set holds out: those of each held-out file, or a share of the training file.

    Args:
        dataset: The data set; its first label map tells the classes.
        data: The job's section of that name: training file, number of generated rows.
        seed: The job's seed; of a generated data set, another draw than the one that was searched on.
        purpose: What the rows are read for.
        record: Called with the record of this access before anything is read.
        folder: Where the files are: a folder or zip archive, or a file beside them. Without it, the usual places.
        searched: SHA-256 of the rows that were searched on. Where the last rows of all are held out, those of other
            files would be others.

    Raises:
        UserError: A file is not on this machine, it cannot be read, has rows of dropped classes alone, or its last rows
            are not those that were held out.
    """
    readers = _readers(dataset, data, seed, folder, searched)
    record(HeldOutAccess(time=datetime.now(UTC), purpose=purpose, files=tuple(readers)))
    return [_judged(read()) for read in readers.values()]


def _judged(traffic: Traffic) -> Traffic:
    """Return the rows that are of a class of the run."""
    judged = without_dropped(traffic)
    if judged.dropped and not len(judged.label):
        raise UserError(
            f"{traffic.source}: all rows are of classes that the search dropped, {in_words(judged.dropped)}, so none "
            "can be judged. Give a file with other rows, or search with these classes kept (data.small_classes)."
        )
    return judged


def _readers(
    dataset: DatasetSpec, data: Data, seed: int, folder: Path | None, searched: str | None = None
) -> dict[str, Callable[[], Traffic]]:
    """Return what a data set holds out, each with what reads it."""
    folder = folder_of(dataset, data.dataset, folder)
    if is_generated(dataset):
        draw = partial(datasets.load_training, dataset, rows=data.rows, seed=seed + ANOTHER_DRAW)
        return {f"another draw of {dataset.name}": draw}
    if dataset.hold_out is not None:
        names = ", ".join(file.name for file in datasets.training_files(dataset, data.file))
        name = held_out_in_words(dataset, names)
        paths = datasets.paths_of(dataset, data.file, folder)

        def read() -> Traffic:
            share, whole = _held_out_share(paths, dataset, name)
            if dataset.hold_out_by == "time" and searched is not None:
                _refuse_other_rows(sha256_of_sample(whole, data.rows_per_class, seed), searched, dataset)
            return share

        return {name: read}
    if not dataset.held_out_files:
        raise UserError(
            f"{dataset.name} holds no rows out, so nothing can be judged by them. Give one of its files the role "
            '"held-out", or the data set a share to hold out.'
        )
    return {file.name: _reader(dataset, file, beside(folder)) for file in dataset.held_out_files}


def _refuse_other_rows(sha256: str, searched: str, dataset: DatasetSpec) -> None:
    if sha256 != searched:
        raise UserError(
            f"{dataset.name} holds out the last rows in time, and the files at hand are not those that were searched "
            "on: their last rows would be others, some of them searched on. Give the same files, by --data, say."
        )


def _held_out_share(paths: Sequence[DataPath], dataset: DatasetSpec, name: str) -> tuple[Traffic, str]:
    """Return the rows held out, and the SHA-256 of all."""
    read = (part for path in paths for part in parts(path, dataset))
    if by_each_row(dataset):
        share = joined([only(part, held_out_rows(part)) for part in read])
        return replace(share, source=name), share.sha256
    whole = joined([*read])
    return only(whole, held_out_rows(whole), name), whole.sha256


def _reader(dataset: DatasetSpec, file: SourceFile, folder: Path | None) -> Callable[[], Traffic]:
    """Return what reads a held-out file or, where that is not here, its rows from the file that they are a part of."""
    try:
        return partial(load, _path(dataset, file, folder), dataset)
    except UserError:
        if file.subset is None:
            raise
        with suppress(UserError):
            whole = _path(dataset, dataset.file(file.subset.file), folder)
            refuse_without_column(whole, dataset, file.subset)
            return partial(load_subset, whole, dataset, file)
        raise


def _path(dataset: DatasetSpec, file: SourceFile, folder: Path | None) -> DataPath:
    path = locate(dataset, file, folder)
    if path is None:
        raise not_found(dataset, file)
    return path
