from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from nids.analysis import comparisons
from nids.bench import synthetic_run
from nids.dashboard.data import cache
from nids.dashboard.serving.settings import STORAGE
from nids.storage import Folder
from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


def test_runs_are_compared_by_configuration_and_by_outcome(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12, seed=1)
    shown = page("compare", runs=["large", "other"])
    assert sound(shown)
    results, settings = (table.value for table in shown.table)
    assert results.columns.tolist() == ["large", "other"]
    assert results.index.tolist()[:3] == ["state", "trials", r"best trial"]
    assert settings.loc[r"job\.search\.trials"].tolist() == ["30", "12"]  # type: ignore[operator]
    assert len(settings) == 1
    assert "log\\-loss" in words(shown)


def test_the_first_run_is_compared_with_each_other_one(page: Callable[..., AppTest], storage: Path) -> None:
    for name, seed in (("other", 1), ("third", 2)):
        synthetic_run.write(Folder.from_uri(str(storage)).folder(name), 12, seed=seed)
    found = words(page("compare", runs=["large", "other", "third", "gone"])).replace("\\", "")
    assert found.count("The best trial of large") == 2
    assert "There is no readable run named gone." in found


def test_runs_on_the_same_folds_are_tested_whatever_hash_they_had(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12, seed=1)
    file = storage / "other" / "manifest.json"
    folds, job = (json.loads(file.read_text())[key] for key in ("folds", "job"))
    change(file, folds=folds | {"hash": "abcd"})
    assert "different rows or folds" not in words(page("compare", runs=["large", "other"]))
    change(file, job=job | {"search": job["search"] | {"seed": 1}})
    cache.names.clear()
    assert "different rows or folds" in words(page("compare", runs=["large", "other"]))


def test_runs_are_tested_by_the_rows_of_known_types(
    page: Callable[..., AppTest], storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12, seed=1)
    tested = []

    def contest(*arguments: Any) -> comparisons.Contest:
        tested.append(arguments[-1])
        return original(*arguments)

    original = comparisons.contest
    monkeypatch.setattr(comparisons, "contest", contest)
    assert sound(page("compare", runs=["large", "other"]))
    # Of each fold, the rows by attack type, which are all known, rather than those that its manifest has.
    assert tested == [(100 * synthetic_run.ATTACK_TYPES,) * synthetic_run.FOLDS]


@pytest.mark.slow
def test_two_runs_are_compared_when_the_demonstration_is_gone(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shown = page("compare")
    assert shown.multiselect(key="runs").value == ["demonstration"]
    for name in ("first", "second"):
        synthetic_run.write(Folder.from_uri(str(tmp_path)).folder(name), 12)
    cache.names.clear()
    assert sorted(shown.run().multiselect(key="runs").value) == ["first", "second"]


def test_the_metrics_that_runs_optimized_come_first(page: Callable[..., AppTest], storage: Path) -> None:
    synthetic_run.write(Folder.from_uri(str(storage)).folder("other"), 12)
    job = json.loads((storage / "other" / "manifest.json").read_text())["job"]
    change(storage / "other" / "manifest.json", job=job | {"search": job["search"] | {"metric": "macro_f1"}})
    shown = page("compare", runs=["large", "other"])
    assert sound(shown)
    results = shown.table[0].value.index.tolist()
    assert results[:5] == ["state", "trials", "best trial", r"log\-loss", r"macro\-F1"]
    assert "large optimized that metric, other macro-F1." in words(shown).replace("\\", "")


def test_the_latest_runs_with_a_result_are_compared_first(page: Callable[..., AppTest], storage: Path) -> None:
    for name, trials in (("second", 12), ("begun", 12)):
        synthetic_run.write(Folder.from_uri(str(storage)).folder(name), trials)
    shutil.rmtree(storage / "begun" / "trials")
    change(storage / "begun" / "manifest.json", created="2999-01-01T00:00:00+00:00")
    assert sorted(page("compare").multiselect(key="runs").value) == ["large", "second"]
