from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from tests.dashboard.conftest import change, sound, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest


@pytest.fixture
def searched(storage: Path) -> Callable[..., None]:
    """Return what makes the run "large" one of two objectives of which more of the one is less of the other."""
    part, manifest = storage / "large" / "trials" / "part-00000.parquet", storage / "large" / "manifest.json"
    table = pd.read_parquet(part)
    table["macro_f1"] = 0.5 + 0.4 * table["log_loss"] / table["log_loss"].max()
    table["value"] = table["macro_f1"]
    table.to_parquet(part)

    def search(**changes: Any) -> None:
        job = json.loads(manifest.read_text())["job"]
        objectives = {"objectives": ["macro_f1:max", "log_loss:min"]}
        change(manifest, job=job | {"search": job["search"] | objectives | changes})

    return search


def test_the_overview_shows_the_front_and_how_to_pick_from_it(
    page: Callable[..., AppTest], searched: Callable[..., None]
) -> None:
    searched()
    shown = page("overview", run="large")
    assert sound(shown)
    text = words(shown).replace("\\", "")
    assert "is the best in the first objective: macro-F1" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "##### What the objectives cost each other" in text
    assert "10 of 10 complete trials are on the Pareto front of macro-F1 and log-loss" in text
    assert "nids finalize large --pick 'log_loss <= " in text
    assert len(shown.get("vega_lite_chart")) == 3
    assert shown.dataframe[0].value.columns.tolist()[:3] == ["trial", "macro-F1", "log-loss"]
    assert [tile.label for tile in shown.metric] == [
        f"{name}, best trial" for name in ("macro-F1", "log-loss", "accuracy")
    ]


def test_other_pages_name_all_objectives(page: Callable[..., AppTest], searched: Callable[..., None]) -> None:
    searched()
    shown = page("trials", run="large", view="Pareto front")
    assert sound(shown)
    assert [shown.selectbox(key=key).value for key in ("y", "x")] == ["macro_f1", "log_loss"]
    assert "The search optimized macro-F1 and log-loss." in words(shown)
    assert page("runs").dataframe[0].value["metric"].tolist() == ["macro-F1 (first of 2)"]


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        pytest.param(
            "overview", {}, "None of the 10 complete trials keeps the constraint accuracy >= 2", id="overview"
        ),
        pytest.param("trials", {"state": "infeasible"}, "10 of 30 trials, best feasible trial first.", id="trials"),
        pytest.param(
            "trials", {"view": "Pareto front"}, "No feasible trial has macro-F1 and log-loss", id="pareto-front"
        ),
        pytest.param("classes", {}, "No trial is feasible yet. Choose another trial above.", id="classes"),
    ],
)
def test_pages_of_a_search_none_of_whose_trials_keeps_its_constraint(
    name: str, address: dict[str, str], expected: str, page: Callable[..., AppTest], searched: Callable[..., None]
) -> None:
    searched(constraints=["accuracy >= 2"])
    shown = page(name, run="large", **address)
    assert sound(shown)
    assert expected in words(shown).replace("\\", "")
