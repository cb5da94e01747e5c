"""The data sets that searches run on: one module each, listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets.io.load import read
from nids.datasets.locate import locate, not_found
from nids.datasets.nsl_kdd import dataset as nsl_kdd
from nids.datasets.nsl_kdd import sample
from nids.datasets.schema import unknown
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.datasets.schema import Dataset, SourceFile, Traffic

_DATASETS = {dataset.name: dataset for dataset in (nsl_kdd.DATASET, sample.DATASET)}
_GENERATORS: dict[str, Callable[[int, int, str | None], Traffic]] = {sample.DATASET.name: sample.generate}


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return tuple(_DATASETS)


def get(name: str) -> Dataset:
    """Return a data set by its name.

    Raises:
        UserError: There is no such data set.
    """
    if name not in _DATASETS:
        raise UserError(unknown(name, "data set", _DATASETS))
    return _DATASETS[name]


def load_training(
    name: str,
    *,
    file: str = "KDDTrain+",
    class_map: str | None = None,
    folder: Path | None = None,
    rows: int = 6000,
    seed: int = 0,
) -> Traffic:
    """Return the rows that a search may see.

    Args:
        name: Name of the data set.
        file: Name of one of its training files; a generated data set has none and ignores it.
        class_map: Name of the preset that says which attack belongs to which class; ``None`` for the default.
        folder: A data file, or a folder or zip archive to find the file in; without it, the file is looked
            for in NIDS_DATA_DIR and in the user's cache.
        rows: Number of rows of a generated data set.
        seed: Seed of a generated data set.

    Raises:
        UserError: A name is unknown, the file is held out, is not on this machine or cannot be read.
    """
    dataset = get(name)
    if name in _GENERATORS:
        if folder is not None:
            raise UserError(f"{name} is generated and reads no files, but {folder} was given. Use another data set.")
        return _GENERATORS[name](rows, seed, class_map)
    training = _training_file(dataset, file)
    path = locate(dataset, training, folder)
    if path is None:
        raise not_found(dataset, training)
    _refuse_held_out(dataset.file_at(path.name))
    traffic = read(path, dataset, class_map)
    _refuse_held_out(dataset.file_with(traffic.sha256))
    return traffic


def available(name: str, *, file: str = "KDDTrain+", folder: Path | None = None) -> bool:
    """Return whether ``load_training`` would find its file without the network.

    Raises:
        UserError: A name is unknown, the file is held out, or it is not in ``folder``: who names a place
            wants the data that are there, and no others.
    """
    dataset = get(name)
    if name in _GENERATORS:
        return True
    return locate(dataset, _training_file(dataset, file), folder) is not None


def _training_file(dataset: Dataset, name: str) -> SourceFile:
    file = dataset.file(name)
    _refuse_held_out(file)
    return file


def _refuse_held_out(file: SourceFile | None) -> None:
    if file is not None and file.role == "held-out":
        raise UserError(
            f"{file.name} is held out: whatever a search sees of it, its final test can no longer judge. "
            "Search on a training file."
        )
