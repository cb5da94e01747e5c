from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dashboard import loading
from nids.bench import large_run
from nids.results import TABLES, Run
from nids.storage import Folder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_only_parts_that_have_changed_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large_run.write(Folder.at(str(tmp_path)).folder("run"), 250)
    read: list[tuple[str, str]] = []
    part = Run.part
    monkeypatch.setattr(Run, "part", lambda run, table, name: (read.append((table, name)), part(run, table, name))[1])

    def look() -> pd.DataFrame:
        found = loading.one(str(tmp_path), "run").run
        assert found is not None
        return found.trials()

    first = look()
    assert read == [("trials", f"part-0000{number}.parquet") for number in range(3)]
    read.clear()
    pd.testing.assert_frame_equal(look(), first)
    assert read == []
    large_run.write(Folder.at(str(tmp_path)).folder("other"), 250, seed=1)
    (tmp_path / "other" / "trials" / "part-00001.parquet").replace(tmp_path / "run" / "trials" / "part-00001.parquet")
    assert look()["value"].compare(first["value"]).index.isin(range(100, 200)).all()
    assert read == [("trials", "part-00001.parquet")]


def test_the_rows_of_a_trial_are_those_of_the_whole_table(tmp_path: Path) -> None:
    large_run.write(Folder.at(str(tmp_path)).folder("run"), 120)
    kept = loading.one(str(tmp_path), "run").run
    assert kept is not None
    plain = Run(kept.folder)
    for name in TABLES:
        whole = plain.table(name)
        expected = whole[whole["trial"] == 111].reset_index(drop=True)
        assert len(expected) > 0
        # Without the others' missing values, whole numbers stay whole.
        pd.testing.assert_frame_equal(kept.table(name, 111), expected, check_dtype=False)
        pd.testing.assert_frame_equal(plain.table(name, 111), expected, check_dtype=False)


def test_a_run_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    assert "holds no run named 'gone'" in loading.one(str(tmp_path), "gone").fault
