from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from nids.results import RunWriter, open_run, run_names
from nids.results.driver_process import owner
from nids.results.status import TrialCounts
from nids.storage import Folder
from nids.terminal import escaped
from tests.manifests import NO_TRIALS, OWNER, a_manifest
from tests.test_terminal import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Nids = Callable[..., Outcome]


def made(storage: Path, name: str, *states: str) -> RunWriter:
    writer = RunWriter(Folder.from_uri(str(storage / name)), a_manifest(run=name))
    for number, state in enumerate(states):
        rows = [{"trial": number, "state": state, "value": 0.5, "best_epoch": 1}]
        writer.put(number, {"trials": rows, "classes": [], "confusions": [], "attacks": [], "curves": []})
        writer.flush(number)
    writer.write_status("interrupted", NO_TRIALS, OWNER)
    return writer


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    made(tmp_path / "runs", "first", "COMPLETE", "PRUNED", "RUNNING").keep("bundle/manifest.json", b"{}")
    made(tmp_path / "runs", "second")
    return tmp_path / "runs"


def test_delete_says_what_is_lost_and_asks(nids: Nids, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\ny\n"))
    made(runs, "damaged").keep("manifest.json", b"{")
    (runs / "damaged/driver.json").unlink()
    refused = nids("runs", "delete", "first", "damaged", COLUMNS="")
    assert (refused.returncode, run_names("runs")) == (1, ["damaged", "first", "second"])
    first, damaged = refused.stdout.splitlines()[:2]
    assert first.startswith("first: interrupted, 2 trials that ended, 0.")
    assert first.endswith(" MB, its detector")
    assert damaged.startswith("damaged: damaged, 0.0 MB")
    done = nids("runs", "delete", "first", "damaged", "first", COLUMNS="")
    assert (done.returncode, run_names("runs")) == (0, ["second"])
    assert [line.strip() for line in done.stdout.splitlines()[-2:]] == ["first is deleted", "damaged is deleted"]


def test_delete_without_a_terminal_deletes_nothing_unless_it_is_told_to(
    nids: Nids, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    refused = nids("runs", "delete", "first", "second")
    assert (refused.returncode, run_names("runs")) == (1, ["first", "second"])
    assert nids("runs", "delete", "first", "second", "--yes").returncode == 0
    assert [*runs.iterdir()] == []


def test_one_run_that_cannot_be_deleted_keeps_the_others(nids: Nids, runs: Path) -> None:
    made(runs, "live").write_status("running", TrialCounts(total=3), owner())
    result = nids("runs", "delete", "first", "live", "--yes")
    assert (result.returncode, run_names("runs")) == (2, ["first", "live", "second"])
    assert "live is being run by process" in result.stderr
    result = nids("runs", "delete", "first", "nowhere", "--yes")
    assert (result.returncode, run_names("runs")) == (2, ["first", "live", "second"])


def test_folds_that_no_run_needs_are_told_and_go_when_they_are_named(nids: Nids, runs: Path) -> None:
    root = Folder.from_uri(str(runs))
    for key in ("cd34", "ef56"):  # the first is what the runs need
        root.write(f".folds/{key}/complete.json", b"0" * 600_000)
    told = nids("runs", "delete", "first", "--yes").stdout.splitlines()
    assert told[-1] == (
        "No run needs 1 set of cached folds, 0.6 MB any more: delete them with nids runs delete --folds"
    )
    assert (runs / ".folds/ef56/complete.json").exists()
    assert (
        nids("runs", "delete", "--folds").stdout
        == "1 set of cached folds, 0.6 MB that no run needs any more: deleted\n"
    )
    assert [path.name for path in (runs / ".folds").iterdir()] == ["cd34"]
    (runs / "second/manifest.json").write_text("{")
    result = nids("runs", "delete", "--folds")
    assert (result.returncode, result.stderr.partition(":")[2].partition(":")[0]) == (
        *(2, " no folds were deleted, as it is not known which are needed"),
    )
    assert nids("runs", "delete").stderr.startswith("Error: no run is named")


def test_rename_says_so_and_names_what_has_the_former_name(nids: Nids, runs: Path) -> None:
    (runs / "first/report.html").write_text("first")
    result = nids("runs", "rename", "first", "third")
    assert result.stdout.splitlines() == [
        "first is now third",
        "Its page has the former name: write it again with nids report third",
    ]
    assert open_run("runs", "third").manifest.run == "third"


def test_notes_and_tags_are_listed(nids: Nids, runs: Path) -> None:
    assert nids("runs").stdout.splitlines()[0].split() == ["run", "state", "trials", "best", "data", "started", "took"]
    assert nids("runs", "note", "first", "before the\nnew sensors").stdout == "first has the note\n"
    assert nids("runs", "tag", "first", "b", "a").stdout == "first: a, b\n"
    assert nids("runs", "tag", "second", "b").stdout == "second: b\n"
    listed = nids("runs", COLUMNS="").stdout.splitlines()
    assert listed[0].split() == ["run", "state", "trials", "best", "data", "started", "took", "tags"]
    assert sorted((line.split()[0], line.rstrip()[-3:]) for line in listed[1:-1]) == [
        ("first", "a b"),
        ("second", "  b"),
    ]
    assert listed[-1] == "first: before the new sensors"
    tagged = json.loads(nids("runs", "--tag", "a", "--tag", "b", "--json").stdout)
    assert [(entry["run"], entry["tags"], entry["note"]) for entry in tagged] == [
        ("first", ["a", "b"], "before the\nnew sensors")
    ]
    assert nids("runs", "--tag", "c").stderr == "Error: runs: no run has the tag 'c'. Tags: a, b.\n"
    assert nids("runs", "tag", "first", "a", "b", "--remove").stdout == "first: no tags\n"
    nids("runs", "note", "first", "")
    assert not (runs / "first/notes.json").exists()


def test_the_notes_of_others_are_shown_letter_by_letter_and_damaged_ones_are_told(nids: Nids, runs: Path) -> None:
    text = "".join(HOSTILE.values()).replace("\ud800", "")
    (runs / "first/notes.json").write_text(json.dumps({"note": text, "tags": []}))
    (runs / "second/notes.json").write_text(json.dumps({"note": "", "tags": [text]}))
    shown = nids("runs", COLUMNS="")
    assert escaped(shown.stdout) == shown.stdout
    assert f"first: {escaped(' '.join(text.split()))}" in shown.stdout
    (problem,) = [line for line in shown.stdout.splitlines() if line.startswith("second: ")]
    assert "second/notes.json: tags.0 = " in problem
    for command in (["tag", "second", "a"], ["note", "second", text]):
        result = nids("runs", *command)
        assert (result.returncode, escaped(result.stderr)) == (2, result.stderr)


def test_an_option_before_the_name_of_a_command_is_refused(nids: Nids, runs: Path) -> None:
    for options, named in ((["--storage", "runs"], "storage"), (["--json"], "json"), (["--tag", "a"], "tag")):
        result = nids("runs", *options, "delete", "first", "--yes")
        assert result.returncode == 2
        assert result.stderr == (
            f"Error: --{named} stands before delete: give the options of a command after its name, as in `nids runs "
            f"delete … --{named} …`.\n"
        )
    assert nids("runs", "delete", "first", "--yes", NIDS_STORAGE=str(runs)).returncode == 0
    assert run_names(str(runs)) == ["second"]
