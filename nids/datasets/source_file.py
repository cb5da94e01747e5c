"""The files that a data set consists of."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Role = Literal["training", "held-out"]
ROLES: tuple[Role, ...] = get_args(Role)
# What compressed text is called after its own name.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Subset:
    """How the rows of a published file follow from another one.

    Attributes:
        file: Name of the other file.
        column: Name of a column of the layout that holds numbers.
        below: The rows are those with a smaller number there.
    """

    file: str
    column: str
    below: float


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SourceFile:
    """One published file of a data set.

    Attributes:
        name: The name that a job gives, such as "KDDTrain+".
        filename: The name on disk, such as "KDDTrain+.txt".
        sha256: Of the uncompressed content, hexadecimal; empty: it may be any.
        rows: Number of rows; 0: there may be any number.
        role: "training", or "held-out" for a file that no search may see.
        size: Bytes of the uncompressed content; ``None``: it is found by its name alone.
        features: ``nids.datasets.fingerprints.combined`` of its rows, by which they are found in another form; empty:
            they are not.
        subset: How its rows follow from another file, where they do.
    """

    name: str
    filename: str
    sha256: str = ""
    rows: int = 0
    role: Role = "training"
    size: int | None = None
    features: str = ""
    subset: Subset | None = None


def plain_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a path in small letters, without what says that the file is compressed."""
    return Path(without_compression(path.casefold())).parts


def without_compression(name: str) -> str:
    """Return the name of a file without what says that it is compressed."""
    return name.removesuffix(next((ending for ending in COMPRESSED if name.endswith(ending)), ""))
