from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from nids.cli.runs import Entry, entries_of, show_runs
from nids.errors import UserError
from nids.results import Run, RunWriter
from nids.storage import Folder
from tests.manifests import CREATED, NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from nids.results.status import State
    from tests.conftest import Outcome


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def make_run(
    storage: Path, name: str, state: State, *trials: tuple[str, float | None], metric: str = "log_loss", minute: int = 0
) -> None:
    manifest = a_manifest(job={"search": {"metric": metric, "trials": 9}}, created=CREATED + timedelta(minutes=minute))
    writer = RunWriter(Folder.from_uri(str(storage / name)), manifest)
    for number, (ended, value) in enumerate(trials):
        rows = [{"trial": number, "state": ended, "value": value, "best_epoch": 1}]
        writer.put(number, {"trials": rows, "classes": [], "confusions": [], "attacks": [], "curves": []})
        writer.flush(number)
    writer.write_status(state, NO_TRIALS, OWNER)


def test_no_runs(tmp_path: Path, console: Console) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        show_runs(str(place), entries_of(str(place)), console)
    assert printed(console) == [
        f"{tmp_path} holds no runs yet. Make a run with: nids search quick",
        f"{tmp_path / 'nowhere'} does not exist yet. Make a run with: nids search quick",
    ]
    assert not (tmp_path / "nowhere").exists()


def test_an_entry_for_each_run_the_latest_first(tmp_path: Path) -> None:
    some = [("COMPLETE", 0.5), ("COMPLETE", 0.25), ("PRUNED", 0.125), ("FAIL", None), ("RUNNING", 0.1)]
    make_run(tmp_path, "less-is-better", "running", *some, minute=1)
    make_run(tmp_path, "more-is-better", "finished", *some, metric="macro_f1", minute=2)
    make_run(tmp_path, "nothing-yet", "interrupted")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn/manifest.json").write_text("{")
    (tmp_path / ".folds").mkdir()
    (tmp_path / "something-else").mkdir()
    *sound, torn = entries_of(str(tmp_path))
    now = {"seconds": None}
    assert [replace(entry, **now) for entry in sound] == [  # type: ignore[arg-type]
        Entry(
            *("more-is-better", "finished", 9, 4, {"trial": 0, "metric": "macro_f1", "value": 0.5}, "KDDTrain+"),
            started=CREATED + timedelta(minutes=2),
        ),
        Entry(
            *("less-is-better", "running", 9, 4, {"trial": 1, "metric": "log_loss", "value": 0.25}, "KDDTrain+"),
            started=CREATED + timedelta(minutes=1),
        ),
        Entry("nothing-yet", "interrupted", 9, 0, None, "KDDTrain+", started=CREATED),
    ]
    assert (torn.run, torn.state) == ("torn", "damaged")
    assert "manifest.json" in torn.error


def test_a_line_for_each_run(console: Console) -> None:
    entries = [
        Entry("a", "running", 9, 4, {"trial": 1, "metric": "macro_f1", "value": 0.25}, "KDDTrain+", CREATED, 3723.0),
        Entry("b", "interrupted", 12, 0, None, "KDDTrain+", CREATED, None),
        Entry("c", "damaged", error="half of it is gone"),
    ]
    show_runs("runs", entries, console)
    started = f"{CREATED.astimezone():%Y-%m-%d %H:%M}"
    assert [line.split("  ") for line in map(two_spaces, printed(console))] == [
        ["run", "state", "trials", "best", "data", "started", "took"],
        ["a", "running", "4/9", "macro-F1 25.00 % (trial 1)", "KDDTrain+", started, "1 h 2 min"],
        ["b", "interrupted", "0/12", "KDDTrain+", started],
        ["c", "damaged"],
        ["c: half of it is gone"],
    ]


def test_a_damaged_part_of_a_run_is_named_beside_the_others(tmp_path: Path) -> None:
    make_run(tmp_path, "sound", "finished", ("COMPLETE", 0.5))
    make_run(tmp_path, "cut", "finished", ("COMPLETE", 0.5))
    (tmp_path / "cut/trials/part-00000.parquet").write_bytes(b"PAR1")
    sound, cut = entries_of(str(tmp_path))
    assert (sound.run, sound.error, cut.run, cut.state) == ("sound", "", "cut", "damaged")
    assert "this is not a part of the run's table" in cut.error


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("x"), OverflowError("x")])
def test_a_run_that_comes_to_what_no_check_foresaw_is_named_beside_the_others(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, "sound", "finished", ("COMPLETE", 0.5))
    make_run(tmp_path, "strange", "finished", ("COMPLETE", 0.5))
    trials = Run.trials

    def fail_of_one(run: Run) -> pd.DataFrame:
        if run.name == "strange":
            raise error
        return trials(run)

    monkeypatch.setattr(Run, "trials", fail_of_one)
    sound, strange = entries_of(str(tmp_path))
    assert (sound.run, sound.state, sound.error) == ("sound", "finished", "")
    assert (strange.run, strange.state) == ("strange", "damaged")
    assert strange.error == f"one of the run's files has unexpected content ({type(error).__name__}: {error})."


