"""Knots of piecewise-linear functions, where a fold's training rows have their values."""

from __future__ import annotations

import numpy as np

# In the place of a knot that is not in use. So far above all values, between 0 and 1, that a line to it is level.
UNUSED = 1e30


def column_knots(numeric: np.ndarray, width: int, most: int) -> np.ndarray:
    """Return the knots of each encoded column.

    A numeric column has knots at all of its values or, where these are too many, a third of ``most`` each at quantiles,
    at values that are evenly spaced among the distinct ones, and at the most frequent ones. All other columns, which
    are 0 or 1, have a knot at both.

    Args:
        numeric: Scaled numeric columns of the training rows, float32 of shape (rows, numeric columns), from 0 to 1.
        width: Number of encoded columns; the numeric ones come first.
        most: The most knots of a column, 3 or more.

    Returns:
        float32 of shape (width, most): those of a column in ascending order, then ``UNUSED``.
    """
    result = np.full((width, most), UNUSED, dtype=np.float32)
    for column in range(width):
        values = numeric[:, column] if column < numeric.shape[1] else np.array([0, 1], dtype=np.float32)
        knots = knots_of(values, most)
        result[column, : len(knots)] = knots
    return result


def knots_of(values: np.ndarray, most: int) -> np.ndarray:
    """Return the knots of a column, ascending, float32 of shape (at most ``most``,)."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= most:
        return distinct
    share = most // 3
    quantiles = np.quantile(values, np.linspace(0, 1, share), method="nearest")
    spaced = distinct[np.linspace(0, len(distinct) - 1, share).round().astype(int)]
    frequent = distinct[np.argsort(-counts, kind="stable")[: most - 2 * share]]
    return np.unique(np.concatenate([quantiles, spaced, frequent]))
