from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nids.results import ranking
from nids.results.example_rule import example_rule
from nids.results.ranking import Rule

COLUMNS = ["trial", "state", "macro_f1", "false_alarm_rate"]


def trials(*rows: tuple[int, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def test_it_picks_a_trial_of_the_front_that_is_good_in_all() -> None:
    table = trials(
        (3, "COMPLETE", 0.90, 0.0400),
        (4, "COMPLETE", 0.85, 0.0123),
        (5, "COMPLETE", 0.40, 0.0010),
        (6, "COMPLETE", 0.80, 0.0123),
        (7, "PRUNED", 0.99, 0.0),
    )
    assert example_rule(table, ["macro_f1", "false_alarm_rate"]) == ("false_alarm_rate <= 0.02, then max macro_f1", 4)
    assert example_rule(table, ["false_alarm_rate", "macro_f1"]) == ("macro_f1 >= 0.8, then min false_alarm_rate", 4)


@pytest.mark.parametrize("seed", range(20))
def test_it_does_so_among_trials_that_are_alike(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 12))
    table = pd.DataFrame(
        {
            "trial": np.arange(count),
            "state": "COMPLETE",
            "macro_f1": random.integers(0, 4, count) / 3,
            "false_alarm_rate": random.integers(0, 4, count) / 300,
            "parameters": random.integers(1, 4, count) * 1234.0,
        }
    )
    for objectives in (["macro_f1", "false_alarm_rate"], ["parameters", "macro_f1", "false_alarm_rate"]):
        example = example_rule(table, objectives)
        assert example is not None
        picked = ranking.pick(table, Rule.from_text(example[0]))
        assert picked["trial"] == example[1]
        assert ranking.front(table, objectives)[example[1]]


@pytest.mark.parametrize(
    ("table", "objectives"),
    [
        pytest.param(trials((0, "PRUNED", 0.5, 0.5)), ["macro_f1", "false_alarm_rate"], id="no front"),
        pytest.param(trials((0, "COMPLETE", 0.5, 0.5)).assign(mcc=-0.5), ["macro_f1", "mcc"], id="a limit has no sign"),
    ],
)
def test_sometimes_there_is_none(table: pd.DataFrame, objectives: list[str]) -> None:
    assert example_rule(table, objectives) is None
