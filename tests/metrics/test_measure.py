from __future__ import annotations

import math

from nids.metrics.measure import is_better


def test_is_better() -> None:
    assert is_better(1.0, 2.0, "min")
    assert is_better(2.0, 1.0, "max")
    assert not is_better(1.0, 1.0, "min")
    assert not is_better(math.nan, 1.0, "max")
