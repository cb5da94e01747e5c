from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pandas as pd

from nids.dashboard.data.cache import DEMONSTRATION
from nids.dashboard.serving.settings import STORAGE
from nids.dashboard.views import overview
from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from streamlit.testing.v1 import AppTest


def test_the_best_other_model_stands_beside_the_best_trial(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    folds = pd.read_parquet(next(DEMONSTRATION.glob("*/baselines/folds.parquet")))
    folds["name"] = [
        f"{model}, resampled" if more else model for model, more in zip(folds["model"], folds["resampled"], strict=True)
    ]
    best = folds.groupby("name")["accuracy"].mean().idxmax()
    headline = words(page("overview")).replace("\\", "")
    assert f"On the same folds, the best baseline by accuracy is “{best}”, with" in headline


def test_baselines_that_something_else_wrote_are_skipped(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE, str(tmp_path))
    shutil.copytree(DEMONSTRATION, tmp_path, dirs_exist_ok=True)
    [file] = tmp_path.glob("*/baselines/folds.parquet")
    pd.read_parquet(file).drop(columns=["training_rows"]).to_parquet(file)
    shown = page("overview")
    assert sound(shown)
    assert re.search(r"Trial \d+ is the best", words(shown))
    assert "it has no column training_rows" in words(shown).replace("\\", "")


def test_the_command_that_resumes_an_interrupted_run_is_shown(page: Callable[..., AppTest], storage: Path) -> None:
    part = storage / "large" / "trials" / "part-00000.parquet"
    table = pd.read_parquet(part)
    table.loc[table["trial"] == 29, "state"] = "RUNNING"
    table.to_parquet(part)
    change(storage / "large" / "status.json", state="interrupted")
    shown = page("overview", run="large")
    assert f"The search is not running. Resume it with `nids resume large --storage {storage}`." in words(shown)
    assert "1 unfinished" in "".join(bar.proto.text for bar in shown.get("progress"))


def test_what_was_adapted_in_the_folds_is_shown(page: Callable[..., AppTest], storage: Path) -> None:
    manifest = storage / "large" / "manifest.json"
    content = json.loads(manifest.read_text())
    note = "fold 0: R2L has 7 rows"
    change(manifest, data=content["data"] | {"dropped": {"U2R": 4}}, folds=content["folds"] | {"notes": [note]})
    shown = words(page("overview", run="large", notes="true")).replace("\\", "")
    assert f"- dropped as small classes: U2R (4 rows)\n- {note}" in shown


def test_failures_shows_reasons_letter_by_letter() -> None:
    failures = pd.DataFrame(
        [("out of\n# memory <b>[x](http:y)</b>", 1, "7"), ("a - b", 12, "1, 2, 3")],
        columns=["reason", "count", "trials"],
    )
    assert overview._failures(failures).split("\n") == [
        "##### Failures",
        r"- out of \# memory \<b\>\[x\]\(http\:y\)\<\/b\>: 1 trial (7)",
        r"- a \- b: 12 trials (1, 2, 3, …)",
    ]
