"""Nearest neighbours of encoded rows, without comparing every row with every other."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

# The squared distance of two rows that differ in one category: both their columns differ by 1.
CATEGORY = 2.0


class NeighborsByCategory(NearestNeighbors):
    """The neighbours that ``NearestNeighbors`` finds, first looked for among the rows of the same categories.

    Rows of other categories are further away than ``CATEGORY``. A row that has all its neighbours nearer than that
    among its own kind need not be compared with any other kind; of traffic, that is nearly every row.

    Args:
        numeric: Number of numeric columns; the others are one-hot.
        n_neighbors: Neighbours to find.
    """

    def __init__(self, *, numeric: int, n_neighbors: int = 5) -> None:
        super().__init__(n_neighbors=n_neighbors, algorithm="brute")
        self.numeric = numeric

    def fit(self, X: np.ndarray, y: None = None) -> NeighborsByCategory:
        """Take in rows, float of shape (rows, columns)."""
        self._rows = np.ascontiguousarray(X)
        return super().fit(self._rows, y)

    def kneighbors(
        self,
        X: np.ndarray,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[np.ndarray, np.ndarray] | np.ndarray:
        """Return distances, unless unwanted, and positions of each row's neighbours, each of shape (rows, wanted)."""
        wanted = n_neighbors or self.n_neighbors
        distances = np.full((len(X), wanted), np.inf)
        positions = np.empty((len(X), wanted), dtype=np.intp)
        one_hot = np.packbits(np.vstack([self._rows[:, self.numeric :], X[:, self.numeric :]]) > 0, axis=1)
        kinds = np.unique(one_hot, axis=0, return_inverse=True)[1]
        fitted, asked = np.split(kinds, [len(self._rows)])
        for kind in np.unique(asked):
            own, rows = np.flatnonzero(fitted == kind), np.flatnonzero(asked == kind)
            if len(own) >= wanted:
                among = NearestNeighbors(n_neighbors=wanted, algorithm="brute").fit(self._rows[own, : self.numeric])
                distances[rows], found = among.kneighbors(X[rows, : self.numeric])
                positions[rows] = own[found]
        far = np.flatnonzero(distances[:, -1] ** 2 >= CATEGORY)
        if len(far):
            distances[far], positions[far] = super().kneighbors(X[far], wanted)
        return (distances, positions) if return_distance else positions
