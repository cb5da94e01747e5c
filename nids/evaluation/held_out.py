"""The held-out rows: what a search never sees, and the final evaluation never sees unrecorded.

Nothing that a search is made of may import this module; a test keeps it so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.holdout_split import held_out_rows, only
from nids.datasets.io.load import load
from nids.datasets.locate import is_data_file, locate, not_found
from nids.datasets.registry import is_generated
from nids.errors import UserError
from nids.results import HeldOutAccess, record_test_access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.config import Data
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec, SourceFile
    from nids.datasets.traffic import Traffic
    from nids.results import Run

# Added to the seed of a generated data set, whose held-out rows are another draw of the same generator.
ANOTHER_DRAW = 1_000_003


def refuse_if_missing(dataset: DatasetSpec, data: Data, folder: Path | None = None) -> None:
    """Look for the held-out rows of a data set without reading them; arguments as for ``read_held_out``.

    Raises:
        UserError: A file is not on this machine, or the data set holds nothing out.
    """
    _sources(dataset, data, folder)


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
    return read_held_out(manifest.dataset, manifest.job.data, manifest.job.search.seed, purpose, record, folder)


def read_held_out(
    dataset: DatasetSpec,
    data: Data,
    seed: int,
    purpose: str,
    record: Callable[[HeldOutAccess], object],
    folder: Path | None = None,
) -> list[Traffic]:
    """Return the labelled rows that a data set holds out: those of each held-out file, or a share of the training file.

    Args:
        dataset: The data set; its first label map tells the classes.
        data: The job's section of that name: training file, number of generated rows.
        seed: The job's seed; of a generated data set, another draw than the one that was searched on.
        purpose: What the rows are read for.
        record: Called with the record of this access before anything is read.
        folder: Where the files are: a folder or zip archive, or a file beside them. Without it, the usual places.

    Raises:
        UserError: A file is not on this machine, or it cannot be read.
    """
    sources = _sources(dataset, data, folder)
    record(HeldOutAccess(time=datetime.now(UTC), purpose=purpose, files=tuple(sources)))
    if is_generated(dataset):
        return [datasets.load_training(dataset, rows=data.rows, seed=seed + ANOTHER_DRAW)]
    files = [load(path, dataset) for path in sources.values() if path is not None]
    if dataset.hold_out is None:
        return files
    return [only(traffic, held_out_rows(traffic), name) for traffic, name in zip(files, sources, strict=True)]


def _sources(dataset: DatasetSpec, data: Data, folder: Path | None) -> dict[str, DataPath | None]:
    """Return what a data set holds out, each with the file that it is in."""
    if is_generated(dataset):
        return {f"another draw of {dataset.name}": None}
    if dataset.hold_out is not None:
        training = datasets.training_file(dataset, data.file)
        return {f"held-out rows of {training.name}": _path(dataset, training, folder)}
    if not dataset.held_out_files:
        raise UserError(
            f"{dataset.name} holds no rows out, so nothing can be judged by them. Give one of its files the role "
            '"held-out", or the data set a share to hold out.'
        )
    if folder is not None and is_data_file(folder):
        folder = folder.parent  # of the training file
    return {file.name: _path(dataset, file, folder) for file in dataset.held_out_files}


def _path(dataset: DatasetSpec, file: SourceFile, folder: Path | None) -> DataPath:
    path = locate(dataset, file, folder)
    if path is None:
        raise not_found(dataset, file)
    return path
