from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from nids.bench import against_checkout
from nids.bench.against_checkout import Check, searches

if TYPE_CHECKING:
    from pathlib import Path

TRIALS = pd.DataFrame(
    {"trial": [0, 1], "state": ["COMPLETE", "PRUNED"], "epochs": [3, 1], "value": [0.5, 0.75], "params_x": [0.1, 0.2]}
)
FOLD: dict[str, Any] = {"training": np.arange(4), "synthetic_data": np.ones(3, dtype=np.float32)}


@pytest.fixture
def storages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Two storages, and the tables of their runs, which tests change."""
    tables = {str(tmp_path / name): TRIALS.copy() for name in ("this", "other")}

    class Run:
        def __init__(self, storage: str) -> None:
            self.trials = lambda: tables[storage]

    monkeypatch.setattr(against_checkout, "open_run", lambda storage, name: Run(storage))
    for name in ("this", "other"):
        folder = tmp_path / name / ".folds" / f"of-{name}"
        folder.mkdir(parents=True)
        np.savez(folder / "fold-0.npz", about=np.array(name), **FOLD)
    return tables


def results(tmp_path: Path) -> list[Check]:
    return list(searches(tmp_path / "this", tmp_path / "other"))


def test_searches_finds_equal_searches_equal(storages: dict[str, Any], tmp_path: Path) -> None:
    storages[str(tmp_path / "other")].loc[0, "value"] = 0.5 + 1e-6
    assert results(tmp_path) == [
        Check("folds", "2 arrays of 1 folds", ()),
        Check("suggestions", "1 columns of 2 trials", ()),
        Check("values of trials", "3 columns of 2 trials", ()),
    ]


@pytest.mark.parametrize(
    ("column", "value", "kind", "difference"),
    [
        pytest.param("params_x", 0.1 + 1e-3, 1, "trial 0: params_x 0.1 and 0.101", id="suggestion"),
        pytest.param("value", 0.6, 2, "trial 0: value 0.5 and 0.6", id="value"),
        pytest.param("value", np.nan, 2, "trial 0: value 0.5 and nan", id="no value"),
        pytest.param("state", "FAIL", 2, "trial 0: state COMPLETE and FAIL", id="state"),
    ],
)
def test_searches_finds_another_trial(
    storages: dict[str, Any], tmp_path: Path, column: str, value: Any, kind: int, difference: str
) -> None:
    storages[str(tmp_path / "other")].loc[0, column] = value
    assert [check.differences for check in results(tmp_path)] == [(difference,) if i == kind else () for i in range(3)]


@pytest.mark.parametrize(
    ("arrays", "difference"),
    [
        pytest.param({**FOLD, "training": np.arange(1, 5)}, "fold-0.npz: training", id="content"),
        pytest.param({**FOLD, "training": np.arange(4, dtype=np.int32)}, "fold-0.npz: training", id="type"),
        pytest.param({"training": FOLD["training"]}, "fold-0.npz: only one has synthetic_data", id="missing"),
    ],
)
def test_searches_finds_another_fold(
    storages: dict[str, Any], tmp_path: Path, arrays: dict[str, Any], difference: str
) -> None:
    np.savez(tmp_path / "other" / ".folds" / "of-other" / "fold-0.npz", about=np.array("other"), **arrays)
    assert results(tmp_path)[0].differences == (difference,)


@pytest.mark.slow
def test_main_refuses_a_folder_without_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nids.bench.against_checkout", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"{tmp_path} holds no package nids" in ended.stderr