def a_run_without_its_curves(storage: Path, name: str, *trials: tuple[str, float | None]) -> str:
    """Make a finished run, delete a file of it, and return what is to be told of it."""
    make_run(storage, name, "finished", *trials)
    (storage / name / "curves/part-00000.parquet").unlink()
    return (
        f"Trials 0, 1 had ended, but their results are lost, or a part of them; `nids resume {name}` runs them again."
    )


def test_a_run_with_gaps_is_listed_and_told_as_such(
    nids: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nids.report.html._pictures", lambda *_: {})  # to draw them takes seconds
    lost = a_run_without_its_curves(tmp_path / "runs", "gaps", ("COMPLETE", 0.5), ("PRUNED", 0.7))
    make_run(tmp_path / "runs", "status", "finished", ("COMPLETE", 0.5))
    (tmp_path / "runs/status/status.json").write_text("[]")
    gaps, status = sorted(entries_of("runs"), key=lambda entry: entry.run)
    assert (gaps.state, gaps.ended, gaps.error) == ("finished", 2, lost)
    assert (status.state, status.ended) == ("interrupted", 1)
    assert status.error.endswith("`nids repair status` writes it again, from the tables.")
    shown = nids("runs", COLUMNS="").stdout.splitlines()
    assert sorted(shown[-2:]) == [f"gaps: {lost}", f"status: {status.error}"]
    content = json.loads(nids("report", "gaps", "--json").stdout)
    assert (content["lost_trials"], content["gaps"]) == ([0, 1], [lost])
    assert lost in nids("report", "gaps", COLUMNS="").stdout.splitlines()
    assert (
        lost.replace("`nids resume gaps`", "<code>nids resume gaps</code>")
        in (tmp_path / "runs/gaps/report.html").read_text()
    )


@pytest.mark.parametrize("command", ["finalize", "baselines"])
def test_what_is_made_of_a_run_with_gaps_begins_with_telling_them(
    command: str, nids: Callable[..., Outcome], tmp_path: Path
) -> None:
    lost = a_run_without_its_curves(tmp_path / "runs", "gaps", ("COMPLETE", 0.5), ("PRUNED", 0.7))
    (tmp_path / "runs/gaps" / {"finalize": "final", "baselines": "baselines"}[command]).mkdir()
    result = nids(command, "gaps", COLUMNS="")
    assert result.stdout.splitlines()[0] == lost
    assert result.returncode == 2  # its rows are nowhere


def test_resume_runs_lost_trials_of_a_finished_run_again(
    nids: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = a_run_without_its_curves(tmp_path / "runs", "gaps", ("COMPLETE", 0.5), ("PRUNED", 0.7))
    again: list[tuple[int, ...]] = []
    monkeypatch.setattr("nids.search.prepare.prepare_again", lambda *arguments: again.append(arguments[-2]))

    def run(prepare: Callable[[], object], *_: object) -> None:
        prepare()
        raise UserError("the search would begin")

    monkeypatch.setattr("nids.search.session._run", run)
    result = nids("resume", "gaps", COLUMNS="")
    assert result.stdout.splitlines() == [lost, "gaps: 0 of 9 trials have ended; the rest is run"]
    assert result.stderr == "Error: the search would begin\n"
    assert again == [(0, 1)]
    (tmp_path / "runs/gaps/classes/part-00000.parquet").write_bytes(b"PAR1")
    result = nids("resume", "gaps", COLUMNS="")
    assert (result.returncode, result.stdout, len(again)) == (2, "", 1)
    assert result.stderr.endswith(
        "`nids repair gaps` moves it away, and `nids resume gaps` runs the trials again that it held.\n"
    )


def test_repair_says_what_it_did_or_that_nothing_was_wrong(
    nids: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nids.results.driven._reports_again", lambda run: False)  # which takes a minute
    make_run(tmp_path / "runs", "one", "interrupted", ("RUNNING", None))
    assert nids("repair", "one").stdout == "one: nothing is wrong, and nothing was written.\n"
    (tmp_path / "runs/one/status.json").unlink()
    waiting, done = nids("repair", "one", COLUMNS="").stdout.splitlines()
    assert waiting.endswith(
        "status.json: is not there, or says nothing. Waiting 60 s for a driver that would write it again"
    )
    assert done == (
        f"{tmp_path}/runs/one/status.json: could not be read, or was not there. It now says interrupted, 0 of 9 trials."
    )


def test_a_folder_that_may_not_be_looked_into_is_named_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("open", "shut"):
        make_run(tmp_path, name, "finished", ("COMPLETE", 0.5))
    exists = Folder.exists

    def refused(folder: Folder, name: str = "") -> bool:
        with folder.explained():
            if "shut" in f"{folder.path}/{name}":  # root may look into any folder
                raise PermissionError("[Errno 13] Permission denied")
            return exists(folder, name)

    monkeypatch.setattr(Folder, "exists", refused)
    found = [(entry.run, entry.state) for entry in entries_of(str(tmp_path))]
    assert found == [("open", "finished"), ("shut", "damaged")]


def two_spaces(line: str) -> str:
    """Return a table's line with the columns two spaces apart."""
    while "   " in line:
        line = line.replace("   ", "  ")
    return line


def test_where_a_line_is_too_long_each_run_is_a_block() -> None:
    name = "a-name-of-a-run-that-is-longer-than-others-20261125-031131"
    source = "a-file-of-traffic-with-a-long-name.csv"
    console = Console(file=io.StringIO(), width=60)
    entry = Entry(name, "finished", 9, 9, None, source, CREATED, 60.0)
    show_runs("runs", [entry, Entry("[b]", "damaged", error="half of it is gone")], console)
    assert printed(console) == [
        name,
        "state    finished",
        "trials   9/9",
        f"data     {source}",
        f"started  {CREATED.astimezone():%Y-%m-%d %H:%M}",
        "took     1 min 0 s",
        "[b]",
        "state    damaged",
        "[b]: half of it is gone",
    ]


def test_in_a_pipe_a_run_is_one_line(nids: Callable[..., Outcome], tmp_path: Path) -> None:
    names = [f"{letter * 50}" for letter in "ab"]
    for name in names:
        make_run(tmp_path / "runs", name, "finished", ("COMPLETE", 0.5))
    lines = nids("runs", COLUMNS="").stdout.splitlines()
    assert len(lines) == 3
    assert all(name in text for name, text in zip(names, lines[1:], strict=True))


def test_json_of_runs_and_of_a_report(nids: Callable[..., Outcome], tmp_path: Path) -> None:
    make_run(tmp_path / "runs", "one", "finished", ("COMPLETE", 0.5), ("PRUNED", 0.7))
    (entry,) = json.loads(nids("runs", "--json").stdout)
    assert entry["best"] == {"trial": 0, "metric": "log_loss", "value": 0.5}
    assert (entry["run"], entry["state"], entry["started"]) == ("one", "finished", "2026-11-23T20:00:00Z")
    content = json.loads(nids("report", "one", "--json").stdout)
    states = {"COMPLETE": 1, "PRUNED": 1, "FAIL": 0, "RUNNING": 0}
    assert content["trials"] == {**states, "duplicates": 0, "infeasible": 0, "total": 9}
    assert (content["best"]["trial"], content["best"]["value"], content["best"]["std"]) == (0, 0.5, None)
    assert (content["detector"], content["baselines"], content["held_out_accesses"]) == (None, None, [])
    assert not (tmp_path / "runs/one/report.html").exists()
