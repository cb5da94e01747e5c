from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from nids.cli.runs import show_runs
from nids.results import RunWriter
from nids.storage import Folder
from tests.manifests import NO_TRIALS, OWNER, a_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from nids.results.status import State


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def make_run(
    storage: Path, name: str, state: State, *trials: tuple[str, float | None], metric: str = "log_loss"
) -> None:
    manifest = a_manifest(job={"search": {"metric": metric, "trials": 9}})
    writer = RunWriter(Folder.from_uri(str(storage / name)), manifest)
    for number, (ended, value) in enumerate(trials):
        rows = [{"trial": number, "state": ended, "value": value}]
        writer.put(number, {"trials": rows, "classes": [], "confusions": [], "attacks": [], "curves": []})
        writer.flush(number)
    writer.write_status(state, NO_TRIALS, OWNER)


def test_no_runs(tmp_path: Path, console: Console) -> None:
    show_runs(str(tmp_path), console)
    show_runs(str(tmp_path / "nowhere"), console)
    assert printed(console) == [
        f"{place} holds no runs yet. Make one with: nids search jobs/quick.toml"
        for place in (tmp_path, tmp_path / "nowhere")
    ]
    assert not (tmp_path / "nowhere").exists()


def test_a_line_for_each_run(tmp_path: Path, console: Console) -> None:
    some = [("COMPLETE", 0.5), ("COMPLETE", 0.25), ("PRUNED", 0.125), ("FAIL", None), ("RUNNING", 0.1)]
    make_run(tmp_path, "less-is-better", "running", *some)
    make_run(tmp_path, "more-is-better", "finished", *some, metric="macro_f1")
    make_run(tmp_path, "nothing-yet", "interrupted")
    (tmp_path / ".folds").mkdir()
    (tmp_path / "something-else").mkdir()
    show_runs(str(tmp_path), console)
    assert [line.split("  ") for line in map(two_spaces, printed(console))] == [
        ["run", "state", "trials", "best", "data"],
        ["less-is-better", "running", "4/9", "log_loss 0.2500 (trial 1)", "KDDTrain+"],
        ["more-is-better", "finished", "4/9", "macro_f1 0.5000 (trial 0)", "KDDTrain+"],
        ["nothing-yet", "interrupted", "0/9", "KDDTrain+"],
    ]


def test_a_damaged_run_is_named_beside_the_others(tmp_path: Path, console: Console) -> None:
    make_run(tmp_path, "sound", "finished", ("COMPLETE", 0.5))
    make_run(tmp_path, "cut", "finished", ("COMPLETE", 0.5))
    (tmp_path / "cut/trials/part-00000.parquet").write_bytes(b"PAR1")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn/manifest.json").write_text("{")
    show_runs(str(tmp_path), console)
    lines = printed(console)
    assert lines[1].startswith("cut")
    assert "damaged" in lines[1]
    assert "this is no part of the run's table" in " ".join(lines)
    assert any(line.startswith("sound") and "log_loss 0.5000 (trial 0)" in line for line in lines)
    assert any(line.startswith("torn") and "damaged" in line for line in lines)


def two_spaces(line: str) -> str:
    """Return a table's line with the columns two spaces apart."""
    while "   " in line:
        line = line.replace("   ", "  ")
    return line


def test_a_name_is_never_cut_off(tmp_path: Path) -> None:
    name = "a-name-of-a-run-that-is-longer-than-others-20261125-031131"
    make_run(tmp_path, name, "finished", ("COMPLETE", 0.25))
    console = Console(file=io.StringIO(), width=80)
    show_runs(str(tmp_path), console)
    assert name in console.file.getvalue()  # type: ignore[attr-defined]
