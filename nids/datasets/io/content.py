"""The bytes of a data file, however it is wrapped, and what is known about them."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from nids.datasets.io.compression import DAMAGE, GZIP, is_compressed, unpacked
from nids.datasets.source_file import without_compression
from nids.errors import UserError
from nids.interruption import undone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nids.datasets.io.compression import Content

# A file on disk or inside a zip archive, which is read without unpacking it.
DataPath = Path | zipfile.Path

_PARTIAL = ".partial"
_CHUNK = 1 << 20
_LONGEST_START = 64
_PARQUET = b"PAR1"
_ISIZE = 4
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"<": "an HTML or XML page",
    b"[": "a JSON array",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}
# How the names of data files in a folder end, before the ending of their compression.
_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".arff", ".json", ".jsonl", ".ndjson", ".log", ".labeled", ".parquet")
_DAMAGE = (
    *(*DAMAGE, RuntimeError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error),
    *(pa.ArrowInvalid, pa.ArrowMemoryError),
)


def data_files(path: DataPath) -> tuple[DataPath, ...]:
    """Return the data files of a folder and of all folders in it, by their path; a file is returned as it is.

    Raises:
        UserError: The folder holds none.
    """
    if not isinstance(path, Path) or not path.is_dir():
        return (path,)
    files = sorted(file for file in path.rglob("*") if _is_data(file, path))
    if not files:
        raise UserError(f"{path}: holds no data files, whose names end in {', '.join(_ENDINGS)}, compressed or not.")
    return tuple(files)


def _is_data(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    name = without_compression(file.name.casefold())
    return name.endswith(_ENDINGS) and file.is_file() and not hidden


@contextmanager
def opened(path: DataPath) -> Iterator[io.BufferedReader]:
    """Open a file to read its bytes; what goes wrong while the block reads it is told in words.

    Raises:
        UserError: The file cannot be opened, or is damaged.
    """
    try:
        with path.open("rb") as file:
            yield file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[arg-type]
    except _DAMAGE as error:
        raise UserError(f"{path}: is damaged: {error}. Copy or download it again.") from error
    except OSError as error:
        if type(error) is OSError and error.errno is None:  # of a library rather than of the system
            raise UserError(f"{path}: is damaged: {error}. Copy or download it again.") from error
        raise UserError(f"{path}: cannot be read: {error.strerror or error}. Give the path of a data file.") from error


def is_parquet(file: io.BufferedReader) -> bool:
    """Return whether a file is in Parquet, whatever its name says."""
    return file.peek(len(_PARQUET)).startswith(_PARQUET)


def refuse_foreign(name: str, content: Content) -> None:
    """Refuse what is known to be no data file by how it begins.

    Raises:
        UserError: The content is such.
    """
    start = content.peek(_LONGEST_START)[:_LONGEST_START].lstrip().lower()
    for magic, what in _FOREIGN.items():
        if start.startswith(magic.lower()):
            raise UserError(
                f"{name}: is {what}, but text in columns (CSV, ARFF, JSON lines, a log of Zeek), compressed or not, or "
                "a Parquet file is expected. Unpack, convert or download it again."
            )


def sha256_of(path: DataPath) -> str:
    """Return the SHA-256 of a file's content, hexadecimal; of a compressed file, that of what it holds.

    Raises:
        UserError: The file cannot be opened, or is damaged.
    """
    digest = hashlib.sha256()
    with opened(path) as file, unpacked(file) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def stored_size(path: DataPath) -> int:
    """Return the bytes of a file as it is, compressed or not; of a member of an archive, once it is unpacked."""
    return path.stat().st_size if isinstance(path, Path) else path.root.getinfo(path.at).file_size


def has_size(path: DataPath, size: int) -> bool:
    """Return whether a file's content, uncompressed, has a number of bytes; no more than these are read.

    Of gzip the end of the file tells it (RFC 1952, ISIZE).

    Raises:
        UserError: The file cannot be opened, or is damaged.
    """
    with opened(path) as file:
        compressed, by_gzip = is_compressed(file), file.peek(len(GZIP)).startswith(GZIP)
        if compressed and not by_gzip:
            with unpacked(file) as content:
                return _has_bytes(content, size)
        end = stored_size(path)  # to go to the end of a member of an archive would unpack it
        if not compressed or end < _ISIZE:
            return end == size
        file.seek(end - _ISIZE)
        return int.from_bytes(file.read(_ISIZE), "little") == size


def _has_bytes(content: Content, size: int) -> bool:
    read = 0
    while read <= size and (chunk := content.read(_CHUNK)):
        read += len(chunk)
    return read == size


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only once the block has ended well, and else not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    with undone(lambda: partial.unlink(missing_ok=True)):
        try:
            with partial.open("wb") as stream:
                yield stream
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def partial_files(path: Path) -> list[Path]:
    """Return what processes that were killed inside ``written_whole`` have left of a file."""
    return [*path.parent.glob(f".{glob.escape(path.name)}.*{_PARTIAL}")]
