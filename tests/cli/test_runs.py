from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from nids.cli.runs import Entry, entries_of, show_runs
from nids.results import RunWriter
from nids.storage import Folder
from tests.manifests import CREATED, NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        ["c", "damaged", "half of it is gone"],
    ]


def test_a_damaged_part_of_a_run_is_named_beside_the_others(tmp_path: Path) -> None:
    make_run(tmp_path, "sound", "finished", ("COMPLETE", 0.5))
    make_run(tmp_path, "cut", "finished", ("COMPLETE", 0.5))
    (tmp_path / "cut/trials/part-00000.parquet").write_bytes(b"PAR1")
    sound, cut = entries_of(str(tmp_path))
    assert (sound.run, sound.error, cut.run, cut.state) == ("sound", "", "cut", "damaged")
    assert "this is not a part of the run's table" in cut.error


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
        "data     half of it is gone",
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
    assert content["trials"] == {"COMPLETE": 1, "PRUNED": 1, "FAIL": 0, "RUNNING": 0, "total": 9}
    assert (content["best"]["trial"], content["best"]["value"], content["best"]["std"]) == (0, 0.5, None)
    assert (content["detector"], content["baselines"], content["held_out_accesses"]) == (None, None, [])
    assert not (tmp_path / "runs/one/report.html").exists()
