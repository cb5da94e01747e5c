from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from nids.bench.time_breakdown import NAMES, shares

BEGUN = datetime(2026, 1, 2, 3, 4, 0, tzinfo=UTC)


def after(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(BEGUN + timedelta(seconds=seconds))


def test_the_time_of_a_search_is_taken_apart() -> None:
    """Two slots for 100 seconds; the trials begin after 10, and the one slot waits for the other from 70 to 90."""
    trials = pd.DataFrame({"trial": [0, 1], "started": [after(10), after(10)], "ended": [after(70), after(90)]})
    curves = pd.DataFrame(
        {
            "trial": [0, 1],
            "training_seconds": [50.0, 70.0],
            "validation_seconds": [2.0, 3.0],
            "data_seconds": [1.0, 1.0],
            "tracing_seconds": [4.0, 5.0],
        }
    )
    assert shares(trials, curves, BEGUN, BEGUN + timedelta(seconds=100), slots=2) == pytest.approx(
        {
            "training": 120 / 200,
            "validation": 5 / 200,
            "data": 2 / 200,
            "tracing": 9 / 200,
            "trials": 4 / 200,
            "start": 20 / 200,
            "idle": 20 / 200,
            "end": 20 / 200,
        }
    )
    assert NAMES.keys() == shares(trials, curves, BEGUN, BEGUN + timedelta(seconds=100), slots=2).keys()
