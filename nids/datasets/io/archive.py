"""Data files inside zip archives, which are read without unpacking them."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nids.datasets.io.compression import LARGEST_WINDOW
from nids.errors import UserError

if TYPE_CHECKING:
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec

_SHOWN = 6


def is_archive(path: Path) -> bool:
    """Return whether a path is a zip archive."""
    try:
        return path.is_file() and zipfile.is_zipfile(path)
    except zipfile.BadZipFile:  # of one in several parts
        return True


def members(archive: Path) -> list[zipfile.Path]:
    """Return the files in an archive but hidden ones, such as those that macOS adds.

    Raises:
        OSError: The archive cannot be opened.
        BadZipFile: It is none, or damaged.
    """
    try:
        opened = zipfile.ZipFile(archive)
        names = []
        for member in opened.infolist():
            if member.compress_type == zipfile.ZIP_LZMA and _window(archive, member) > LARGEST_WINDOW:
                raise zipfile.BadZipFile(f"{member.filename} takes more than {LARGEST_WINDOW >> 20} MiB to unpack")
            if not member.is_dir():
                names.append(member.filename)
    # A version that is not known, a name that is not in UTF-8, a place before or beyond any file.
    except (NotImplementedError, ValueError, OverflowError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    return [zipfile.Path(opened, name) for name in names if not _is_hidden(PurePosixPath(name))]


def _window(archive: Path, member: zipfile.ZipInfo) -> int:
    """Return how far back a member looks that is compressed by LZMA, in bytes (APPNOTE.TXT 4.3.7 and 5.8)."""
    with archive.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(name + extra + 5, 1)  # two bytes of a version, two of a size, one of other properties
        return int.from_bytes(file.read(4), "little")


def is_member(path: Path) -> bool:
    """Return whether a path is ARCHIVE/MEMBER, which names a file inside a zip archive."""
    return not path.exists() and any(is_archive(parent) for parent in path.parents)


def is_single(path: Path) -> bool:
    """Return whether a path is a zip archive that holds one file."""
    try:
        return is_archive(path) and len(members(path)) == 1
    except (OSError, zipfile.BadZipFile):
        return False


def container_of(path: Path) -> Path:
    """Return where further files are to be looked for: the archive of a member, else the folder of a file."""
    return _archive_of(path) if is_member(path) else path.parent


def data_path(path: DataPath, dataset: DatasetSpec | None = None) -> DataPath:
    """Return the data file that a path stands for: itself, or a file inside a zip archive.

    ARCHIVE/MEMBER is that member. ARCHIVE is the one with a name that the data set knows, or else its only one.

    Raises:
        UserError: There is no such member, or none or more than one that could be meant; or the archive is damaged.
    """
    if not isinstance(path, Path):
        return path
    try:
        if is_member(path):
            return _named(path)
        return _only(path, dataset) if is_archive(path) else path
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: is damaged: {error}. Copy or download it again.") from error


def _archive_of(path: Path) -> Path:
    return next(parent for parent in path.parents if is_archive(parent))


def _named(path: Path) -> zipfile.Path:
    archive = _archive_of(path)
    inside = members(archive)
    for member in inside:
        if member.at == path.relative_to(archive).as_posix():
            return member
    raise UserError(f"{archive}: holds no {path.relative_to(archive).as_posix()}, but {_listed(inside)}. Name one.")


def _only(archive: Path, dataset: DatasetSpec | None) -> zipfile.Path:
    inside = members(archive)
    if any(member.at == "[Content_Types].xml" for member in inside):
        raise UserError(f"{archive}: is a document of an office program. Save its sheet as CSV.")
    if not inside:
        raise UserError(f"{archive}: is a zip archive without files. Copy or download it again.")
    known = [member for member in inside if dataset and dataset.file_at(member.at)]
    for candidates in (known, inside):
        if len(candidates) == 1:
            return candidates[0]
    candidates = known or inside
    raise UserError(
        f"{archive}: holds {len(inside)} files: {_listed(candidates)}. Name one of them, such as "
        f"{archive / candidates[0].at}."
    )


def _is_hidden(name: PurePosixPath) -> bool:
    return name.name.startswith(".") or name.parts[0] == "__MACOSX"


def _listed(inside: list[zipfile.Path]) -> str:
    names = [member.at for member in inside]
    return ", ".join(names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
