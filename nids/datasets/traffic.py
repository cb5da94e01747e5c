"""Labelled rows of a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets.times import times_of

if TYPE_CHECKING:
    import pandas as pd

    from nids.datasets.schema import DatasetSpec


@dataclass(frozen=True, eq=False)
class Traffic:
    """Labelled rows.

    Attributes:
        dataset: What the rows belong to, with the one label map by which they are labelled.
        source: Such as "KDDTrain+" or "nsl-kdd-sample (synthetic, 6000 rows, seed 0)".
        features: Table of shape (rows, features), columns in the data set's order; numeric ones are float64,
            categorical ones str.
        attack: Each row's type of attack, str of shape (rows,).
        label: Class of each row, int8 of shape (rows,): positions in ``dataset.classes``.
        sha256: Of the uncompressed content of the file, or of the generated rows.
        time: When each row was, in seconds, float64 of shape (rows,); ``None``: the data set names no such column.
        group: What each row belongs to, str of shape (rows,); ``None``: likewise.
    """

    dataset: DatasetSpec
    source: str
    features: pd.DataFrame
    attack: pd.Series[str]
    label: np.ndarray
    sha256: str
    time: np.ndarray | None = None
    group: pd.Series[str] | None = None

    @classmethod
    def from_table(cls, table: pd.DataFrame, dataset: DatasetSpec, source: str, sha256: str) -> Traffic:
        """Return the rows of a table that has the columns of a data set and its labels, which are known ones.

        Raises:
            UserError: Times are of two forms, which have no order.
        """
        time, group = dataset.time_column, dataset.group_column
        return cls(
            dataset=dataset,
            source=source,
            features=table[[column.name for column in dataset.columns]],
            attack=table[dataset.attack_column or dataset.label_column].rename("attack"),
            label=table[dataset.label_column].map(dataset.label_maps[0].positions).to_numpy(np.int8),
            sha256=sha256,
            time=None if time is None else times_of(table[time], dataset.time_format, source),
            group=None if group is None else table[group].rename("group"),
        )
