from __future__ import annotations

import itertools

import numpy as np
import pytest

from nids.results import pareto

STEPS = 6


def drawn(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Costs that lie on a grid, so that many are alike and a volume can be counted."""
    return np.random.default_rng(seed).integers(0, STEPS, (rows, columns)) / STEPS


def counted(costs: np.ndarray) -> float:
    """The share of the grid's cells that some row dominates."""
    corners = np.array([*itertools.product(range(STEPS), repeat=costs.shape[1])]) / STEPS
    return float((costs[:, None] <= corners + 1e-9).all(axis=2).any(axis=0).mean())


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_on_front_is_that_of_the_definition(columns: int) -> None:
    costs = drawn(60, columns)
    expected = [not ((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any() for own in costs]
    assert pareto.on_front(costs).tolist() == expected
    assert pareto.on_front(costs[::-1]).tolist() == expected[::-1]


@pytest.mark.parametrize("columns", [2, 3, 4])
@pytest.mark.parametrize("rows", [1, 2, 12])
def test_hypervolumes_are_the_counted_ones(columns: int, rows: int) -> None:
    costs = drawn(rows, columns, seed=rows)
    expected = [counted(costs[: row + 1]) for row in range(rows)]
    assert pareto.hypervolumes(costs).tolist() == pytest.approx(expected)
    assert pareto.hypervolume(costs) == pytest.approx(expected[-1])


def test_hypervolume_of_a_staircase() -> None:
    costs = np.array([[0.25, 0.75], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.25, 0.25]])
    assert pareto.hypervolumes(costs).tolist() == [0.1875, 0.3125, 0.375, 0.375, 0.5625]


def test_of_nothing_there_is_no_front_and_no_volume() -> None:
    for columns in (2, 3):
        none = np.empty((0, columns))
        assert pareto.on_front(none).tolist() == pareto.hypervolumes(none).tolist() == []
        assert pareto.hypervolume(none) == 0.0


def test_thousands_of_rows_that_are_all_on_the_front() -> None:
    x = np.random.default_rng(0).permutation(10_000) / 10_000
    costs = np.column_stack([x, 1 - x])
    assert pareto.on_front(costs).all()
    assert pareto.hypervolume(costs) == pytest.approx(0.5, abs=1e-3)
