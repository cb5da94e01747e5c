"""Keeps held-out rows away from searches, in whatever form they come.

For each published held-out file, the folder ``held_out`` has the fingerprints of its rows, in a file named after the
SHA-256 of its content. They are those of the features alone, so that neither order, line ends, header, quotes,
further columns, the spelling of numbers nor other labels matter. Rows that the published training files have too are
not among them. ``nids.evaluation.held_out_fingerprints`` writes them.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets import registry
from nids.datasets.fingerprints import fingerprints
from nids.datasets.io.content import sha256_of
from nids.datasets.io.stream import stream
from nids.datasets.locate import find
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile
    from nids.datasets.traffic import Traffic


def refuse_held_out(file: SourceFile | None) -> None:
    """Raise a UserError if a published file is held out."""
    if file is not None and file.role == "held-out":
        raise UserError(
            f"{file.name} is held out: whatever a search sees of it, its final test can no longer judge. "
            "Search on a training file."
        )


def refuse_held_out_content(dataset: DatasetSpec, path: DataPath, sha256: str) -> None:
    """Raise a UserError if a file has the content of a held-out one beside it whose hash the data set does not tell."""
    folder = path.parent if isinstance(path, Path) else Path(str(path.root.filename)).parent
    for file in dataset.held_out_files:
        held_out = None if file.sha256 else find(dataset, file, folder)
        if held_out is not None and sha256_of(held_out) == sha256:
            refuse_held_out(file)


def guarded(parts: Iterable[Traffic], path: DataPath) -> Iterator[Traffic]:
    """Yield the labelled rows of a file, and refuse it if some are held out.

    Those that the published training files have too do not count. Held-out rows of other published data sets are
    refused too where the file has all of their columns: a description of one's own may be of a published file, and may
    leave out some of them.

    Args:
        parts: The rows of the whole file.
        path: The file.

    Raises:
        UserError: After the last part: some are; the message tells how many, of which file, and the line of the first.
    """
    found: Counter[SourceFile] = Counter()
    for part in parts:
        published = part.dataset.file_with(part.sha256)
        if published is None or published.role != "training":
            found += _found(part.features, _watched(part.dataset))
        yield part
    if published is not None and published.role == "training":
        return
    _refuse(path, part.dataset, found)
    for dataset in registry.shipped():
        if dataset.name != part.dataset.name and (files := _watched(dataset)):
            try:
                found = sum((_found(chunk.table, files) for chunk in stream(path, dataset)), Counter())
            except UserError:  # the file has other columns
                continue
            _refuse(path, dataset, found)


def _watched(dataset: DatasetSpec) -> list[SourceFile]:
    """Return the held-out files of a data set whose rows are known."""
    return [file for file in dataset.held_out_files if len(fingerprints_of(file))]


def _found(features: pd.DataFrame, files: Sequence[SourceFile]) -> Counter[SourceFile]:
    """Return how many rows are of each of some held-out files."""
    if not files:
        return Counter()
    rows = fingerprints(features)
    return Counter({file: int(np.isin(rows, fingerprints_of(file)).sum()) for file in files})


def _refuse(path: DataPath, dataset: DatasetSpec, rows_of: Counter[SourceFile]) -> None:
    """Raise a UserError if some rows are of a held-out file."""
    file = next((file for file, rows in rows_of.items() if rows), None)
    if file is None:
        return
    found, known = rows_of[file], fingerprints_of(file)
    where = f"{path.name}, {_first(path, dataset, known)}"
    if found == 1:
        are, them = f"1 row of this file is a row of {file.name}, which is held out", "this row"
    else:
        are = f"{found:,} rows of this file are rows of {file.name}, which is held out; this is the first"
        them = "these rows"
    raise UserError(
        f"{where}: {are}. Whatever a search sees of it, its final test can no longer judge. Remove {them}, or use a "
        "training file."
    )


@cache
def fingerprints_of(file: SourceFile) -> np.ndarray:
    """Return the fingerprints of a held-out file's rows, uint64 in ascending order; none where they are not known."""
    stored = resources.files(__package__) / "held_out" / f"{file.sha256}.npy"
    if not stored.is_file():
        return np.empty(0, dtype=np.uint64)
    with stored.open("rb") as content:
        known: np.ndarray = np.load(content)
    return known


def _first(path: DataPath, dataset: DatasetSpec, known: np.ndarray) -> str:
    """Return where the first of the rows stands, such as "line 12"."""
    for chunk in stream(path, dataset):
        found = np.flatnonzero(np.isin(fingerprints(chunk.table), known))
        if len(found):
            return f"{chunk.unit} {chunk.numbers[found[0]]:,}"
    raise AssertionError(path)
