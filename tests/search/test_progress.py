from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from nids import progress
from nids.config import Search
from nids.search.budget import Budget
from nids.search.progress import SearchProgress
from nids.search.record import Record

STARTED = datetime(2026, 1, 2, tzinfo=UTC)


def record(number: int, value: float | None = None, *, state: str = "RUNNING", seconds: int = 0) -> Record:
    made = Record(number, {}, STARTED, state=state)
    if value is not None:
        made.last = {"epoch": 3, "value": value, "best_epoch": 2}
    if seconds:
        made.ended = STARTED + timedelta(seconds=seconds)
    return made


def duplicate(number: int, value: float | None) -> Record:
    made = record(number, value, state="PRUNED" if value is None else "COMPLETE", seconds=1)
    made.duplicate_of = 2
    return made


def counts(*, complete: int = 0, pruned: int = 0, failed: int = 0, running: int = 0) -> dict[str, int]:
    return {"total": 6, "complete": complete, "pruned": pruned, "failed": failed, "running": running, "duplicates": 0}


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60)


@pytest.fixture
def _a_line_for_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    ("ended", "line"),
    [
        pytest.param(
            record(1, 0.25, state="COMPLETE", seconds=61),
            "trial 1 complete after 3 epochs, 1 min 1 s: log-loss 0.25",
            id="complete",
        ),
        pytest.param(
            record(2, 0.25, state="PRUNED", seconds=7),
            "trial 2 pruned after 3 epochs, 7 s: log-loss 0.25",
            id="pruned",
        ),
        pytest.param(duplicate(4, 0.25), "trial 4 is at the point of trial 2: log-loss 0.25", id="a known point"),
        pytest.param(duplicate(4, None), "trial 4 is at the point of trial 2: pruned", id="a known point, pruned"),
        pytest.param(
            record(3, state="PRUNED", seconds=7), "trial 3 ended without a result", id="ended without a result"
        ),
    ],
)
def test_an_end_is_a_line(console: Console, ended: Record, line: str) -> None:
    with SearchProgress(console, Budget(Search(trials=6)), 2, None) as shown:
        shown.update(ended, counts())
    assert printed(console) == [line]


def test_a_failure_is_a_line_with_its_reason_as_it_is(console: Console) -> None:
    failed = record(4, state="FAIL", seconds=5)
    failed.error = "the training loss became nan [in epoch 1], and this line is longer than the console is wide"
    with SearchProgress(console, Budget(Search(trials=6)), 2, None) as shown:
        shown.update(failed, counts())
    assert printed(console) == [f"trial 4 failed after 5 s: {failed.error}"]


@pytest.mark.usefixtures("_a_line_for_each_change")
def test_where_the_search_stands(console: Console) -> None:
    with SearchProgress(console, Budget(Search(trials=6)), 2, None) as shown:
        shown.update(None, counts(running=2))
        shown.update(record(0, 0.5), counts(running=2))
        shown.update(record(1, 0.75), counts(running=2))
        shown.update(record(1, 0.25, state="COMPLETE", seconds=30), counts(complete=1, running=1))
        shown.update(record(0, 0.125, state="PRUNED", seconds=10), counts(complete=1, pruned=1))
    assert printed(console) == [
        # A running trial's value is not a whole trial's, nor is a pruned one's.
        *["0/6 trials · 2 running · 0 pruned · 0 failed"] * 3,
        "trial 1 complete after 3 epochs, 30 s: log-loss 0.25",
        "1/6 trials · 1 running · 0 pruned · 0 failed · best log-loss 0.25 (trial 1) · about 0:01:00 left",
        "trial 0 pruned after 3 epochs, 10 s: log-loss 0.125",
        # Four trials of 20 s are left for two slots.
        "2/6 trials · 0 running · 1 pruned · 0 failed · best log-loss 0.25 (trial 1) · about 0:00:40 left",
    ]


@pytest.mark.usefixtures("_a_line_for_each_change")
def test_a_pruned_trial_alone_does_not_tell_the_time_left(console: Console) -> None:
    with SearchProgress(console, Budget(Search(trials=6)), 1, None) as shown:
        shown.update(record(0, 0.5, state="PRUNED", seconds=10), counts(pruned=1))
        shown.update(record(1, 0.25, state="COMPLETE", seconds=50), counts(complete=1, pruned=1))
    assert printed(console)[1::2] == [
        "1/6 trials · 0 running · 1 pruned · 0 failed",
        "2/6 trials · 0 running · 1 pruned · 0 failed · best log-loss 0.25 (trial 1) · about 0:02:00 left",
    ]


@pytest.mark.usefixtures("_a_line_for_each_change")
def test_the_best_of_earlier_drivers_counts(console: Console) -> None:
    with SearchProgress(console, Budget(Search(metric="macro_f1", trials=6)), 1, (0.75, 4)) as shown:
        shown.update(record(5, 0.5), counts(complete=5, running=1))
        shown.update(record(5, 0.875, state="COMPLETE", seconds=9), counts(complete=6))
    assert printed(console) == [
        "5/6 trials · 1 running · 0 pruned · 0 failed · best macro-F1 75.00 % (trial 4)",
        "trial 5 complete after 3 epochs, 9 s: macro-F1 87.50 %",
        "6/6 trials · 0 running · 0 pruned · 0 failed · best macro-F1 87.50 % (trial 5)",
    ]


def test_a_terminal_has_a_bar() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    with SearchProgress(console, Budget(Search(trials=6)), 2, None) as shown:
        shown.update(record(0, 0.5, state="COMPLETE", seconds=30), counts(complete=1, running=2))
    text = "\n".join(printed(console))
    assert "trial 0 complete after 3 epochs, 30 s: log-loss 0.5" in text
    assert "1/6 trials" in text
    assert "2 running · 0 pruned · 0 failed · best log-loss 0.5 (trial 0) · about 0:01:15 left" in text
