"""Nearest neighbours of encoded rows, without comparing every row with every other."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

# The squared distance of two rows that differ in one category: both their columns differ by 1.
CATEGORY = 2.0
# The least one where one of them is interpolated, and nothing of the other's category is in it.
MIXED_CATEGORY = 1.0


class NeighborsByCategory(NearestNeighbors):
    """The neighbours that ``NearestNeighbors`` finds, first looked for among the rows of the same categories.

    Rows of other categories are further away than ``CATEGORY``. A row that has all its neighbours nearer than that
    among its own kind need not be compared with any other kind; of traffic, that is nearly every row.

    Rows that SMOTE has interpolated between two categories are of both kinds. They are few, and compared with all rows.

    Args:
        numeric: Number of numeric columns; the others are one-hot, or interpolated between such rows.
        n_neighbors: Neighbours to find.
        n_jobs: As for ``NearestNeighbors``, where rows are compared with all others.
    """

    def __init__(self, *, numeric: int, n_neighbors: int = 5, n_jobs: int | None = None) -> None:
        super().__init__(n_neighbors=n_neighbors, algorithm="brute", n_jobs=n_jobs)
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
        positions = np.zeros((len(X), wanted), dtype=np.intp)
        one_hot = np.vstack([self._rows[:, self.numeric :], X[:, self.numeric :]])
        _, first, kinds = np.unique(np.packbits(one_hot > 0, axis=1), axis=0, return_index=True, return_inverse=True)
        fitted, asked = np.split(kinds, [len(self._rows)])
        holds = one_hot[first] > 0  # bool of shape (kinds, one-hot columns)
        mixed: np.ndarray = np.any(holds & (one_hot[first] < 1), axis=1)
        for kind in np.unique(asked):
            rows = np.flatnonzero(asked == kind)
            if mixed[kind]:
                whole = ~mixed & ~holds[:, ~holds[kind]].any(axis=1)
                columns = np.concatenate([np.arange(self.numeric), self.numeric + np.flatnonzero(holds[kind])])
                self._take_in(whole[fitted], X, rows, columns, distances, positions)
                near = mixed
            else:
                self._take_in(fitted == kind, X, rows, slice(self.numeric), distances, positions)
                near = mixed & holds[:, holds[kind]].all(axis=1)
            self._take_in(near[fitted], X, rows, slice(None), distances, positions)
        far = np.flatnonzero(distances[:, -1] ** 2 >= (MIXED_CATEGORY if mixed.any() else CATEGORY))
        if len(far):
            distances[far], positions[far] = super().kneighbors(X[far], wanted)
        return (distances, positions) if return_distance else positions

    def _take_in(
        self,
        near: np.ndarray,
        X: np.ndarray,
        rows: np.ndarray,
        columns: slice | np.ndarray,
        distances: np.ndarray,
        positions: np.ndarray,
    ) -> None:
        """Put fitted rows that are nearer than the neighbours found so far into their places.

        Args:
            near: Which fitted rows are looked at, bool of shape (fitted rows,).
            X: The rows asked for, float of shape (rows, columns).
            rows: Positions in ``X`` of those whose neighbours they may be.
            columns: The columns in which they can differ from one another.
            distances: Those of the neighbours found so far, ascending, of shape (rows of ``X``, wanted).
            positions: And their positions.
        """
        candidates = np.flatnonzero(near)
        if not len(candidates):
            return
        wanted = distances.shape[1]
        among = NearestNeighbors(n_neighbors=min(wanted, len(candidates)), algorithm="brute")
        others, found = among.fit(self._rows[candidates][:, columns]).kneighbors(X[rows][:, columns])
        both = np.hstack([distances[rows], others])
        order = np.argsort(both, axis=1, kind="stable")[:, :wanted]
        distances[rows] = np.take_along_axis(both, order, axis=1)
        positions[rows] = np.take_along_axis(np.hstack([positions[rows], candidates[found]]), order, axis=1)
