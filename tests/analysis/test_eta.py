from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from nids.analysis.eta import Outlook, age, in_words, outlook
from nids.config import Search

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def trials(*rows: tuple[str, int, float, int]) -> pd.DataFrame:
    """Rows of state, seconds since the start, seconds, epochs."""
    table = pd.DataFrame(rows, columns=["state", "ago", "seconds", "epochs"])
    started = [NOW - timedelta(seconds=ago) for ago in table.pop("ago")]
    return table.assign(
        duplicate_of=pd.array([pd.NA] * len(table), dtype="Int32"),
        started=pd.to_datetime(pd.Series(started, dtype="datetime64[ms, UTC]")),
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param((), Outlook(10, 0, math.nan, at_most=True, share=0.0), id="nothing-yet"),
        pytest.param(
            (("COMPLETE", 200, 100.0, 4), ("RUNNING", 40, 40.0, 2), ("RUNNING", 60, 60.0, 2)),
            Outlook(10, 1, (9 * 100 - 40 - 60) / 2, at_most=False, share=1 / 10),
            id="from-ended-trials",
        ),
        pytest.param(
            (("COMPLETE", 200, 100.0, 4), ("PRUNED", 70, 20.0, 1), ("FAIL", 9, 1.0, 0), ("RUNNING", 40, 40.0, 2)),
            Outlook(10, 3, 7 * 60 - 40.0, at_most=False, share=3 / 10),
            id="pruned-trials-count",
        ),
        pytest.param(
            (("PRUNED", 60, 30.0, 1), ("RUNNING", 60, 20.0, 2)),
            Outlook(10, 1, 9 * 80 - 60.0, at_most=True, share=1 / 10),
            id="they-tell-little-before-one-is-complete",
        ),
        pytest.param(
            (("RUNNING", 50, 40.0, 2),),
            Outlook(10, 0, 10 * 80 - 50.0, at_most=True, share=0.0),
            id="from-a-first-epoch",
        ),
        pytest.param((("RUNNING", 50, 40.0, 0),), Outlook(10, 0, math.nan, at_most=True, share=0.0), id="before-it"),
        pytest.param(
            (("FAIL", 9, 1.0, 0), ("RUNNING", 50, 40.0, 2)),
            Outlook(10, 1, 9 * 80 - 50.0, at_most=True, share=1 / 10),
            id="failures-tell-nothing",
        ),
    ],
)
def test_the_time_left_follows_from_the_trials(
    rows: tuple[tuple[str, int, float, int], ...], expected: Outlook
) -> None:
    found = outlook(trials(*rows), Search(trials=10), epochs=4, now=NOW)
    assert repr(found) == repr(expected)


def test_hours_end_a_search_too() -> None:
    rows = trials(("COMPLETE", 900, 600.0, 4), ("RUNNING", 40, 40.0, 2))
    found = outlook(rows, Search(hours=0.5), epochs=4, now=NOW, searched=900.0)
    assert found == Outlook(None, 1, 900.0, at_most=False, share=0.5)
    assert in_words(found, "running") == "1 trial has ended; about 15 min left."
    assert in_words(found, "finished") == "1 trial has ended."


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        pytest.param(
            Outlook(200, 37, 7900.0, at_most=False, share=37 / 200),
            "running",
            "37 of 200 trials have ended; about 2 h left.",
            id="hours",
        ),
        pytest.param(
            Outlook(9, 0, 61.0, at_most=True, share=0.0),
            "running",
            "0 of 9 trials have ended; at most about 1 min 0 s left.",
            id="at-most",
        ),
        pytest.param(
            Outlook(9, 0, math.nan, at_most=True, share=0.0),
            "running",
            "0 of 9 trials have ended; the time left is not known before a trial's first epoch.",
            id="unknown",
        ),
        pytest.param(
            Outlook(1, 0, 600.0, at_most=True, share=0.0),
            "running",
            "0 of 1 trial has ended; at most about 10 min left.",
            id="one",
        ),
        pytest.param(
            Outlook(9, 9, math.nan, at_most=False, share=1.0), "finished", "All 9 trials ended.", id="finished"
        ),
        pytest.param(
            Outlook(9, 4, math.nan, at_most=False, share=4 / 9),
            "interrupted",
            "4 of 9 trials have ended; the other 5 have not.",
            id="interrupted",
        ),
    ],
)
def test_it_is_told_in_words(found: Outlook, state: str, words: str) -> None:
    assert in_words(found, state) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (90, "1 min"), (3 * 3600, "3 h"), (30 * 3600, "30 h"), (50 * 3600, "2 days")]
)
def test_an_age_has_one_unit(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words
