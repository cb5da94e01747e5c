"""The data sets that searches run on: what they are, and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets import locate, small_classes
from nids.datasets.held_out_guard import DescribedHeldOut, guarded, refuse_held_out
from nids.datasets.holdout_split import by_each_row, held_out_rows
from nids.datasets.io.content import data_files
from nids.datasets.io.load import held, parts
from nids.datasets.registry import generate, get, is_generated, names
from nids.datasets.sampling import ClassSample
from nids.datasets.traffic import joined, only
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from nids.config import Data
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile
    from nids.datasets.traffic import Traffic

__all__ = ["available", "get", "load_for", "load_training", "names", "paths_of", "training_files"]


def load_training(
    dataset: str | DatasetSpec,
    *,
    file: str | None = None,
    class_map: str | None = None,
    folder: Path | None = None,
    rows: int = 6000,
    rows_per_class: int | None = None,
    seed: int = 0,
    progress: Callable[[str], object] | None = None,
) -> Traffic:
    """Return the rows that a search may see.

    Args:
        dataset: The data set, or its name.
        file: Name of one of its training files; ``None``: the first, or all that are parts of one set of rows. Not
            looked at where the rows are generated.
        class_map: Name of the label map, ``None`` for the first.
        folder: A data file, or a folder or zip archive to find the file in; without it, the file is looked
            for in NIDS_DATA_DIR and in the user's cache.
        rows: Number of rows of a generated data set.
        rows_per_class: Most rows of each class that are taken of files; ``None``: all.
        seed: Seed of a generated data set, or of which rows are taken.
        progress: Called with a line of text before each of several files is read.

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
        return small_classes.without_dropped(generate(spec, rows, seed))
    read = _parts(spec, paths_of(spec, file, folder), folder, progress)
    if rows_per_class is None or not by_each_row(spec):
        read = held(read)
    sample = ClassSample(rows_per_class, seed)
    if by_each_row(spec):
        for part in read:
            sample.add(_not_held_out(part))
    else:
        sample.add(_not_held_out(joined([*read])))
    return small_classes.without_dropped(sample.traffic())


def _not_held_out(traffic: Traffic) -> Traffic:
    return traffic if traffic.dataset.hold_out is None else only(traffic, ~held_out_rows(traffic))


def _parts(
    dataset: DatasetSpec, paths: Sequence[DataPath], folder: Path | None, progress: Callable[[str], object] | None
) -> Iterator[Traffic]:
    """Yield the rows of files, none of which is held out, whatever they are called."""
    described = DescribedHeldOut(dataset, folder)
    path_of: dict[str, DataPath] = {}
    for number, path in enumerate(paths, 1):
        if progress and len(paths) > 1:
            progress(f"reading {path.name} ({number} of {len(paths)} files)")
        refuse_held_out(dataset.file_at(str(path)))
        described.refuse_path(path)
        for i, part in enumerate(guarded(parts(path, dataset), path)):
            if i == 0:
                refuse_held_out(dataset.file_with(part.sha256))
                described.refuse_content(part.sha256)
                if (same := path_of.setdefault(part.sha256, path)) != path:
                    raise UserError(f"{path}: has the content of {same}, whose rows would count twice. Remove one.")
            yield part


def load_for(
    data: Data,
    seed: int,
    folder: Path | None = None,
    dataset: DatasetSpec | None = None,
    progress: Callable[[str], object] | None = None,
) -> Traffic:
    """Return the rows that a job searches on.

    Args:
        data: The job's section of that name.
        seed: The job's seed.
        folder: As for ``load_training``.
        dataset: Description that a run was begun with; ``None``: the one of that name.
        progress: As for ``load_training``.

    Raises:
        UserError: As ``load_training`` raises it, or dropping small classes leaves no class of attacks.
    """
    dataset = dataset or get(data.dataset)
    folder = locate.folder_of(dataset, data.dataset, folder)
    traffic = load_training(
        dataset,
        file=data.file,
        class_map=data.class_map,
        folder=folder,
        rows=data.rows,
        rows_per_class=data.rows_per_class,
        seed=seed,
        progress=progress,
    )
    asked = small_classes.without_small_classes(traffic, data)
    if progress and (told := small_classes.told(traffic.dataset, asked, data)):
        progress(told)
    return asked


def available(data: Data, folder: Path | None = None) -> bool:
    """Return whether ``load_for`` would find the file of a job's section of that name without the network.

    Raises:
        UserError: A name is unknown, the file is held out, or it is not in ``folder``: who names a place
            wants the data that are there, and no others.
    """
    dataset = get(data.dataset)
    folder = locate.folder_of(dataset, data.dataset, folder)
    return is_generated(dataset) or all(
        locate.locate(dataset, each, folder) is not None for each in training_files(dataset, data.file)
    )


def paths_of(dataset: DatasetSpec, name: str | None = None, folder: Path | None = None) -> list[DataPath]:
    """Return where the training files are, each file of a folder by itself; arguments as for ``load_training``.

    Raises:
        UserError: There is no such file, it is held out, or it is not on this machine.
    """
    paths: dict[str, DataPath] = {}
    for file in training_files(dataset, name):
        path = locate.locate(dataset, file, folder)
        if path is None:
            raise locate.not_found(dataset, file)
        # A data file that the user names stands for all.
        paths |= {str(each): each for each in data_files(path) if str(each) not in paths}
    return [*paths.values()]


def training_files(dataset: DatasetSpec, name: str | None = None) -> tuple[SourceFile, ...]:
    """Return the training file of a name; ``None`` stands for the first one, or for all that are parts of one whole.

    Raises:
        UserError: There is no such file, or it is held out.
    """
    training = tuple(file for file in dataset.files if file.role == "training")
    if name is None and not training:
        raise UserError(f"{dataset.name} has no training file, so nothing can be searched on it. Use another data set.")
    if name is not None:
        if dataset.parts and dataset.hold_out_by == "time" and len(training) > 1:
            raise UserError(
                f"data.file is {name!r}, one of {len(training)} files of {dataset.name}, but hold_out_by = "
                '"time" holds out the last rows of all. Leave data.file out, or describe that file on its own.'
            )
        training = (dataset.file(name),)
        refuse_held_out(training[0])
    return training if dataset.parts else training[:1]
