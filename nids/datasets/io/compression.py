"""The content of a file that may be compressed, whatever its name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Content = io.BufferedReader | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile

GZIP = b"\x1f\x8b"


def _zstd(file: IO[bytes]) -> io.BufferedReader:
    return io.BufferedReader(pa.CompressedInputStream(file, "zstd"))


# Each reads as much of the file as is asked for, and opens what several compressed files in a row hold.
_OPENERS: Mapping[bytes, Callable[[IO[bytes]], Content]] = {
    GZIP: gzip.open,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstd,
}
# What they raise for a file that is damaged, beside errors of zlib and those of the system without a number.
DAMAGE = (EOFError, gzip.BadGzipFile, lzma.LZMAError)


@contextmanager
def unpacked(file: io.BufferedReader) -> Iterator[Content]:
    """Open the content of a file that may be compressed by gzip, bzip2, xz or zstd."""
    opener = next((opens for magic, opens in _OPENERS.items() if file.peek(len(magic)).startswith(magic)), None)
    if opener is None:
        yield file
    else:
        with opener(file) as content:
            yield content


def is_compressed(file: io.BufferedReader) -> bool:
    """Return whether ``unpacked`` finds another content in a file than its bytes."""
    return any(file.peek(len(magic)).startswith(magic) for magic in _OPENERS)
