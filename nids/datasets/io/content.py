"""The bytes of a data file, however it is wrapped, and what is known about them."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A file on disk or inside a zip archive, which is read without unpacking it.
DataPath = Path | zipfile.Path

_CHUNK = 1 << 20
_LONGEST_START = 64
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ISIZE = 4
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z archive",
    b"<": "an HTML or XML page",
    b"@relation": "an ARFF file",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}
# How the names of data files in a folder end, before the ending of their compression.
_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".parquet")
_DAMAGE = (EOFError, RuntimeError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, pa.ArrowInvalid)


def data_files(path: DataPath) -> tuple[DataPath, ...]:
    """Return the data files of a folder and of all folders in it, by their path; a file is returned as it is.

    Raises:
        UserError: The folder holds none.
    """
    if not isinstance(path, Path) or not path.is_dir():
        return (path,)
    files = sorted(file for file in path.rglob("*") if _is_data(file, path))
    if not files:
        raise UserError(f"{path}: holds no data files, whose names end in {', '.join(_ENDINGS)} (or those with .gz).")
    return tuple(files)


def _is_data(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    name = file.name.casefold().removesuffix(".gz")
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
        raise UserError(f"{path}: cannot be read: {error.strerror or error}. Give the path of a data file.") from error


@contextmanager
def unpacked(file: io.BufferedReader) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """Open the content of a file that may be compressed by gzip, whatever its name says."""
    if file.peek(len(_GZIP)).startswith(_GZIP):
        with gzip.open(file) as content:
            yield content
    else:
        yield file


def is_parquet(file: io.BufferedReader) -> bool:
    """Return whether a file is in Parquet, whatever its name says."""
    return file.peek(len(_PARQUET)).startswith(_PARQUET)


def refuse_foreign(name: str, content: io.BufferedReader | gzip.GzipFile) -> None:
    """Refuse what is known to be neither text in columns nor Parquet by how it begins.

    Raises:
        UserError: The content is such.
    """
    start = content.peek(_LONGEST_START)[:_LONGEST_START].lstrip().lower()
    for magic, what in _FOREIGN.items():
        if start.startswith(magic.lower()):
            raise UserError(
                f"{name}: is {what}, but a Parquet file, or a text file with comma-separated columns, is expected "
                "(gzip is fine). Unpack, convert or download it again."
            )


def sha256_of(path: DataPath) -> str:
    """Return the SHA-256 of a file's content, hexadecimal; of a file compressed by gzip, that of what it holds.

    Raises:
        UserError: The file cannot be opened, or is damaged.
    """
    digest = hashlib.sha256()
    with opened(path) as file, unpacked(file) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def size_of(path: DataPath) -> int:
    """Return the bytes of a file's content, of a file compressed by gzip as its end tells them (RFC 1952, ISIZE).

    Raises:
        UserError: The file cannot be opened.
    """
    with opened(path) as file:
        compressed = file.peek(len(_GZIP)).startswith(_GZIP)
        # To go to the end of a member of an archive would unpack it.
        end = file.seek(0, io.SEEK_END) if isinstance(path, Path) else path.root.getinfo(path.at).file_size
        if not compressed or end < _ISIZE:
            return end
        file.seek(end - _ISIZE)
        return int.from_bytes(file.read(_ISIZE), "little")


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name only once the block has ended well, and else not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            yield stream
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
