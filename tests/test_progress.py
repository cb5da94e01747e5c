from __future__ import annotations

import io

import pytest
from rich.console import Console

from nids import progress
from nids.progress import ProgressDisplay


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def log() -> Console:
    return Console(file=io.StringIO(), width=30)


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)


@pytest.fixture
def _a_line_for_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)


@pytest.mark.usefixtures("_a_line_for_each_change")
def test_progress_display_elsewhere_prints_lines(log: Console) -> None:
    with ProgressDisplay(log, 2000, "models") as display:
        display.advance()
        display.update(1500, "one [bold] of them, in a line that is longer than the console is wide")
        display.print("fold 0: trained")
    assert printed(log).splitlines() == [
        "1/2,000 models",
        "1,500/2,000 models · one [bold] of them, in a line that is longer than the console is wide",
        "fold 0: trained",
    ]


@pytest.mark.usefixtures("_a_line_for_each_change")
def test_progress_display_without_a_unit_shows_a_share(log: Console) -> None:
    with ProgressDisplay(log, 300) as display:
        display.update(100, "a.csv")
    with ProgressDisplay(log, 0) as display:
        display.update(0)
    assert printed(log).splitlines() == ["33 % · a.csv", "100 %"]


def test_progress_display_elsewhere_prints_no_line_before_its_time(log: Console) -> None:
    with ProgressDisplay(log, 2, "models") as display:
        display.advance()
        display.advance()
    assert printed(log) == ""


def test_progress_display_in_a_terminal_is_a_bar(terminal: Console) -> None:
    with ProgressDisplay(terminal, 2, "trials", time_left=False) as display:
        display.advance()
        display.print("trial 0 complete")
        display.update(2, "2 running [red]")
    text = printed(terminal)
    assert "trial 0 complete" in text
    assert "2/2 trials ━━━━━━━━━━━━━━━━━━━━━━━━ 2 running [red] 0:00:0" in text.split("\r")[-1]
