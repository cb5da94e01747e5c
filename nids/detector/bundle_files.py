"""The files of a bundle: encoding, plain arrays and a list of their sums, read with suspicion."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from nids import foreign_json, npz
from nids.errors import DamagedFileError, UserError
from nids.folds.encoding import Encoding
from nids.memory import usable_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.datasets.schema import DatasetSpec
    from nids.storage import Folder
    from nids.training.ensemble import Weights

BUNDLE = "bundle"  # the folder of a run's detector
SUMS = "SHA256SUMS"
# Of an .npz file, beside the values themselves: for each array, and for the archive.
HEADER_BYTES, ENDS_BYTES = 1024, 1024
_MOST_FILES = 120
ARRAYS = ".npz"  # how the names of files with weights end; all others are text
# Of a file of text: an encoding with a hundred thousand categories is smaller.
LARGEST_TEXT = 1 << 22


def refuse_unreadable(folder: Folder, files: Mapping[str, bytes]) -> None:
    """Raise a UserError if one of the files of text of a bundle is larger than what is read of any bundle.

    Args:
        folder: The bundle's folder, for the message.
        files: Name → content, of the whole bundle or of some files.
    """
    for name, content in files.items():
        if len(content) > LARGEST_TEXT and not name.endswith(ARRAYS):
            raise UserError(
                f"{folder.uri}/{name}: would have {len(content):,} bytes, but of a file of text in a bundle at most "
                f"{LARGEST_TEXT:,} are read. Describe the data set without the columns of text that have the most "
                "values, and search again."
            )


def write_files(folder: Folder, files: Mapping[str, bytes]) -> None:
    """Write the files of a bundle in the place of an older one's; the list of their sums comes last.

    Raises:
        UserError: The folder cannot be written to, or one of the files could not be read again.
    """
    refuse_unreadable(folder, files)
    folder.delete()  # of an older bundle, files would stay that this one does not have
    for name, content in files.items():
        folder.write(name, content)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    folder.write(SUMS, sums.encode())


def listed_files(folder: Folder) -> dict[str, str]:
    """Return the SHA-256 of each file of a bundle by its name, as the list says.

    Raises:
        UserError: There is no such list, or it is none.
    """
    if not folder.exists(SUMS):
        if (inside := folder.folder(BUNDLE)).exists(SUMS):
            raise UserError(f"{folder.uri}: is a run; its detector is {inside.uri}.")
        raise UserError(f"{folder.uri}: holds no bundle (there is no {SUMS}). `nids finalize RUN` makes one.")
    sums = {}
    for line in folder.read(SUMS, LARGEST_TEXT).decode("utf-8", "replace").splitlines():
        expected, _, name = line.partition("  ")
        if not name or "/" in name:
            raise damaged(folder, SUMS, f"a line is not a sum and a file's name: {line[:80]!r}")
        sums[name] = expected
    if len(sums) > _MOST_FILES:
        raise damaged(folder, SUMS, f"it lists {len(sums):,} files, where no bundle has more than {_MOST_FILES}")
    if "manifest.json" not in sums:
        raise damaged(folder, SUMS, "it does not list manifest.json")
    return sums


def read_file(folder: Folder, name: str, sums: Mapping[str, str], most: int | None = None) -> bytes:
    """Return the content of a file, as its sum says, and of at most so many bytes; without a number, of a text's.

    Raises:
        UserError: It is missing, larger, or not what was written.
    """
    try:
        content = folder.read(name, LARGEST_TEXT if most is None else most)
    except FileNotFoundError:
        raise damaged(folder, name, "it is missing") from None
    if hashlib.sha256(content).hexdigest() != sums[name]:
        raise damaged(folder, name, f"it is not what was written: its SHA-256 is not that of {SUMS}")
    return content


def refuse_too_large(folder: Folder, needed: int) -> None:
    """Raise a UserError if a detector needs more memory, in bytes, than this machine has."""
    usable = usable_memory()
    if needed > usable:
        raise UserError(
            f"{folder.uri}: a detector of this size takes {needed / 2**30:,.1f} GiB of memory, but this machine has "
            f"{usable / 2**30:,.1f} GiB. Use a larger machine, if you know who made it."
        )


def largest_file(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return the most bytes that a file with float32 arrays of some shapes can have."""
    return ENDS_BYTES + sum(4 * math.prod(shape) + HEADER_BYTES + 2 * len(path) for path, shape in shapes.items())


def read_arrays(folder: Folder, name: str, content: bytes, shapes: Mapping[str, tuple[int, ...]]) -> Weights:
    """Return the arrays of a file by name.

    Args:
        folder: The bundle's folder, for messages.
        name: The file's name, for messages.
        content: The file's content, of a size that is checked before anything is unpacked.
        shapes: The arrays that must be in it, and no others; all of them float32 and finite.

    Raises:
        UserError: The file holds something else.
    """
    try:
        weights = npz.read(content)
    except npz.ArraysError as error:
        raise damaged(folder, name, str(error)) from None
    if others := sorted(set(weights) - set(shapes)):
        raise damaged(folder, name, f"it holds {others[0]!r}, which is not a weight of this model")
    if missing := sorted(set(shapes) - set(weights)):
        raise damaged(folder, name, f"it lacks the weight {missing[0]!r}")
    for path, shape in shapes.items():
        values = weights[path]
        if values.shape != shape or values.dtype != np.float32 or not np.isfinite(values).all():
            raise damaged(
                folder,
                name,
                f"the weight {path!r} is {values.dtype} of shape {values.shape}, "
                f"but must be finite float32 of shape {shape}",
            )
    return weights


def read_encoding(folder: Folder, content: bytes, dataset: DatasetSpec) -> Encoding:
    """Return the encoding in a bundle, which must be of a data set's columns.

    Raises:
        UserError: It is none, or another one.
    """
    try:
        return Encoding.checked(foreign_json.parsed(content), dataset)
    except ValueError as error:
        raise damaged(folder, "encoding.json", str(error)) from None


def damaged(folder: Folder, name: str, reason: str) -> DamagedFileError:
    """Return the error for a file of a bundle that cannot be used."""
    return DamagedFileError(
        f"{folder.uri}/{name}: the bundle is damaged or was changed: {reason}. "
        "Copy it again, or make it again with `nids finalize`."
    )
