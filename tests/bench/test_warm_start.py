from __future__ import annotations

import pandas as pd

from nids.bench.warm_start import _spread, reached


def test_reached_counts_trials_until_a_value() -> None:
    trials = pd.DataFrame({"trial": [2, 0, 1], "value": [0.1, 0.5, 0.3]})
    assert [reached(trials, target) for target in (0.5, 0.3, 0.2, 0.05)] == [1, 2, 3, 4]


def test_counts_beyond_the_trials_are_told_as_such() -> None:
    assert _spread([5, 1, 41], 40) == "5 (1, 5, more than 40)"
    assert _spread([41, 1, 41], 40) == "more than 40 (1, more than 40, more than 40)"
