"""The held-out rows: what a search never sees, and the final evaluation never sees unrecorded.

Nothing that a search is made of may import this module; a test keeps it so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nids import datasets
from nids.datasets.io.load import load
from nids.datasets.locate import is_data_file, locate, not_found
from nids.results import HeldOutAccess, record_test_access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from nids.config import Data, Job
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic
    from nids.results import Run

# Added to the seed of a generated data set, whose held-out rows are another draw of the same generator.
ANOTHER_DRAW = 1_000_003


def refuse_if_missing(data: Data, folder: Path | None = None) -> None:
    """Look for the held-out files without reading them.

    Raises:
        UserError: One is not on this machine.
    """
    _paths(datasets.get(data.dataset), folder)


def read_held_out(
    data: Data, seed: int, purpose: str, record: Callable[[HeldOutAccess], object], folder: Path | None = None
) -> list[Traffic]:
    """Return the labelled rows of each held-out file of a data set.

    Args:
        data: The job's section of that name: data set, class map, number of generated rows.
        seed: The job's seed; of a generated data set, another draw than the one that was searched on.
        purpose: What the rows are read for.
        record: Called with the record of this access before anything is read.
        folder: Where the files are: a folder or zip archive, or a file beside them. Without it, the usual places.

    Raises:
        UserError: A file is not on this machine, or it cannot be read.
    """
    dataset = datasets.get(data.dataset).labelled_by(data.class_map)
    paths = _paths(dataset, folder)
    names = [file.name for file in dataset.files if file.role == "held-out"] or [f"another draw of {dataset.name}"]
    record(HeldOutAccess(time=datetime.now(UTC), purpose=purpose, files=tuple(names)))
    if not dataset.files:
        return [datasets.load_training(dataset, rows=data.rows, seed=seed + ANOTHER_DRAW)]
    return [load(path, dataset) for path in paths]


def look(runs: Sequence[Run], job: Job, purpose: str, folder: Path | None, console: Console) -> list[Traffic]:
    """Return what ``read_held_out`` returns; the look is told, and recorded in the manifest of each run first."""
    console.print("Held-out files: looked at now, and the look is recorded")

    def record(access: HeldOutAccess) -> None:
        for run in runs:
            record_test_access(run.folder, access)

    return read_held_out(job.data, job.search.seed, purpose, record, folder)


def _paths(dataset: DatasetSpec, folder: Path | None) -> list[DataPath]:
    if folder is not None and is_data_file(folder):
        folder = folder.parent  # of the training file
    paths = []
    for file in dataset.files:
        if file.role == "held-out":
            path = locate(dataset, file, folder)
            if path is None:
                raise not_found(dataset, file)
            paths.append(path)
    return paths
