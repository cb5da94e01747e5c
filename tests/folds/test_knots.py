from __future__ import annotations

import numpy as np
import pytest

from nids.folds.knots import hat_functions, knots_of


def hats_at(values: np.ndarray, knot: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return each knot's hat function at some values, as the network computes it."""
    beyond = values[:, np.newaxis] - knot
    return np.maximum(1 - np.maximum(-beyond * left, beyond * right), 0)


def test_knots_of_few_values_are_these() -> None:
    values = np.array([0.5, 0, 0.25, 0.5, 1], dtype=np.float32)
    assert knots_of(values, 4).tolist() == [0, 0.25, 0.5, 1]


def test_knots_of_many_values_are_quantiles_spaced_and_frequent_ones() -> None:
    chance = np.random.default_rng(0)
    values = np.concatenate([chance.random(1000) ** 4, np.full(300, 0.3125), [0, 1]]).astype(np.float32)
    knots = knots_of(values, 12)
    assert len(knots) <= 12
    assert (np.diff(knots) > 0).all()
    assert {0.0, 0.3125, 1.0} <= {*knots.tolist()}
    assert {*knots.tolist()} <= {*values.tolist()}
    assert (knots < np.median(values)).sum() >= 4  # where the rows are


def test_hat_functions_interpolate_between_knots() -> None:
    numeric = np.array([[0.0, 0.5], [0.25, 0.5], [1.0, 0.5]], dtype=np.float32)
    hats = hat_functions(numeric, width=3, most=4)
    assert (hats.shape, hats.dtype) == ((3, 3, 4), np.float32)
    values = np.linspace(0, 1, 33, dtype=np.float32)
    heights = np.array([3.0, -1.0, 5.0, 100.0])  # the last knot is not in use
    found = hats_at(values, *hats[:, 0]) @ heights
    np.testing.assert_allclose(found, np.interp(values, [0, 0.25, 1], heights[:3]), rtol=1e-6, atol=1e-6)
    # One value alone: the same everywhere. And a column of a category: its two values.
    np.testing.assert_array_equal(hats_at(values, *hats[:, 1]), [[1, 0, 0, 0]] * 33)
    np.testing.assert_array_equal(hats_at(np.array([0, 1]), *hats[:, 2]), [[1, 0, 0, 0], [0, 1, 0, 0]])


@pytest.mark.parametrize("most", [3, 64])
def test_hats_of_a_column_add_up_to_one(most: int) -> None:
    numeric = np.random.default_rng(1).random((500, 1)).astype(np.float32)
    hats = hat_functions(numeric, width=1, most=most)
    np.testing.assert_allclose(hats_at(np.linspace(0, 1, 101), *hats[:, 0]).sum(axis=1), 1, rtol=1e-4)
