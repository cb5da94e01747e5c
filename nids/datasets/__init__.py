"""The data sets that searches run on: what they are, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets import locate
from nids.datasets.held_out_guard import refuse_held_out, refuse_held_out_content, refuse_held_out_rows
from nids.datasets.holdout_split import held_out_rows, only
from nids.datasets.io.load import load
from nids.datasets.registry import generate, get, is_generated, names
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from nids.config import Data
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile
    from nids.datasets.traffic import Traffic

__all__ = ["available", "get", "load_for", "load_training", "names", "training_file"]


def load_training(
    dataset: str | DatasetSpec,
    *,
    file: str | None = None,
    class_map: str | None = None,
    folder: Path | None = None,
    rows: int = 6000,
    seed: int = 0,
) -> Traffic:
    """Return the rows that a search may see.

    Args:
        dataset: The data set, or its name.
        file: Name of one of its training files, ``None`` for the first; not looked at where the rows are generated.
        class_map: Name of the label map, ``None`` for the first.
        folder: A data file, or a folder or zip archive to find the file in; without it, the file is looked
            for in NIDS_DATA_DIR and in the user's cache.
        rows: Number of rows of a generated data set.
        seed: Seed of a generated data set.

    Raises:
        UserError: A name is unknown; the file, or one of its rows, is held out; it is not on this machine or cannot be
            read.
    """
    spec = get(dataset) if isinstance(dataset, str) else dataset
    spec = spec.led_by(class_map)
    if is_generated(spec):
        if folder is not None:
            raise UserError(
                f"{spec.name} is generated and reads no files, but {folder} was given. Use another data set."
            )
        return generate(spec, rows, seed)
    training = training_file(spec, file)
    path = locate.locate(spec, training, folder)
    if path is None:
        raise locate.not_found(spec, training)
    refuse_held_out(spec.file_at(path.name))
    traffic = load(path, spec)
    refuse_held_out(spec.file_with(traffic.sha256))
    refuse_held_out_content(spec, path, traffic.sha256)
    refuse_held_out_rows(traffic, path)
    return only(traffic, ~held_out_rows(traffic), traffic.source) if spec.hold_out else traffic


def load_for(data: Data, seed: int, folder: Path | None = None, dataset: DatasetSpec | None = None) -> Traffic:
    """Return the rows that a job searches on.

    Args:
        data: The job's section of that name.
        seed: The job's seed.
        folder: As for ``load_training``.
        dataset: Description that a run was begun with; ``None``: the one of that name.

    Raises:
        UserError: As ``load_training`` raises it.
    """
    dataset = dataset or get(data.dataset)
    folder = locate.folder_of(dataset, data.dataset, folder)
    return load_training(dataset, file=data.file, class_map=data.class_map, folder=folder, rows=data.rows, seed=seed)


def available(data: Data, folder: Path | None = None) -> bool:
    """Return whether ``load_for`` would find the file of a job's section of that name without the network.

    Raises:
        UserError: A name is unknown, the file is held out, or it is not in ``folder``: who names a place
            wants the data that are there, and no others.
    """
    dataset = get(data.dataset)
    folder = locate.folder_of(dataset, data.dataset, folder)
    return is_generated(dataset) or locate.locate(dataset, training_file(dataset, data.file), folder) is not None


def training_file(dataset: DatasetSpec, name: str | None = None) -> SourceFile:
    """Return a training file of a data set by its name; ``None`` stands for the first one.

    Raises:
        UserError: There is no such file, or it is held out.
    """
    training = [file for file in dataset.files if file.role == "training"]
    if name is None and not training:
        raise UserError(f"{dataset.name} has no training file, so nothing can be searched on it. Use another data set.")
    file = training[0] if name is None else dataset.file(name)
    refuse_held_out(file)
    return file
