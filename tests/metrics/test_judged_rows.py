from __future__ import annotations

import math

import numpy as np
import pytest

from nids.metrics.judged_rows import JudgedRows

LABELS, ATTACKS = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
PROBABILITIES = np.array([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5], [0.125, 0.875]])


def test_judged_rows_count_the_known_ones_and_the_withheld_types_apart() -> None:
    rows = JudgedRows(LABELS, PROBABILITIES, 0, ATTACKS, ATTACKS == 2)
    assert rows.predicted.tolist() == [0, 1, 0, 1]
    assert rows.confusion.tolist() == [[1, 1], [1, 0]]
    assert rows.log_loss == pytest.approx(-(math.log(0.75) + math.log(0.25) + math.log(0.5)) / 3)
    counts = {name: values.tolist() for name, values in vars(rows.by_unseen_type).items()}
    assert counts == {"attacks": [2], "labels": [1], "rows": [1], "detected": [1], "correct": [1]}


def test_judged_rows_all_known_withhold_nothing() -> None:
    rows = JudgedRows.all_known(LABELS, PROBABILITIES, benign=0)
    assert rows.confusion.tolist() == [[1, 1], [1, 1]]
    assert len(rows.by_unseen_type.rows) == 0
