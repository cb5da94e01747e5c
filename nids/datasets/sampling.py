"""A sample of rows that come in parts, in memory that does not grow with their number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.datasets.traffic import combined_sha256, joined, only, origin

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic


class ClassSample:
    """Rows as they come, of each class at most so many: all of a class's rows are equally likely to be among them.

    Each row draws a number, and those of a class with the smallest numbers stay (reservoir sampling by random keys,
    Efraimidis and Spirakis 2006, with equal weights). How the rows are cut into parts makes no difference.

    Args:
        rows_per_class: Most rows of a class; None: all rows stay.
        seed: Seeds the draw.
    """

    def __init__(self, rows_per_class: int | None, seed: int) -> None:
        self._most = rows_per_class
        self._seed = seed
        self._random = np.random.default_rng(seed)
        self._parts: list[Traffic] = []
        self._keys: list[np.ndarray] = []
        self._sampled = 0
        self._files: dict[str, str] = {}

    def add(self, rows: Traffic) -> None:
        """Take in some more rows of the data set."""
        self._files[rows.sha256] = rows.source
        self._parts.append(rows)
        if self._most is not None:
            self._keys.append(self._random.random(len(rows.label)))
            # Seldom enough to cost little, and often enough to hold few rows more than there will be.
            if sum(len(part.label) for part in self._parts) > 2 * self._sampled + len(rows.label):
                self._thin()

    def traffic(self) -> Traffic:
        """Return the rows, in the order in which they came."""
        if self._most is None:
            return joined(self._parts)
        self._thin()
        source, sha256 = origin(self._parts[0].dataset, self._files)
        return replace(
            self._parts[0],
            source=f"{source}, at most {self._most:,} rows of a class",
            sha256=sha256_of_sample(sha256, self._most, self._seed),
        )

    def _thin(self) -> None:
        rows, keys = joined(self._parts), np.concatenate(self._keys)
        kept = (pd.Series(keys).groupby(rows.label).rank(method="first") <= self._most).to_numpy()
        self._parts, self._keys = [only(rows, kept)], [keys[kept]]
        self._sampled = int(kept.sum())


def sha256_of_sample(sha256: str, rows_per_class: int | None, seed: int) -> str:
    """Return the hash of a sample of rows whose own one is ``sha256``; of all rows, that is the same."""
    if rows_per_class is None:
        return sha256
    return combined_sha256([sha256, f"at most {rows_per_class} rows of a class", f"seed {seed}"])
