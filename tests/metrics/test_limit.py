from __future__ import annotations

import math

import pandas as pd
import pytest

from nids.metrics.limit import Limit


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("seconds <= 600", Limit("seconds", True, 600.0), "seconds <= 600"),
        ("false_alarm_rate<=0.5 %", Limit("false_alarm_rate", True, 0.005), "false_alarm_rate <= 0.005"),
        (" recall.Other attacks >= 1e-2 ", Limit("recall.Other attacks", False, 0.01), "recall.Other attacks >= 0.01"),
    ],
)
def test_it_is_read_as_people_write_it(text: str, expected: Limit, words: str) -> None:
    assert Limit.from_text(text) == expected
    assert str(expected) == words
    assert Limit.from_text(words) == expected


@pytest.mark.parametrize("text", ["", "seconds", "seconds < 600", "seconds <= ", "seconds <= 1.2.3", "<= 3"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a limit: it must be a measure, <= or >=, and a number"):
        Limit.from_text(text)


def test_what_is_beyond_it() -> None:
    most, least = Limit("seconds", True, 600.0), Limit("accuracy", False, 0.5)
    assert [most.excess(450.0), most.excess(600.0), most.excess(750.0)] == [-0.25, 0.0, 0.25]
    assert [least.excess(0.25), least.excess(0.75)] == [0.5, -0.5]
    assert Limit.from_text("false_alarm_rate <= 0").excess(0.25) == 0.25
    assert least.holds(pd.Series([0.25, 0.5, math.nan])).tolist() == [False, True, False]
