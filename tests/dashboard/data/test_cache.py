from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nids.bench import synthetic_run
from nids.dashboard.data import cache
from nids.storage import Folder
from tests.dashboard.conftest import change

if TYPE_CHECKING:
    from pathlib import Path

    from nids.dashboard.data.snapshot import KeptRun


@pytest.mark.parametrize("trials", [50, 100, 5000, 9999])
def test_importances_are_asked_for_anew_as_trials_come(trials: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.getbasetemp()
    if not (place / "asked").exists():  # the same run for all: what is kept of it is of all these sizes
        synthetic_run.write(Folder.from_uri(str(place)).folder("asked"), 10)
    run = cache.one(str(place), "asked").run
    assert run is not None
    random = np.random.default_rng(0)
    drawn = random.uniform(0.0003, 0.009, trials)
    rows = run.trials().iloc[[0] * trials].reset_index(drop=True)
    table = rows.assign(trial=range(trials), value=random.random(trials), params_learning_rate=drawn)
    _, note = cache.ranked(run, table)
    assert f"{min(trials, cache.MOST_RANKED):,} complete trials" in note


def test_a_foreign_run_is_a_fault(tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    change(tmp_path / "run" / "manifest.json", created="yesterday")
    fault = cache.one(str(tmp_path), "run").fault
    assert f"{tmp_path}/run/manifest.json: created = 'yesterday': should be" in fault


def test_a_run_that_comes_to_what_no_check_foresaw_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: KeptRun) -> None:
        raise RecursionError("too deep")

    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    monkeypatch.setattr(cache, "summarize", fail)
    fault = cache.one(str(tmp_path), "run").fault
    assert fault == f"{tmp_path}/run: one of the run's files has unexpected content (RecursionError: too deep)."


def test_a_foreign_status_is_passed_over(tmp_path: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(tmp_path)).folder("run"), 10)
    change(tmp_path / "run" / "status.json", state="**b**")
    found = cache.one(str(tmp_path), "run")
    assert found.run is not None
    assert (found.fault, found.run.state) == ("", "interrupted")
    (fault,) = found.run.faults
    assert fault.startswith(f"{tmp_path}/run/status.json: state = '**b**': should be")


def test_the_latest_run_comes_first_and_damaged_ones_last(tmp_path: Path) -> None:
    for name, created in (("a", "2026-01-02"), ("b", "2026-01-03"), ("c", "2026-01-01"), ("d", "2999-01-01")):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 2)
        change(tmp_path / name / "manifest.json", created=f"{created}T00:00:00+00:00")
    (tmp_path / "d" / "manifest.json").write_text("{")
    found = cache.find(str(tmp_path))
    assert [each.name for each in found] == ["b", "a", "c", "d"]
    assert [each.run is None for each in found] == [False, False, False, True]
    assert "cannot be read" in found[-1].fault


def test_a_run_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    assert "holds no run named 'gone'" in cache.one(str(tmp_path), "gone").fault
