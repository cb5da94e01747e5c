"""Labelled rows of a data set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.datasets.times import are_dates, times_of
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.datasets.schema import DatasetSpec


_WHOLE = r"^([-+]?\d+)\.0+$"


@dataclass(frozen=True, eq=False)
class Traffic:
    """Labelled rows.

    Attributes:
        dataset: What the rows belong to, with the one label map by which they are labelled.
        source: Such as "KDDTrain+" or "nsl-kdd-sample (synthetic, 6000 rows, seed 0)".
        features: Table of shape (rows, features), columns in the data set's order; numeric ones are float64,
            categorical ones str.
        attack: Each row's type of attack, str of shape (rows,).
        label: Class of each row, int8 of shape (rows,): positions in ``dataset.classes``; below 0 in rows as they are
            read, where ``nids.datasets.small_classes.without_dropped`` has yet to leave them out.
        sha256: Of the uncompressed content of the file, or of the generated rows; of several files, or of a sample,
            that of a text which tells how it was made.
        time: When each row was, in seconds, float64 of shape (rows,); ``None``: the data set names no such column.
        group: What each row belongs to, str of shape (rows,); ``None``: likewise. A whole number is the same group
            however it is spelled.
        dated: Whether times were dates, rather than seconds from some moment on.
        dropped: Number of rows that were left out by the class that they would be of.
    """

    dataset: DatasetSpec
    source: str
    features: pd.DataFrame
    attack: pd.Series[str]
    label: np.ndarray
    sha256: str
    time: np.ndarray | None = None
    group: pd.Series[str] | None = None
    dated: bool = False
    dropped: Mapping[str, int] = field(default_factory=dict)

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
            group=None if group is None else table[group].rename("group").str.replace(_WHOLE, r"\1", regex=True),
            dated=time is not None and are_dates(table[time], dataset.time_format),
        )


def only(traffic: Traffic, rows: np.ndarray, source: str | None = None) -> Traffic:
    """Return some of the rows, chosen by bool of shape (rows,), under the name ``source`` or that of the whole."""
    return replace(
        traffic,
        source=traffic.source if source is None else source,
        features=traffic.features[rows].reset_index(drop=True),
        attack=traffic.attack[rows].reset_index(drop=True),
        label=traffic.label[rows],
        time=None if traffic.time is None else traffic.time[rows],
        group=None if traffic.group is None else traffic.group[rows].reset_index(drop=True),
    )


def joined(parts: Sequence[Traffic]) -> Traffic:
    """Return the rows of several parts of one data set, of one file or of several, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if len({part.dated for part in parts}) > 1:
        numbers, dates = (next(part.source for part in parts if part.dated == dated) for dated in (False, True))
        raise UserError(
            f"{numbers} has numbers in column {parts[0].dataset.time_column} and {dates} has dates, so their rows have "
            "no order in time. Write them in one form."
        )
    times = [part.time for part in parts if part.time is not None]
    groups = [part.group for part in parts if part.group is not None]
    source, sha256 = origin(parts[0].dataset, {part.sha256: part.source for part in parts})
    return replace(
        parts[0],
        source=source,
        features=pd.concat([part.features for part in parts], ignore_index=True),
        attack=pd.concat([part.attack for part in parts], ignore_index=True),
        label=np.concatenate([part.label for part in parts]),
        sha256=sha256,
        time=np.concatenate(times) if times else None,
        group=pd.concat(groups, ignore_index=True) if groups else None,
    )


def origin(dataset: DatasetSpec, files: Mapping[str, str]) -> tuple[str, str]:
    """Return source and SHA-256 of the rows of some files, of which each one's SHA-256 leads to its source."""
    if len(files) == 1:
        ((sha256, source),) = files.items()
        return source, sha256
    return f"{dataset.name} ({len(files)} files)", combined_sha256([*files])


def combined_sha256(texts: Sequence[str]) -> str:
    """Return the SHA-256 of some texts, one a line, hexadecimal."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
