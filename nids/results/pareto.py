"""Pareto fronts of rows of costs, and the hypervolume that they dominate: each column is to be as small as possible."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def on_front(costs: np.ndarray) -> np.ndarray:
    """Return which rows no other row dominates, bool of shape (n,); of equal rows either all are on it, or none is.

    A row dominates another one if it is at most as large in each column and smaller in one.

    Args:
        costs: Finite numbers of shape (n, d), one column or more.
    """
    distinct, places = np.unique(costs, axis=0, return_inverse=True)
    return _on_front(distinct)[places.ravel()]


def _on_front(distinct: np.ndarray) -> np.ndarray:
    """Do so for rows in lexicographic order, each there once: none dominates an earlier one."""
    if distinct.shape[1] == 2:
        earlier = np.minimum.accumulate(np.append(np.inf, distinct[:-1, 1]))[: len(distinct)]
        return distinct[:, 1] < earlier
    found = np.zeros(len(distinct), dtype=bool)
    left = np.arange(len(distinct))
    while len(left):
        found[left[0]] = True
        left = left[(distinct[left] < distinct[left[0]]).any(axis=1)]
    return found


def hypervolume(costs: np.ndarray) -> float:
    """Return the volume of the part of the unit cube that some row dominates.

    It is swept along the last column, as Fleischer's and Knowles's way of slicing objectives does: L. While, L.
    Bradstreet, L. Barone and P. Hingston, "Heuristics for Optimising the Calculation of Hypervolume for
    Multi-objective Optimisation Problems", IEEE CEC 2005.

    Args:
        costs: Numbers from 0 to 1 of shape (n, d), two columns or more.
    """
    if not len(costs):
        return 0.0
    if costs.shape[1] == 2:
        return float(hypervolumes(costs)[-1])
    swept = costs[on_front(costs)]
    swept = swept[np.argsort(swept[:, -1], kind="stable")]
    depths = np.diff(np.append(swept[:, -1], 1.0))
    return float(hypervolumes(swept[:, :-1]) @ depths)


def hypervolumes(costs: np.ndarray) -> np.ndarray:
    """Return ``hypervolume`` of the first row, the first two, and so on, float of shape (n,); arguments as there."""
    added = _added_to_area(costs) if costs.shape[1] == 2 else _added_to_volume(costs)
    return np.cumsum(np.fromiter(added, dtype=float, count=len(costs)))


def _added_to_area(costs: np.ndarray) -> Iterator[float]:
    """Yield for each row of two columns the area that it alone dominates, of the rows so far."""
    # The front so far: a staircase that leads down to the right.
    xs: list[float] = []
    ys: list[float] = []
    for x, y in costs.tolist():
        before = bisect_right(xs, x)
        if before and ys[before - 1] <= y:
            yield 0.0
            continue
        first = last = bisect_left(xs, x)
        while last < len(xs) and ys[last] >= y:
            last += 1
        # Under each step from here to the first one that is lower than y.
        edges = [x, *xs[first:last], xs[last] if last < len(xs) else 1.0]
        tops = [ys[first - 1] if first else 1.0, *ys[first:last]]
        yield sum((edges[step + 1] - edges[step]) * (top - y) for step, top in enumerate(tops))
        xs[first:last], ys[first:last] = [x], [y]


def _added_to_volume(costs: np.ndarray) -> Iterator[float]:
    """Yield for each row the volume that it alone dominates, of the rows so far."""
    front = costs[:0]
    for row in costs:
        if (front <= row).all(axis=1).any():
            yield 0.0
            continue
        yield float(np.prod(1.0 - row)) - hypervolume(np.maximum(front, row))
        front = np.vstack([front[(front < row).any(axis=1)], row])
