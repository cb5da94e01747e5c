from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nids.analysis.summary import summarize
from nids.bench import synthetic_run
from nids.dashboard.data import cache
from nids.errors import UserError
from nids.results import TABLES, Run
from nids.storage import Folder
from tests.dashboard.conftest import change

if TYPE_CHECKING:
    from pathlib import Path

    from nids.dashboard.data.snapshot import KeptRun


@pytest.mark.slow
def test_only_parts_that_have_changed_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 250)
    read: list[tuple[str, str]] = []
    part = Run.part
    monkeypatch.setattr(Run, "part", lambda run, table, name: (read.append((table, name)), part(run, table, name))[1])

    def read_again() -> pd.DataFrame:
        found = cache.one(str(tmp_path), "run").run
        assert found is not None
        return found.trials()

    def of_trials() -> list[tuple[str, str]]:
        return [one for one in read if one[0] == "trials"]

    first = read_again()
    assert of_trials() == [("trials", f"part-0000{number}.parquet") for number in range(3)]
    read.clear()
    pd.testing.assert_frame_equal(read_again(), first)
    assert read == []
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("other"), 250, seed=1)
    (tmp_path / "other" / "trials" / "part-00001.parquet").replace(tmp_path / "run" / "trials" / "part-00001.parquet")
    changed = read_again()["value"].compare(first["value"]).index
    assert len(changed) > 50
    assert changed.isin(range(100, 200)).all()
    assert of_trials() == [("trials", "part-00001.parquet")]


def test_trials_that_were_trained_again_are_ranked_by_that(tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 12)

    def read() -> KeptRun:
        found = cache.one(str(tmp_path), "run").run
        assert found is not None
        return found

    first = cache.summarize(read()).best
    assert first is not None
    others = read().trials().query(f"state == 'COMPLETE' and trial != {first.trial}")
    second, file = int(others["trial"].iloc[0]), tmp_path / "run" / "repeats.parquet"
    rows = {"trial": [first.trial, second], "repeat": 0, "seed": 1, "value": [9.0, 1.0], "error": None}
    pd.DataFrame(rows).to_parquet(file)
    best = cache.summarize(read()).best
    assert best is not None
    assert best.trial == second
    assert best.trial == summarize(Run(read().folder)).best.trial  # type: ignore[union-attr]
    file.write_bytes(b"PAR1 half of it")
    assert cache.summarize(read()).best == first
    assert "repeats.parquet" in " ".join(read().faults)


def test_a_part_that_was_out_of_reach_for_a_moment_is_read_at_the_next_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 250)
    with monkeypatch.context() as patch:
        read = Folder.read

        def slow_down(folder: Folder, name: str, largest: int | None = None) -> bytes:
            if name == "part-00001.parquet":
                raise UserError("the storage asks to slow down")
            return read(folder, name, largest)

        patch.setattr(Folder, "read", slow_down)
        found = cache.one(str(tmp_path), "run").run
        assert found is not None
        assert len(found.trials()) == 150
        assert any("slow down" in fault for fault in found.faults)
    again = cache.one(str(tmp_path), "run").run
    assert again is not None
    assert (len(again.trials()), cache.summarize(again).all_trials, again.faults) == (250, 250, [])


@pytest.mark.slow
def test_each_ended_trial_has_all_of_its_rows_though_they_are_written_while_files_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, trials in (("run", 150), ("later", 250)):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), trials)

    def read_again() -> KeptRun:
        found = cache.one(str(tmp_path), "run").run
        assert found is not None
        return found

    assert len(read_again().table("classes")["trial"].unique()) == 147  # without those that failed
    versions = Folder.versions

    def while_it_is_written(folder: Folder, faults: list[str] | None = None) -> dict[str, tuple[int, int]]:
        """List all but the trials before the writer goes on, and the trials after."""
        before = versions(folder, faults)
        for table in TABLES:
            shutil.copytree(tmp_path / "later" / table, tmp_path / "run" / table, dirs_exist_ok=True)
        return before | {path: version for path, version in versions(folder).items() if path.startswith("trials/")}

    monkeypatch.setattr(Folder, "versions", while_it_is_written)
    run = read_again()
    table = run.trials()
    assert len(table) == 250
    assert {*table.loc[table["state"] != "FAIL", "trial"]} == {*run.table("classes")["trial"]}


