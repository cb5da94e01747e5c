"""The rows of a published file, taken from another one that they are a part of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nids.datasets.column import Column
from nids.datasets.io.load import load
from nids.datasets.io.stream import stream
from nids.datasets.traffic import only

if TYPE_CHECKING:
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile, Subset
    from nids.datasets.traffic import Traffic


def refuse_without_column(path: DataPath, dataset: DatasetSpec, subset: Subset) -> None:
    """Raise a UserError if a file does not have the column that tells the rows of a subset; rows are not looked at."""
    next(stream(path, _with_column(dataset, subset), rows=1, labelled=True), None)


def load_subset(path: DataPath, dataset: DatasetSpec, file: SourceFile) -> Traffic:
    """Return the labelled rows of a file whose ``subset`` says how they follow from the one at ``path``.

    Their order and their SHA-256 are those of the file that is read.

    Raises:
        ValueError: The file follows from no other.
        UserError: As ``nids.datasets.io.load.load`` raises it, also where the column that tells the rows is missing.
    """
    subset = file.subset
    if subset is None:
        raise ValueError(f"{file.name} follows from no other file")
    whole = load(path, _with_column(dataset, subset))
    published = dataset.file_with(whole.sha256) is not None
    return only(
        replace(whole, dataset=dataset.labelled_by(), features=whole.features.drop(columns=subset.column)),
        (whole.features[subset.column] < subset.below).to_numpy(),
        file.name if published else f"{file.name} of {whole.source}",
    )


def _with_column(dataset: DatasetSpec, subset: Subset) -> DatasetSpec:
    return replace(dataset, columns=(*dataset.columns, Column(subset.column, "real")))
