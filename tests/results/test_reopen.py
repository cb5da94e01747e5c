from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from nids.errors import UserError
from nids.folds import cache
from nids.results import Run, RunWriter, reopen
from nids.results.driver_process import owner
from nids.results.status import TrialCounts
from nids.storage import Folder
from tests.manifests import OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

CONSEQUENCE = "trials before and after it may differ for that reason alone.[/]"


@pytest.mark.parametrize(
    ("versions", "begun"),
    [
        ({"tensorflow": version("tensorflow")}, None),
        ({"keras": version("keras")}, None),  # the framework was installed under another name
        ({"jax": version("jax")}, "on jax, and is now computed with tensorflow (KERAS_BACKEND)"),
        ({"keras": "1.0", "numpy": "1.0"}, "with other versions of keras, numpy"),
    ],
)
def test_folds_of_run_warns_of_other_software(
    versions: dict[str, str], begun: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_folds(*_: Any) -> tuple[None, list[None]]:
        return None, []

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(cache, "folds_of", no_folds)
    folder = Folder.from_uri(str(tmp_path / "runs/a"))
    RunWriter(folder, a_manifest(run="a", versions=versions)).write_status("finished", TrialCounts(), OWNER)
    lines: list[str] = []
    reopen.folds_of_run(Run(folder), str(tmp_path / "runs"), None, lines.append)
    assert lines == ([] if begun is None else [f"[yellow]a was started {begun}: {CONSEQUENCE}"])


class TestRefuseIfDriven:
    """What a second driver makes of the last report of the first one, which it cannot see."""

    @pytest.fixture
    def writer(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunWriter:
        monkeypatch.setattr(reopen, "SILENCE", timedelta(seconds=1))
        return RunWriter(Folder.from_uri(str(tmp_path / "a")), a_manifest(run="a"))

    @staticmethod
    def refused(writer: RunWriter) -> tuple[bool, list[str]]:
        lines: list[str] = []
        refusals: list[str] = []
        try:
            reopen.refuse_if_driven(Run(writer.folder), lines.append)
        except UserError as error:
            refusals.append(str(error))
        for refusal in refusals:
            assert refusal.startswith("a is being run by process")
            assert refusal.endswith("`nids resume --take-over` takes the run from it.")
        return bool(refusals), lines

    @staticmethod
    def report(writer: RunWriter, clock: timedelta, *, elsewhere: bool = True) -> None:
        """Write the status as a driver whose clock differs."""
        driver = owner().model_copy(update={"machine": "another of this name", "pid": 2**22 + 1})
        writer.write_status("running", TrialCounts(), driver if elsewhere else owner())
        status = json.loads(writer.folder.read("status.json"))
        status["updated"] = (datetime.now(UTC) + clock).isoformat()
        writer.folder.write("status.json", json.dumps(status).encode())

    @pytest.mark.parametrize("clock", [timedelta(hours=-1), timedelta(seconds=-75), timedelta(hours=1)])
    @pytest.mark.parametrize("alive", [True, False])
    def test_a_report_of_another_clock_is_waited_for(self, alive: bool, clock: timedelta, writer: RunWriter) -> None:
        self.report(writer, clock)
        again = threading.Timer(0.3, lambda: self.report(writer, clock))
        if alive:
            again.start()
        refused, lines = self.refused(writer)
        again.cancel()
        assert refused == alive
        assert [line.partition(" was run by ")[2].partition(": ")[2] for line in lines] == [
            "waiting 1 s for a sign that it still is"
        ]

    def test_a_report_of_just_now_is_believed(self, writer: RunWriter) -> None:
        self.report(writer, timedelta(seconds=-0.1))
        assert self.refused(writer) == (True, [])

    def test_one_of_long_ago_is_not(self, writer: RunWriter) -> None:
        self.report(writer, timedelta(days=-2))
        assert self.refused(writer) == (False, [])

    def test_a_process_that_is_seen_to_have_ended_is_not_waited_for(self, writer: RunWriter) -> None:
        self.report(writer, timedelta(seconds=-0.1), elsewhere=False)
        assert self.refused(writer) == (True, [])
        gone = owner().model_copy(update={"pid": 2**22 + 1})
        writer.write_status("running", TrialCounts(), gone)
        assert self.refused(writer) == (False, [])
        writer.write_status("finished", TrialCounts(), owner())
        assert self.refused(writer) == (False, [])

    @pytest.mark.parametrize("alive", [True, False])
    def test_a_damaged_status_is_one_that_a_driver_would_write_again(self, alive: bool, writer: RunWriter) -> None:
        writer.folder.write("status.json", b"")
        again = threading.Timer(0.3, lambda: self.report(writer, timedelta()))
        if alive:
            again.start()
        refused, lines = self.refused(writer)
        again.cancel()
        assert refused == alive
        assert len(lines) == 1
        assert "status.json: cannot be read" in lines[0]
        assert lines[0].endswith(" Waiting 1 s for a driver that would write it again")
