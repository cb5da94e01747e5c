from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from nids.training.row_weights import NO_TYPE, row_weights

# Six rows of class 0, which has one type; of class 1 four of type 1 and two of type 2; two synthetic ones of class 1.
LABELS = np.array([0] * 6 + [1] * 8, dtype=np.int8)
TYPES = np.array([0] * 6 + [1] * 4 + [2] * 2 + [NO_TYPE] * 2, dtype=np.int16)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_classes_are_balanced_to_the_power_asked_for(power: float) -> None:
    weights = row_weights(LABELS, TYPES, power, 0.0)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", LABELS) ** power, rtol=1e-6)
    assert weights.dtype == np.float32


def test_types_are_balanced_within_their_class() -> None:
    weights = row_weights(LABELS, TYPES, 0.0, 1.0)
    np.testing.assert_allclose(weights, [1] * 6 + [0.75] * 4 + [1.5] * 2 + [1] * 2)


@pytest.mark.parametrize("class_power", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("type_power", [0.25, 0.5, 1.0])
def test_a_class_weighs_the_same_however_its_types_do(class_power: float, type_power: float) -> None:
    plain, weights = (row_weights(LABELS, TYPES, class_power, power) for power in (0.0, type_power))
    np.testing.assert_allclose(np.bincount(LABELS, weights), np.bincount(LABELS, plain), rtol=1e-6)
    np.testing.assert_allclose(weights[-1], plain[-1])
    of_type = np.bincount(TYPES[6:12], weights[6:12])
    # Balanced weights of four rows and two rows, to the power, times their number.
    assert of_type[2] / of_type[1] == pytest.approx(2**type_power / 2)


def test_a_class_of_synthetic_rows_alone_has_its_weight() -> None:
    labels, types = np.array([0, 0, 0, 1]), np.array([0, 0, 0, NO_TYPE])
    np.testing.assert_allclose(row_weights(labels, types, 1.0, 1.0), [2 / 3] * 3 + [2])
