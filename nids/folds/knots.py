"""Knots of piecewise-linear functions, where a fold's training rows have their values."""

from __future__ import annotations

import numpy as np

# Slope on either side of a knot that is not in use: no value between 0 and 1 comes near it.
_FAR, _STEEP = 2.0, 1e6


def hat_functions(numeric: np.ndarray, width: int, most: int) -> np.ndarray:
    """Return a hat function for each knot of each encoded column.

    A numeric column has knots at all of its values or, where these are too many, a third of ``most`` each at quantiles,
    at values that are evenly spaced among the distinct ones, and at the most frequent ones. All other columns, which
    are 0 or 1, have a knot at both.

    Args:
        numeric: Scaled numeric columns of the training rows, float32 of shape (rows, numeric columns), from 0 to 1.
        width: Number of encoded columns; the numeric ones come first.
        most: The most knots of a column, 3 or more.

    Returns:
        Knot, and the slopes of its hat on the left and on the right, float32 of shape (3, width, most). A hat is 1 at
        its knot and falls to 0 at its neighbours; the outermost ones stay 1 beyond. Knots not in use are far off.
    """
    hats = np.empty((3, width, most), dtype=np.float32)
    hats[0], hats[1:] = _FAR, _STEEP
    for column in range(width):
        values = numeric[:, column] if column < numeric.shape[1] else np.array([0, 1], dtype=np.float32)
        knots = knots_of(values, most)
        slopes = 1 / np.diff(knots)
        hats[0, column, : len(knots)] = knots
        hats[1, column, : len(knots)] = [0, *slopes]
        hats[2, column, : len(knots)] = [*slopes, 0]
    return hats


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
