"""Rows as numbers that tell whether two are the same, whatever form their files have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping


def fingerprints(columns: pd.DataFrame | Mapping[str, Any]) -> np.ndarray:
    """Return a hash of each row's values, uint64 of shape (rows,).

    Numbers count in single precision, in which models see them: how a file spells or stores them makes no difference.
    Nor do the names of the columns, but their order does. Among a few million rows, different ones do not get the same
    hash by chance.

    Args:
        columns: A table, or its columns by their names: numbers or text.
    """
    values = {}
    for name, column in columns.items():
        if isinstance(column, pd.Categorical) or column.dtype.kind not in "biuf":
            values[name] = column
        else:
            # Of the two zeros, the negative one becomes the other.
            values[name] = np.asarray(column, dtype=np.float32) + np.float32(0)
    hashes: np.ndarray = pd.util.hash_pandas_object(pd.DataFrame(values), index=False).to_numpy(np.uint64)
    return hashes


def combined(hashes: np.ndarray) -> str:
    """Return the sum of rows' fingerprints modulo 2^64, hexadecimal: one for all of them, in whatever order."""
    return f"{int(hashes.sum(dtype=np.uint64)):016x}"