@pytest.mark.parametrize(
    ("state", "complete", "expected"),
    [
        pytest.param("finished", 50, "Trials 100 to 149", id="finished"),
        pytest.param("finished", 0, "", id="none-is-missing"),
        pytest.param("interrupted", 50, "50 trials", id="interrupted"),
        pytest.param("running", 50, "", id="running"),
    ],
)
def test_trials_that_are_gone_are_told(state: str, complete: int, expected: str, tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 150)
    (tmp_path / "run" / "trials" / "part-00001.parquet").unlink()
    change(
        tmp_path / "run" / "status.json",
        state=state,
        trials={"total": 100 + complete, "complete": complete, "pruned": 97, "failed": 3},
        updated=datetime.now(UTC).isoformat(),
    )
    run = cache.one(str(tmp_path), "run").run
    assert run is not None
    assert run.faults == []
    told = (
        f"{expected} had ended, but their results are lost, or a part of them; "
        f"`nids resume run --storage {tmp_path}` runs them again."
    )
    assert run.lost() == (told if expected else "")


def test_a_folder_that_cannot_be_listed_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    fault = f"{tmp_path}/run/curves: cannot be listed (Permission denied)."
    versions = Folder.versions

    def with_one_closed(folder: Folder, faults: list[str]) -> dict[str, tuple[int, int]]:
        faults.append(fault)
        return {path: version for path, version in versions(folder).items() if not path.startswith("curves/")}

    monkeypatch.setattr(Folder, "versions", with_one_closed)
    run = cache.one(str(tmp_path), "run").run
    assert run is not None
    assert (len(run.trials()), run.faults) == (10, [fault])


def test_what_changed_within_the_last_second_of_a_coarse_clock_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Object stores tell times in whole seconds; of a file rewritten within one, time and size may stay."""
    for seed, name in ((0, "run"), (1, "other")):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 100, seed=seed)
    coarse = time.time_ns() // 1_000_000_000 * 1_000_000_000
    versions = Folder.versions
    monkeypatch.setattr(Folder, "versions", lambda folder, faults=None: dict.fromkeys(versions(folder), (coarse, 17)))

    def first_value() -> float:
        found = cache.one(str(tmp_path), "run").run
        assert found is not None
        return float(found.trials()["value"].iloc[0])

    before = first_value()
    (tmp_path / "other" / "trials" / "part-00000.parquet").replace(tmp_path / "run" / "trials" / "part-00000.parquet")
    assert first_value() != before


def test_a_file_in_the_place_of_a_table_is_a_fault(tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    shutil.rmtree(tmp_path / "run" / "trials")
    (tmp_path / "run" / "trials").write_text("")
    run = cache.one(str(tmp_path), "run").run
    assert run is not None
    assert run.trials().empty
    assert run.faults == [f"{tmp_path}/run/trials: this is a file, where a folder with the parts of a table belongs."]


@pytest.mark.parametrize("content", ["{}", "null", "[]", '{"a": 1}', "{"])
def test_a_foreign_verdict_is_none(content: str, tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    (tmp_path / "run" / "final").mkdir()
    (tmp_path / "run" / "final" / "evaluation.json").write_text(content)
    run = cache.one(str(tmp_path), "run").run
    assert run is not None
    assert run.final_evaluation() is None
    assert "final/evaluation.json" in run.faults[0]


def test_the_rows_of_a_trial_are_those_of_the_whole_table(tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 120)
    kept = cache.one(str(tmp_path), "run").run
    assert kept is not None
    plain = Run(kept.folder)
    for name in TABLES:
        whole = plain.table(name)
        expected = whole[whole["trial"] == 111].reset_index(drop=True)
        assert len(expected) > 0
        # Without the others' missing values, whole numbers stay whole.
        pd.testing.assert_frame_equal(kept.table(name, 111), expected, check_dtype=False)
        pd.testing.assert_frame_equal(plain.table(name, 111), expected, check_dtype=False)
