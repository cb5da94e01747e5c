"""Keeps held-out rows away from searches, in whatever form they come.

For each published held-out file, the folder ``held_out`` has the fingerprints of its rows, in a file named after the
SHA-256 of its content. They are those of the features alone, so that neither order, line ends, header, quotes,
further columns, the spelling of numbers nor other labels matter. Rows that the published training files have too are
not among them. ``nids.evaluation.held_out_fingerprints`` writes them.
"""

from __future__ import annotations

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
    if not isinstance(path, Path):
        return
    for file in dataset.held_out_files:
        held_out = None if file.sha256 else find(dataset, file, path.parent)
        if held_out is not None and sha256_of(held_out) == sha256:
            refuse_held_out(file)


def refuse_held_out_rows(traffic: Traffic, path: DataPath) -> None:
    """Refuse labelled rows among which some are held out, beyond those that the published training files have too.

    Held-out rows of other published data sets are refused too where the file has all of their columns: a description of
    one's own may be of a published file, and may leave out some of them.

    Args:
        traffic: The rows of a whole file.
        path: The file.

    Raises:
        UserError: Some are; the message tells how many, of which file, and the line of the first one.
    """
    published = traffic.dataset.file_with(traffic.sha256)
    if published is not None and published.role == "training":
        return
    others = (dataset for dataset in registry.shipped() if dataset.name != traffic.dataset.name)
    for dataset in (traffic.dataset, *others):
        files = [file for file in dataset.held_out_files if len(fingerprints_of(file))]
        if not files:
            continue
        try:
            rows = fingerprints(traffic.features) if dataset is traffic.dataset else _fingerprints_in(path, dataset)
        except UserError:  # the file has other columns
            continue
        for file in files:
            _refuse(path, dataset, file, rows)


def _fingerprints_in(path: DataPath, dataset: DatasetSpec) -> np.ndarray:
    """Return those of the rows of a file that can be read as rows of a data set."""
    return np.concatenate([fingerprints(chunk.table) for chunk in stream(path, dataset)])


def _refuse(path: DataPath, dataset: DatasetSpec, file: SourceFile, rows: np.ndarray) -> None:
    """Raise a UserError if some fingerprints are those of a held-out file."""
    known = fingerprints_of(file)
    found = int(np.isin(rows, known).sum())
    if not found:
        return
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
