"""What a second driver makes of the last report of the first one, which it cannot see."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.command_line import command_on
from nids.errors import LostRunError, UserError
from nids.results import Run, RunWriter, driven
from nids.results.driver_process import owner
from nids.results.ownership import token_in
from nids.results.status import TrialCounts
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE, ELSEWHERE = owner(), owner().model_copy(update={"machine": "another of this name", "pid": 2**22 + 1})
GONE = HERE.model_copy(update={"pid": 2**22 + 1})


class FirstDriver:
    """A driver that reports while a second one waits, or does not."""

    def __init__(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writer = RunWriter(folder, a_manifest(run="a"))
        self.seconds = 0.0
        self.when_asleep: Callable[[], object] = lambda: None
        monkeypatch.setattr("nids.results.driven.time.monotonic", lambda: self.seconds)
        monkeypatch.setattr("nids.results.driven.time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        if self.seconds == 30.0:
            self.when_asleep()

    def report(self, clock: timedelta, driver: object = ELSEWHERE) -> None:
        """Write the status as a driver whose clock differs."""
        self.writer.write_status("running", TrialCounts(), driver)  # type: ignore[arg-type]
        status = json.loads(self.writer.folder.read("status.json"))
        status["updated"] = (datetime.now(UTC) + clock).isoformat()
        self.writer.folder.write("status.json", json.dumps(status).encode())


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FirstDriver:
    return FirstDriver(Folder.from_uri(str(tmp_path / "a")), monkeypatch)


def asked(first: FirstDriver) -> tuple[bool, list[str]]:
    """Return whether a second driver is refused, and what it is told while it waits."""
    lines: list[str] = []
    refusals: list[str] = []
    try:
        assert driven.refuse_if_driven(Run(first.writer.folder), lines.append) == token_in(first.writer.folder)
    except UserError as error:
        refusals.append(str(error))
    for refusal in refusals:
        assert refusal.startswith("a is being run by process")
        assert refusal.endswith(
            f"`{command_on(first.writer.folder.uri, 'resume', '--take-over')}` takes the run from it."
        )
    return bool(refusals), lines


@pytest.mark.parametrize("clock", [timedelta(hours=-1), timedelta(seconds=-75), timedelta(hours=1), timedelta(-400)])
@pytest.mark.parametrize("alive", [True, False])
def test_a_report_of_another_clock_is_waited_for(alive: bool, clock: timedelta, first: FirstDriver) -> None:
    first.report(clock)
    if alive:
        first.when_asleep = lambda: first.report(clock)
    process = f"process {ELSEWHERE.pid} on {ELSEWHERE.host}"
    assert asked(first) == (alive, [f"a was run by {process}: waiting 60 s for a sign that it still is"])
    assert first.seconds == (30.0 if alive else 60.0)


def test_a_report_of_just_now_is_believed(first: FirstDriver) -> None:
    first.report(timedelta(seconds=-5))
    assert asked(first) == (True, [])


def test_a_process_that_is_seen_to_have_ended_is_not_waited_for(first: FirstDriver) -> None:
    first.report(timedelta(seconds=-5), HERE)
    assert asked(first) == (True, [])
    first.report(timedelta(seconds=-5), GONE)
    assert asked(first) == (False, [])
    first.writer.write_status("finished", TrialCounts(), HERE)
    assert asked(first) == (False, [])
    assert first.seconds == 0


def test_a_status_that_cannot_be_read_is_not_waited_for_where_its_driver_is_seen_to_have_ended(
    first: FirstDriver,
) -> None:
    content = json.dumps({"token": token_in(first.writer.folder), **GONE.model_dump()})
    first.writer.folder.write("driver.json", content.encode())
    first.writer.folder.write("status.json", b"")
    assert asked(first) == (False, [])
    assert first.seconds == 0


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        pytest.param(b"", "status.json: cannot be read", id="damaged"),
        pytest.param(None, "status.json: is not there, or says nothing.", id="deleted, or not yet written"),
    ],
)
@pytest.mark.parametrize("alive", [True, False])
def test_a_status_that_cannot_be_read_is_one_that_a_driver_would_write_again(
    alive: bool, damage: bytes | None, fault: str, first: FirstDriver
) -> None:
    if damage is not None:
        first.writer.folder.write("status.json", damage)
    if alive:
        first.when_asleep = lambda: first.report(timedelta())
    refused, lines = asked(first)
    assert refused == alive
    assert len(lines) == 1
    assert fault in lines[0]
    assert lines[0].endswith(" Waiting 60 s for a driver that would write it again")


def test_a_run_that_nobody_has_taken_is_not_waited_for(first: FirstDriver) -> None:
    (Path(first.writer.folder.path) / "driver.json").unlink()
    assert asked(first) == (False, [])
    assert first.seconds == 0


def test_a_driver_that_begins_after_the_run_was_found_free_keeps_it(first: FirstDriver) -> None:
    first.report(timedelta(), GONE)
    free = driven.refuse_if_driven(Run(first.writer.folder), print)
    second = RunWriter(first.writer.folder, a_manifest(run="a"), free)
    with pytest.raises(LostRunError, match="another process has taken this run meanwhile"):
        RunWriter(first.writer.folder, a_manifest(run="a"), free)
    second.write_status("running", TrialCounts(), HERE)
