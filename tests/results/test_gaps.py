"""What is told of a run whose files were deleted, cut or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from nids.config import MOST_TRIALS
from nids.errors import DamagedFileError
from nids.results import TABLES, Run, RunWriter
from nids.results.gaps import Gaps, gaps_at_rest, gaps_of, in_ranges
from nids.results.status import TrialCounts
from nids.storage import Folder
from tests.manifests import OWNER
from tests.results.test_results import MANIFEST, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nids.results.status import State

PART = "part-00000.parquet"
ALL = Gaps(trials=(0, 1, 2))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a finished run of three trials."""
    folder = tmp_path / "a-run"
    writer = RunWriter(Folder.from_uri(str(folder)), MANIFEST)
    for number, state in enumerate(("COMPLETE", "PRUNED", "FAIL")):
        writer.put(number, rows_of(number, state))
    writer.flush(0)
    said(writer, "finished")
    return folder


def said(writer: RunWriter, state: State) -> None:
    writer.write_status(state, TrialCounts(total=3, complete=1, pruned=1, failed=1), OWNER)


def delete(run: Path, table: str, trials: Iterable[int] = ()) -> None:
    """Take the rows of some trials out of a table, or the whole part away."""
    path = run / table / PART
    rows = pq.read_table(path)
    path.unlink()
    if trials:
        pq.write_table(rows.filter(~pc.field("trial").isin([*trials])), path)


@pytest.mark.parametrize("by_row", [True, False])
@pytest.mark.parametrize("table", TABLES)
def test_gaps_of_a_run_without_a_part_are_its_trials(table: str, by_row: bool, run: Path) -> None:
    opened = Run(Folder.from_uri(str(run)))
    assert not gaps_of(opened, by_row=by_row)
    delete(run, table)
    assert gaps_of(opened, by_row=by_row) == ALL


@pytest.mark.parametrize("table", TABLES)
def test_gaps_of_a_table_without_some_rows_are_these_trials(table: str, run: Path) -> None:
    delete(run, table, [1, 2])
    assert gaps_of(Run(Folder.from_uri(str(run)))) == Gaps(trials=(1, 2))


@pytest.mark.parametrize("table", [table for table in TABLES if table != "trials"])
def test_gaps_of_a_run_with_a_damaged_part_are_its_fault(table: str, run: Path) -> None:
    (run / table / PART).write_bytes(b"PAR1")
    opened = Run(Folder.from_uri(str(run)))
    gaps = gaps_of(opened)
    assert (gaps.trials, gaps.unnumbered, len(gaps.faults)) == ((), 0, 1)
    assert gaps.in_words(str(run)) == [*gaps.faults]
    with pytest.raises(DamagedFileError) as caught:
        gaps.readable()
    assert str(caught.value) == gaps.faults[0]
    assert gaps.faults[0].startswith(f"{run}/{table}/{PART}: this is not a part of the run's table (")
    assert not gaps_of(opened, by_row=False)


def test_gaps_of_an_interrupted_run_are_what_its_status_and_other_tables_know_of(run: Path) -> None:
    folder = Folder.from_uri(str(run))
    said(RunWriter(folder, MANIFEST), "interrupted")
    delete(run, "trials", [1, 2])
    assert gaps_of(Run(folder)) == Gaps(trials=(1, 2))
    assert gaps_of(Run(folder), by_row=False) == Gaps(unnumbered=2)
    for table in TABLES:
        (run / table / PART).unlink()
    assert gaps_of(Run(folder)) == Gaps(unnumbered=3)
    (run / "status.json").write_bytes(b"")
    gaps = gaps_of(Run(folder))
    assert (gaps.trials, gaps.unnumbered, gaps.in_words(str(run))) == ((), 0, [Run(folder).status_fault])


def test_gaps_of_an_interrupted_run_are_no_trials_that_had_not_begun(tmp_path: Path) -> None:
    writer = RunWriter(Folder.from_uri(str(tmp_path / "a-run")), MANIFEST)
    for number in (0, 2):
        writer.put(number, rows_of(number, "RUNNING" if number == 2 else "COMPLETE"))
    writer.flush(0)
    writer.write_status("interrupted", TrialCounts(total=9, complete=1), OWNER)
    assert not gaps_of(Run(writer.folder))


def test_gaps_of_a_run_that_is_written_are_none_yet(run: Path) -> None:
    folder = Folder.from_uri(str(run))
    said(RunWriter(folder, MANIFEST), "running")
    delete(run, "curves")
    opened = Run(folder)
    opened.status = opened.status.model_copy(update={"owner": OWNER.model_copy(update={"machine": "another"})})
    assert opened.state == "running"
    assert not gaps_of(opened)
    assert gaps_at_rest(opened) == ALL


def test_gaps_of_a_run_without_rows_of_a_kind_are_none(run: Path) -> None:
    path = run / "attacks" / PART
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    assert pa.parquet.read_table(path).num_rows == 0
    assert not gaps_of(Run(Folder.from_uri(str(run))))


LOST = "had ended, but {} results are lost, or a part of them; `nids resume a --storage s3://b` runs {} again."


@pytest.mark.parametrize(
    ("gaps", "sentences"),
    [
        (Gaps(), []),
        (Gaps(trials=(7,)), [f"Trial 7 {LOST.format('its', 'it')}"]),
        (Gaps(trials=(0, 1, 5)), [f"Trials 0, 1, 5 {LOST.format('their', 'them')}"]),
        (Gaps(unnumbered=1), [f"1 trial {LOST.format('its', 'it')}"]),
        (
            Gaps((4,), 1200, ("a fault.",), "b."),
            ["b.", "a fault.", f"Trials 4 and 1,200 more {LOST.format('their', 'them')}"],
        ),
    ],
)
def test_gaps_in_words_have_their_cure(gaps: Gaps, sentences: list[str]) -> None:
    assert (gaps.in_words("s3://b/a"), bool(gaps)) == (sentences, bool(sentences))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([], ""),
        ([3], "3"),
        ([3, 4], "3, 4"),
        ([1, 3, 4, 5, 9], "1, 3 to 5, 9"),
        (range(100, 200), "100 to 199"),
        (range(0, 40, 2), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, …"),
    ],
)
def test_in_ranges_shortens(numbers: Iterable[int], words: str) -> None:
    assert in_ranges(numbers) == words


def test_gaps_of_a_run_with_a_file_for_a_table_are_its_fault(run: Path) -> None:
    (run / "curves" / PART).unlink()
    (run / "curves").rmdir()
    (run / "curves").write_text("no table")
    fault = (
        f"{run}/curves: this is a file, where a folder with the parts of a table belongs. "
        f"`nids repair a-run --storage {run.parent}` moves it away, and `nids resume a-run --storage {run.parent}` "
        "runs the trials again that it held."
    )
    assert gaps_of(Run(Folder.from_uri(str(run)))) == Gaps(faults=(fault,))


def test_gaps_of_a_run_with_a_number_of_no_search_end(run: Path) -> None:
    part = run / "trials" / PART
    rows = pq.read_table(part)
    numbers = pa.array([0, 1, 2**31 - 1], pa.int32())
    pq.write_table(rows.set_column(rows.column_names.index("trial"), "trial", numbers), part)
    assert len(gaps_of(Run(Folder.from_uri(str(run)))).trials) == MOST_TRIALS - 1
