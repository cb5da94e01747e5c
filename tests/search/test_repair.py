from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nids.errors import UserError
from nids.results import Run, RunWriter
from nids.results.driver_process import owner
from nids.results.status import TrialCounts
from nids.results.writer import JOURNAL
from nids.search.budget import searched_seconds
from nids.search.repair import repair
from nids.storage import Folder
from tests.results.test_results import MANIFEST, rows_of
from tests.search.test_study import kept

if TYPE_CHECKING:
    from nids.results.status import State

PART = "part-00000.parquet"
STATES = ("COMPLETE", "PRUNED", "FAIL")
COUNTS = TrialCounts(total=3, complete=1, pruned=1, failed=1)
LOST = "Trials 0 to 2 had ended, but their results are lost, or a part of them; `nids resume a-run` runs them again."


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run of three trials, all in order."""
    monkeypatch.setattr("nids.results.driven._reports_again", lambda run: False)  # which takes a minute
    job = MANIFEST.job.model_copy(update={"search": MANIFEST.job.search.model_copy(update={"trials": 3})})
    monkeypatch.chdir(tmp_path)
    writer = RunWriter(Folder.from_uri("runs/a-run"), MANIFEST.model_copy(update={"job": job}))
    for number, state in enumerate(STATES):
        writer.put(number, rows_of(number, state))
    writer.flush(0)
    said(writer, "finished")
    assert repaired(writer.folder) == [
        f"{writer.folder.uri}/{JOURNAL}: could not be read, was not there, or was not of the tables' trials. "
        "It was made again from the tables."
    ]
    return Run(writer.folder)


def said(writer: RunWriter, state: State) -> None:
    writer.write_status(state, COUNTS, owner())


def repaired(folder: Folder) -> list[str]:
    return repair(Run(folder), lambda line: None)


def states_in_journal(run: Run) -> list[str]:
    return [trial.state.name for trial in kept(run)]


def test_repair_writes_nothing_where_nothing_is_wrong(run: Run) -> None:
    before = run.folder.versions()
    assert repaired(run.folder) == []
    assert run.folder.versions() == before
    assert states_in_journal(run) == [*STATES]


def test_repair_writes_nothing_into_a_run_that_was_renamed(run: Run) -> None:
    renamed = Path(run.uri).rename(Path(run.uri).with_name("renamed"))
    assert repaired(Folder.from_uri(str(renamed))) == []


@pytest.mark.parametrize("damage", [None, b"", b'{"state": "fini', b"null", b"[]", b"3", b"\xff\x00"])
def test_repair_makes_the_status_again(damage: bytes | None, run: Run) -> None:
    path = Path(run.uri) / "status.json"
    path.write_bytes(damage) if damage is not None else path.unlink()
    assert repaired(run.folder) == [
        f"{path}: could not be read, or was not there. It now says finished, 3 of 3 trials."
    ]
    status = Run(run.folder).status
    assert (status.state, status.trials, status.updated) == (
        "finished",
        COUNTS.model_copy(update={"seconds": searched_seconds(run.trials())}),
        run.trials()["ended"].max(),
    )
    assert repaired(run.folder) == []


@pytest.mark.parametrize("damage", ["", "null\n", "\x00\x01", "half"])
def test_repair_makes_the_study_again(damage: str, run: Run) -> None:
    path = Path(run.uri) / JOURNAL
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "half" else damage.encode())
    (sentence,) = repaired(run.folder)
    assert sentence.endswith("It was made again from the tables.")
    assert states_in_journal(run) == [*STATES]
    assert repaired(run.folder) == []


def test_a_journal_larger_than_any_is_not_read_but_made_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nids.search.repair.LARGEST_JOURNAL", (Path(run.uri) / JOURNAL).stat().st_size - 1)
    (sentence,) = repaired(run.folder)
    assert sentence.endswith("It was made again from the tables.")


def test_repair_moves_a_part_away_and_says_which_trials_are_lost(run: Run) -> None:
    path = Path(run.uri) / "classes" / PART
    for number in ("", ".2"):
        path.write_bytes(f"none {number}".encode())
        moved, *others = repaired(run.folder)
        to = f"{run.uri}/damaged/classes/{PART}{number}"
        assert moved.startswith(f"{path}: this is not a part of the run's table (")
        assert moved.endswith(f"). It is now {to}.")
        assert Path(to).read_text() == f"none {number}"
        assert not path.exists()
        said_before = (
            f"{run.uri}/status.json: said finished, 3 trials, unlike the tables. It now says interrupted, 0 of 3"
        )
        assert others == ([LOST] if number else [f"{said_before} trials.", LOST])
    assert repaired(run.folder) == [LOST]
    assert Run(run.folder).state == "interrupted"


def test_repair_of_the_table_of_trials_lets_them_all_be_run_again(run: Run) -> None:
    (Path(run.uri) / "trials" / PART).write_bytes(b"")
    assert repaired(run.folder)[-1] == LOST
    assert Run(run.folder).status.trials == TrialCounts(total=3)
    assert Run(run.folder).trials().empty


@pytest.mark.parametrize("name", ["status.json", JOURNAL, "driver.json", f"curves/{PART}"])
def test_repair_moves_a_folder_away_that_is_in_the_place_of_a_file(name: str, run: Run) -> None:
    path = Path(run.uri) / name
    path.unlink()
    path.mkdir()
    assert repaired(run.folder)[0] == (
        f"{path}: this is a folder, where a file belongs. It is now {run.uri}/damaged/{name}."
    )
    assert (Path(run.uri) / "damaged" / name).is_dir()
    assert not path.is_dir()


def test_repair_moves_a_file_away_that_is_in_the_place_of_a_table(run: Run) -> None:
    folder = Path(run.uri) / "curves"
    (folder / PART).unlink()
    folder.rmdir()
    folder.write_text("no table")
    moved, *_, lost = repaired(run.folder)
    assert moved == (
        f"{folder}: this is a file, where a folder with the parts of a table belongs. "
        f"It is now {run.uri}/damaged/curves."
    )
    assert lost == LOST


def test_repair_refuses_a_run_that_has_a_driver(run: Run) -> None:
    said(RunWriter(run.folder, run.manifest), "running")
    (Path(run.uri) / "curves" / PART).write_bytes(b"")
    before = run.folder.versions()
    with pytest.raises(UserError, match="a-run is being run by process"):
        repaired(run.folder)
    assert run.folder.versions() == before
