"""Keeps held-out rows away from searches, in whatever form they come.

For each published held-out file, the folder ``held_out`` has the fingerprints of its rows, in a file named after the
SHA-256 of its content. They are those of the features alone, so that neither order, line ends, header, quotes,
further columns, the spelling of numbers nor other labels matter. Rows that the published training files have too are
not among them. ``nids.evaluation.held_out_fingerprints`` writes them.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets import registry
from nids.datasets.fingerprints import fingerprints
from nids.datasets.io.stream import stream
from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec, SourceFile
    from nids.datasets.traffic import Traffic


def refuse_held_out(file: SourceFile | None) -> None:
    """Raise a UserError if a published file is held out."""
    if file is not None and file.role == "held-out":
        raise UserError(
            f"{file.name} is held out: whatever a search sees of it, its final test can no longer judge. "
            "Search on a training file."
        )


def refuse_held_out_rows(traffic: Traffic, path: DataPath) -> None:
    """Refuse labelled rows among which some are held out, beyond those that the published training files have too.

    Args:
        traffic: The rows of a whole file.
        path: The file.

    Raises:
        UserError: Some are; the message tells how many, of which file, and the line of the first one.
    """
    published = traffic.dataset.file_with(traffic.sha256)
    if published is not None and published.role == "training":
        return
    rows: np.ndarray | None = None
    # Those of all published data sets: a description of one's own may be of a published file.
    published_files = [file for module in registry.find().values() for file in module.DATASET.held_out_files]
    for file in dict.fromkeys([*traffic.dataset.held_out_files, *published_files]):
        known = fingerprints_of(file)
        if not len(known):
            continue
        rows = fingerprints(traffic.features) if rows is None else rows
        if found := int(np.isin(rows, known).sum()):
            verb = "is a row" if found == 1 else "are rows"
            raise UserError(
                f"{path.name}, {_first(path, traffic.dataset, known)}: {counted(found, 'row')} of this file {verb} of "
                f"{file.name}, which is held out; this is the first. Whatever a search sees of them, its final test "
                "can no longer judge. Remove these rows, or use a training file."
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
