"""Where the files of a data set are on this machine."""

from __future__ import annotations

import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs

from nids.datasets.description import is_description
from nids.datasets.fingerprints import combined, fingerprints
from nids.datasets.io.archive import container_of, data_path, is_archive, is_member, is_single, members
from nids.datasets.io.content import has_size, sha256_of, stored_size
from nids.datasets.io.stream import stream
from nids.datasets.source_file import COMPRESSED
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile

# How much larger a file may be in another form, with quotes and more columns, say.
_LARGER = 4

FOLDER_VARIABLE = "NIDS_DATA_DIR"


def cache_folder(dataset: DatasetSpec) -> Path:
    """Return the folder in the user's cache for downloaded files of a data set; it may not exist yet."""
    return platformdirs.user_cache_path("nids") / dataset.name


def locate(dataset: DatasetSpec, file: SourceFile, data: Path | None = None) -> DataPath | None:
    """Return where a file is on this machine, or ``None`` if it is in none of the usual places.

    Args:
        dataset: The data set.
        file: One of its files.
        data: Where the user says that it is: the data file, which is then taken whatever its name is, or a
            container to look into as ``find`` does. Without it, the usual places are NIDS_DATA_DIR and the user's
            cache.

    Raises:
        UserError: ``data`` or NIDS_DATA_DIR cannot be read, or ``data`` does not hold the file.
    """
    if data is None:
        # The cache need not exist, but a folder that the user names must.
        folders = [folder for folder in _usual_folders(dataset) if folder != cache_folder(dataset) or folder.exists()]
        paths = (find(dataset, file, folder) for folder in folders)
        return next((path for path in paths if path), None)
    if is_data_file(data):
        return data_path(data)
    if path := find(dataset, file, data):
        return path
    raise UserError(f"{data}: holds no {file.filename}. Give the data file itself, or a folder or zip with it.")


def folder_of(dataset: DatasetSpec, name: str, folder: Path | None) -> Path | None:
    """Return where to look for the files of a data set: where the user says, else beside a description that they wrote.

    Args:
        dataset: The data set.
        name: What a job calls it: its name, or the path of the file that describes it.
        folder: Where the user says that they are; ``None``: nothing was said.
    """
    if folder is None and is_description(name):
        place = Path(name).parent
        return place if any(_exactly(place, file) for file in dataset.files) else None
    return folder


def find(dataset: DatasetSpec, file: SourceFile, container: Path, *, any_form: bool = True) -> DataPath | None:
    """Return where ``container`` holds a file, or ``None``.

    Args:
        dataset: The data set.
        file: One of its files, plain or with ".gz" or ".zst", say, after its name; or a folder of files.
        container: A zip archive, or a folder that holds the file or a zip archive with it, itself or in a
            sub-folder. Where nothing has the file's name, what has its content is found, or else its rows in another
            form: with a header, say, in quotes or in another order.
        any_form: Whether such a form is looked for.

    Raises:
        UserError: ``container`` is neither a folder nor a zip archive that can be read.
    """
    if container.is_dir() and (exactly := _exactly(container, file)):
        return data_path(exactly, dataset)
    try:
        paths = list(_files_under(container) if container.is_dir() else members(container))
        for path in paths:
            if dataset.file_at(str(path)) == file:
                return data_path(path, dataset)
        by_content = (path for path in paths if _has_content_of(path, file))
        by_rows = (path for path in paths if dataset.file_at(str(path)) is None and _has_rows_of(path, dataset, file))
        return next(by_content, None) or (next(by_rows, None) if any_form else None)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{container}: {_reason(error)}. Give a data file, or a folder or zip archive that holds data files."
        ) from error


def _exactly(folder: Path, file: SourceFile) -> Path | None:
    """Return the path that the name of a file leads to from a folder, if something is there."""
    paths = (folder / f"{file.filename}{ending}" for ending in ("", *COMPRESSED))
    return next((path for path in paths if path.exists() or is_member(path)), None)


def _has_content_of(path: DataPath, file: SourceFile) -> bool:
    """Return whether a file of any name has the content of a published one; only one of that size is read."""
    try:
        return file.size is not None and has_size(path, file.size) and sha256_of(path) == file.sha256
    except UserError:  # it is damaged, or closed to this user
        return False


def _has_rows_of(path: DataPath, dataset: DatasetSpec, file: SourceFile) -> bool:
    """Return whether a file has the features of a published one's rows, and no others."""
    try:
        if not file.features or stored_size(path) > _LARGER * (file.size or 0):
            return False
        hashes = [np.empty(0, dtype=np.uint64)]
        rows = 0
        for chunk in stream(path, dataset):
            rows += len(chunk.numbers)
            if chunk.rejects or rows > file.rows:
                return False
            hashes.append(fingerprints(chunk.table))
    except UserError:  # it has other columns, or is no data file
        return False
    return rows == file.rows and combined(np.concatenate(hashes)) == file.features


def is_data_file(path: Path) -> bool:
    """Return whether a path is a data file by itself rather than a place to look into.

    A file inside a zip archive, named as ARCHIVE/MEMBER, is one, and so is an archive that holds one file.
    """
    return is_member(path) or is_single(path) or (path.is_file() and not is_archive(path))


def beside(data: Path | None) -> Path | None:
    """Return where other files of a data set are: where the user says, or, of a data file that they name, beside it."""
    return container_of(data) if data is not None and is_data_file(data) else data


def not_found(dataset: DatasetSpec, file: SourceFile) -> UserError:
    """Return the message for a file that ``locate`` found in none of the usual places."""
    folders = " and ".join(map(str, _usual_folders(dataset)))
    cure = f"Run `nids data fetch {dataset.name}`, or set" if dataset.mirrors else "Name its folder by --data, or set"
    return UserError(
        f"{file.filename} is not on this machine: looked in {folders}. {cure} {FOLDER_VARIABLE} to a folder that holds "
        "the file" + ("." if dataset.mirrors or file.sha256 else "; what you describe yourself may be beside it.")
    )


def _usual_folders(dataset: DatasetSpec) -> list[Path]:
    folder = os.environ.get(FOLDER_VARIABLE)
    return [*([Path(folder)] if folder else []), cache_folder(dataset)]


def _files_under(folder: Path) -> Iterator[DataPath]:
    """Yield the files of a folder and of its sub-folders, and then what zip archives among them hold."""
    children = sorted(folder.iterdir())
    files = [path for path in children if path.is_file()]
    for child in children:
        if child.is_dir():
            files += sorted(path for path in child.iterdir() if path.is_file())
    yield from files
    for path in files:
        # An archive that cannot be read is passed over: it may lie here for another reason.
        if path.suffix.casefold() == ".zip":
            with suppress(OSError, zipfile.BadZipFile):
                yield from members(path)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return "is not a zip archive" if isinstance(error, zipfile.BadZipFile) else f"cannot be read ({error})"
