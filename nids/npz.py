"""Archives of NumPy's arrays (``.npz``) from wherever they come: what is read takes no more memory than the file."""

from __future__ import annotations

import io
import json
import math
import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from nids import foreign_json
from nids.memory import usable_memory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

# Numbers, flags and texts of a fixed length: what can neither hold an object nor be of no size.
_KINDS = "biufU"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What is raised for a file that is no archive of arrays: the header of an array is a Python literal.
_DAMAGE = (
    *(OSError, EOFError, RuntimeError, ValueError, TypeError, LookupError, SyntaxError, MemoryError, OverflowError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
# Of JSON among the arrays, bytes and values: folds have all categories that occur in their rows.
LARGEST_JSON, _MOST_VALUES = 1 << 26, 5_000_000


class ArraysError(ValueError):
    """A file is not an archive of plain arrays, or claims to be larger than it is."""


def to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a file that holds arrays by name, not compressed, as ``read`` takes it."""
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **arrays)
    return sink.getvalue()


def read(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name.

    No array is made before it is known to be as large as the part of the file that holds it, and all of them together
    to be no larger than the file.

    Args:
        content: The file's content.

    Raises:
        ArraysError: The file is damaged or compressed, or holds something other than arrays of numbers or texts.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check(members, len(content))
            arrays = {}
            for member in members:
                with archive.open(member) as stream:
                    _check_header(member, stream)
                with archive.open(member) as stream:
                    arrays[_name(member)] = np.lib.format.read_array(stream, allow_pickle=False)
            return arrays
    except ArraysError:
        raise
    except _DAMAGE as error:
        raise ArraysError(f"it holds no plain arrays ({error or type(error).__name__})") from None


def largest_file() -> int:
    """Return the bytes of the largest file that this process has the memory to read.

    Its content, perhaps a copy of that, and its arrays are in memory at once.
    """
    return usable_memory() // 3


def json_array(values: object) -> np.ndarray:
    """Return values as JSON in an array, uint8 of shape (bytes,); ``json_in`` returns them."""
    return np.frombuffer(json.dumps(values).encode(), dtype=np.uint8)


def json_in(array: np.ndarray) -> Any:
    """Return the JSON whose bytes an array of ``read`` holds, uint8 of shape (bytes,).

    Raises:
        ArraysError: It holds none, or more than ``LARGEST_JSON``.
    """
    if array.dtype != np.uint8 or array.ndim != 1 or len(array) > LARGEST_JSON:
        raise ArraysError(f"an array of {array.dtype} of shape {array.shape} is no text of at most {LARGEST_JSON:,}")
    try:
        return foreign_json.parsed(array.tobytes(), _MOST_VALUES)
    except ValueError as error:
        raise ArraysError(f"a text is not JSON ({error})") from None


def _check(members: list[zipfile.ZipInfo], size: int) -> None:
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise ArraysError(f"{member.filename!r} is compressed, which arrays of this program never are")
    if sum(member.file_size for member in members) > size:
        raise ArraysError("its arrays claim to be larger than the file")
    if len({*map(_name, members)}) < len(members):
        raise ArraysError("two of its arrays have the same name")


def _check_header(member: zipfile.ZipInfo, stream: IO[bytes]) -> None:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ArraysError(f"{member.filename!r} is of an unknown format {version}")
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise ArraysError(f"{member.filename!r} is of type {dtype}, not of numbers or texts")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != member.file_size - stream.tell():
        raise ArraysError(f"{member.filename!r} claims the shape {shape}, which is not that of its bytes")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")
