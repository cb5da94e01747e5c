"""Keeps held-out rows away from searches, in whatever form they come.

For each published held-out file, the folder ``held_out`` has the fingerprints of its rows, in a file named after the
SHA-256 of its content. They are those of the features alone, so that neither order, line ends, header, quotes,
further columns, the spelling of numbers nor other labels matter. Rows that the published training files have too are
not among them. ``nids.evaluation.held_out_fingerprints`` writes them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets import registry
from nids.datasets.fingerprints import fingerprints
from nids.datasets.io.archive import data_path
from nids.datasets.io.content import data_files, sha256_of
from nids.datasets.io.stream import stream
from nids.datasets.locate import beside, locate
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


class DescribedHeldOut:
    """The held-out files of a data set whose content it does not tell, as far as they are on this machine.

    Args:
        dataset: The data set.
        folder: Where its files are: a folder or zip archive, or a data file beside them; ``None``: the usual places.
    """

    def __init__(self, dataset: DatasetSpec, folder: Path | None) -> None:
        self._files: dict[str, SourceFile] = {}
        for file in dataset.held_out_files:
            with suppress(UserError):  # it is not here
                path = None if file.sha256 else locate(dataset, file, beside(folder))
                self._files |= {_absolute(each): file for each in (data_files(path) if path else ())}

    def refuse_path(self, path: DataPath) -> None:
        """Raise a UserError if a file is one of them."""
        refuse_held_out(self._files.get(_absolute(path)))

    def refuse_content(self, sha256: str) -> None:
        """Raise a UserError if a content is that of one of them."""
        refuse_held_out(self._by_content.get(sha256))

    @cached_property
    def _by_content(self) -> dict[str, SourceFile]:
        return {sha256_of(data_path(Path(path))): file for path, file in self._files.items()}


def _absolute(path: DataPath) -> str:
    return str(path.resolve() if isinstance(path, Path) else path)


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
                alike = replace(dataset, separator=part.dataset.separator)
                found = sum((_found(chunk.table, files) for chunk in stream(path, alike)), Counter())
            except UserError:  # the file has other columns
                continue
            _refuse(path, alike, found)


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
