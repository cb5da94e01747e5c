"""The bytes of a data file, however it is wrapped, and what is known about them."""

from __future__ import annotations

import gzip
import hashlib
import os
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A file on disk or inside a zip archive, which is read without unpacking it.
DataPath = Path | zipfile.Path

_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"PAR1": "a Parquet file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z archive",
    b"<": "an HTML or XML page",
    b"@relation": "an ARFF file",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}


@dataclass(frozen=True)
class Content:
    """The uncompressed content of one file.

    Attributes:
        name: Name of the file as found.
        data: Its bytes, after gzip if it was compressed.
        sha256: Of ``data``, hexadecimal.
    """

    name: str
    data: bytes
    sha256: str


def load(path: DataPath) -> Content:
    """Return the content of a file, whatever its name says about compression.

    Raises:
        UserError: The file cannot be opened, is damaged, is empty or is no text.
    """
    try:
        data = path.read_bytes()
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}. Give the path of a data file.") from error
    except (EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path}: is damaged: {error}. Copy or download it again.") from error
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UserError(f"{path.name}: is empty. Copy or download it again.")
    start = data[:64].lstrip().lower()
    for magic, what in _FOREIGN.items():
        if start.startswith(magic.lower()):
            raise UserError(
                f"{path.name}: is {what}, but a text file with comma-separated columns is expected "
                "(gzip is fine). Unpack, convert or download it again."
            )
    return Content(path.name, data, hashlib.sha256(data).hexdigest())


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
