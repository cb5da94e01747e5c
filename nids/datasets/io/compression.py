"""The content of a file that may be compressed, whatever its name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Content = io.BufferedReader | gzip.GzipFile | bz2.BZ2File

GZIP = b"\x1f\x8b"
# Bytes that a file may ask for to be unpacked, beside what is unpacked: LZMA looks back that far at most, where a file
# of some hundred bytes could ask for 4 GiB. xz asks for 64 MiB with -9. zstd's own limit is 128 MiB, of gzip and bzip2
# it is a few.
LARGEST_WINDOW = 1 << 28
_CHUNK = 1 << 16


class _Xz(io.RawIOBase):
    """The content of an xz file, as ``lzma.LZMAFile`` has it, which knows no limit of memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._given = b""
        self._decoder = self._fresh()

    @staticmethod
    def _fresh() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, LARGEST_WINDOW)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            if self._decoder.eof and not self._begins_anew():
                return 0
            given = b""
            if self._decoder.needs_input:
                given, self._given = self._given or self._file.read(_CHUNK), b""
                if not given:
                    raise EOFError("it ends before its content does")
            try:
                data = self._decoder.decompress(given, len(buffer))
            except lzma.LZMAError as error:
                if "Memory usage limit" not in str(error):
                    raise
                raise lzma.LZMAError(f"it takes more than {LARGEST_WINDOW >> 20} MiB to unpack") from None
        buffer[: len(data)] = data
        return len(data)

    def _begins_anew(self) -> bool:
        """Return whether another compressed file follows, perhaps after zeros, and begin with it."""
        given = self._decoder.unused_data.lstrip(b"\0")
        while not given:
            if not (read := self._file.read(_CHUNK)):
                return False
            given = read.lstrip(b"\0")
        self._given, self._decoder = given, self._fresh()
        return True


def _xz(file: IO[bytes]) -> io.BufferedReader:
    return io.BufferedReader(_Xz(file))


def _zstd(file: IO[bytes]) -> io.BufferedReader:
    return io.BufferedReader(pa.CompressedInputStream(file, "zstd"))


# Each reads as much of the file as is asked for, and opens what several compressed files in a row hold.
_OPENERS: Mapping[bytes, Callable[[IO[bytes]], Content]] = {
    GZIP: gzip.open,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": _xz,
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
