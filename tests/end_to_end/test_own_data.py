"""A user's own file: described, checked, searched on, made a detector of, and scored, with commands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from typer.testing import CliRunner

from nids.cli import app
from nids.results import open_run
from tests.own_flows import CLASSES, ROWS, table

if TYPE_CHECKING:
    from pathlib import Path

OVERRIDES = (
    "data.dataset=flows.toml",
    *("folds.count=2", "training.epochs=2", "search.trials=1", "hyperparameters.layers=1", "hyperparameters.units=8"),
)


@pytest.mark.slow
def test_own_rows_are_searched_on(cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table().to_csv("flows.csv", index=False, sep=";")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, terminal_width=200)
        assert result.exit_code == 0, (result.output, result.exception)
        return " ".join(result.output.split())

    described = run("data", "describe", "flows.csv")
    assert "flows.csv: 700 rows, described in flows.toml" in described
    assert "hint alone, it gives the label away" in described
    again = CliRunner().invoke(app, ["data", "describe", "flows.csv"])
    assert again.exit_code == 1
    assert "flows.toml: is there already" in str(again.exception)
    checked = run("data", "check", "flows.csv", "--dataset", "flows.toml")
    assert "flows.csv: 700 rows, which the description flows names" in checked

    searched = run("search", "own", "--name", "mine", *(part for each in OVERRIDES for part in ("--set", each)))
    run_of_it = open_run("runs", "mine")
    rows = run_of_it.manifest.data.rows
    assert 0.7 * ROWS < rows < 0.9 * ROWS
    assert f"1 trial on flows.csv, {rows} rows (20 % of all rows are held out), 2 folds" in searched
    assert "PortScan" in searched

    finalized = run("finalize", "mine", "--seeds", "1")
    assert "Held out: 20 % of flows.csv" in finalized
    final = run_of_it.final_evaluation()
    assert final is not None
    assert {file: evaluation.rows for file, evaluation in final.held_out.items()} == {"20 % of flows.csv": ROWS - rows}

    description = (tmp_path / "flows.toml").read_text(encoding="utf-8")
    changed = description.replace(', transform = "arcsinh" }', " }").replace('"XSS" = ["XSS"]', '"Scripts" = ["XSS"]')
    (tmp_path / "flows.toml").write_text(changed, encoding="utf-8")
    refused = CliRunner().invoke(app, ["baselines", "mine"])
    assert "flows.toml: has changed since mine was begun: column Offset, label map as-they-are." in str(
        refused.exception
    )
    searched_again = run("search", "own", "--name", "other", *(part for each in OVERRIDES for part in ("--set", each)))
    assert "folds read from the cache" not in searched_again

    unlabelled = table().drop(columns=["Label", "hint", "Flow ID"])
    unlabelled.to_csv("new.csv", index=False, sep=";")
    assert "700 rows scored" in run("score", "runs/mine/bundle", "new.csv", "--out", "scores.parquet")
    scores = pd.read_parquet("scores.parquet")
    assert [name for name in scores if str(name).startswith("p_")] == [f"p_{name}" for name in CLASSES]
    assert scores.filter(like="p_").notna().all(axis=None)
