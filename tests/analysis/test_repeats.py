from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nids.analysis import repeats
from nids.results import Run, RunWriter, ranking, write_table
from nids.results.run import REPEATS
from nids.storage import Folder
from tests.manifests import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

TRIALS = pd.DataFrame({"trial": [0, 1, 2], "state": ["COMPLETE"] * 3, "value": [0.25, 0.5, 0.75]})


def run_with(folder: Path, rows: list[dict[str, Any]]) -> Run:
    run = Run(RunWriter(Folder.from_uri(str(folder / "a-run")), a_manifest()).folder)
    if rows:
        write_table(run.folder, REPEATS, pd.DataFrame(rows))
    return run


def row(trial: int, repeat: int, value: float | None) -> dict[str, Any]:
    return {"trial": trial, "repeat": repeat, "seed": repeat, "value": value, "error": None if value else "it diverged"}


def test_the_best_by_repeats_comes_first_with_its_interval(tmp_path: Path) -> None:
    run = run_with(tmp_path, [row(0, 1, 0.5), row(0, 2, 0.375), row(0, 3, 0.625), row(1, 1, 0.3125), row(2, 2, None)])
    trials = ranking.with_repeats(TRIALS, run.repeats(), "min")
    table = repeats.repeated_trials(run, trials)
    low, high = stats.t.interval(0.95, 2, 0.5, np.std([0.5, 0.375, 0.625], ddof=1) / math.sqrt(3))
    expected = pd.DataFrame(
        [
            (1, 0.5, 0.3125, math.nan, math.nan, 1, 0),
            (0, 0.25, 0.5, low, high, 3, 0),
            (2, 0.75, math.nan, math.nan, math.nan, 0, 1),
        ],
        columns=["trial", "first", "mean", "low", "high", "repeats", "failed"],
    )
    pd.testing.assert_frame_equal(table, expected)
    # What all three have in common is nothing.
    assert repeats.in_words(run, trials, table) == [
        "Trial 0 was the best of the search with a log-loss of 0.25; trained again 3 times, with other seeds and on "
        "other folds, it has 0.5 on average."
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param(
            [row(0, 1, 0.375), row(1, 1, 0.5)],
            "Trial 0 was the best of the search with a log-loss of 0.25; trained again 1 time, with other seeds and on "
            "other folds, it has 0.375 on average. It is still the best of 2 trials that can be compared so.",
            id="the winner wins again",
        ),
        pytest.param(
            [row(0, 1, 0.375), row(1, 1, 0.3125), row(0, 2, 0.5)],
            "Trial 0 was the best of the search with a log-loss of 0.25; trained again 2 times, with other seeds and "
            "on other folds, it has 0.438 on average. Of 2 trials that can be compared so, trial 1 is the best, with "
            "0.312.",
            id="another one wins",
        ),
        pytest.param(
            [row(1, 1, 0.125)],
            "Trial 0, the best of the search, has not been trained again, so that trials rank as they were searched. "
            "`nids repeat a-run --storage {storage}` trains it.",
            id="the winner was not trained again",
        ),
    ],
)
def test_what_is_said_of_the_winner(tmp_path: Path, rows: list[dict[str, Any]], words: str) -> None:
    run = run_with(tmp_path, rows)
    trials = ranking.with_repeats(TRIALS, run.repeats(), "min")
    said = repeats.in_words(run, trials, repeats.repeated_trials(run, trials))
    assert said == ([words.format(storage=tmp_path)] if words else [])
