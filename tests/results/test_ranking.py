from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nids.errors import UserError
from nids.metrics.limit import Limit
from nids.metrics.measures import applicable, described
from nids.results import ranking
from nids.results.ranking import Axes, Rule


@pytest.fixture
def trials() -> pd.DataFrame:
    rows = [
        ("COMPLETE", 0.3, 0.90, 10.0),
        ("COMPLETE", 0.2, 0.80, 20.0),
        ("COMPLETE", 0.2, 0.80, 20.0),  # as good as the one before in both
        ("COMPLETE", 0.2, 0.70, 15.0),  # beaten in accuracy at the same loss
        ("COMPLETE", 0.4, 0.90, 10.0),  # beaten in loss at the same accuracy
        ("PRUNED", 0.1, 0.99, 1.0),
        ("COMPLETE", 0.5, np.nan, 5.0),
        ("RUNNING", np.nan, np.nan, np.nan),
    ]
    table = pd.DataFrame(rows, columns=["state", "log_loss", "accuracy", "seconds"])
    return table.assign(trial=range(100, 108), macro_f1=np.nan).set_index(pd.Index(range(10, 18)))


def test_front_holds_those_that_none_beats(trials: pd.DataFrame) -> None:
    found = ranking.front(trials, Axes("log_loss", "accuracy"))
    assert found.to_dict() == dict.fromkeys(range(10, 18), False) | dict.fromkeys((10, 11, 12), True)
    pd.testing.assert_series_equal(ranking.front(trials, Axes("accuracy", "log_loss")), found)
    assert trials[ranking.front(trials, Axes("log_loss", "seconds"))]["trial"].tolist() == [100, 103, 106]


@pytest.mark.parametrize(
    "axes", [Axes("log_loss", "accuracy"), Axes("log_loss", "seconds"), Axes("accuracy", "seconds")]
)
def test_front_is_that_of_the_definition(axes: Axes) -> None:
    random = np.random.default_rng(0)
    # Few values, so that many are alike, and what is good in the one is bad in the other.
    first = random.integers(0, 12, 100)
    costs = np.column_stack([first, 12 - first + random.integers(0, 4, 100)])
    signs = [1 if described(name).direction == "min" else -1 for name in axes]
    table = pd.DataFrame(costs * signs, columns=[*axes]).assign(state="COMPLETE")
    expected = [not ((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any() for own in costs]
    assert 5 < sum(expected) < 60
    assert ranking.front(table, axes).tolist() == expected


def test_front_of_three_measures(trials: pd.DataFrame) -> None:
    found = ranking.front(trials, ["log_loss", "accuracy", "seconds"])
    assert trials[found]["trial"].tolist() == [100, 101, 102, 103]


def test_hypervolumes_are_of_measures_from_their_worst_to_their_best_value(trials: pd.DataFrame) -> None:
    names = ["log_loss", "accuracy"]
    assert ranking.scaled_costs(trials, names).round(9).to_dict("list") == {
        "log_loss": [0.5, 0.0, 0.0, 0.0, 1.0],
        "accuracy": [0.0, 0.5, 0.5, 1.0, 0.0],
    }
    found = ranking.hypervolumes(trials, names)
    assert found.tolist() == pytest.approx([0.5, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75])
    assert ranking.hypervolumes(trials[5:], names).isna().all()
    alike = trials.assign(log_loss=0.25, accuracy=0.5)
    assert ranking.hypervolumes(alike, names).tolist()[:1] == [1.0]


def test_a_trial_that_was_not_trained_is_as_feasible_as_the_one_at_its_point_and_never_the_best() -> None:
    rows = [
        (0, "COMPLETE", 0.5, 10.0, np.nan),
        (1, "COMPLETE", 0.4, 90.0, np.nan),
        (2, "COMPLETE", 0.4, np.nan, 1),
        (3, "COMPLETE", 0.5, np.nan, 0),
    ]
    table = pd.DataFrame(rows, columns=["trial", "state", "value", "scoring_seconds", "duplicate_of"])
    found = ranking.with_feasibility(table, [Limit("scoring_seconds", True, 60.0)])
    assert found["feasible"].tolist() == [True, False, False, True]
    assert ranking.trained(found).tolist() == [True, True, False, False]
    assert ranking.eligible(found).tolist() == [True, False, False, False]
    assert ranking.runner_up(found, "min") is None
    assert ranking.ordered(found, "min")["trial"].tolist() == [0, 1, 2, 3]
    assert ranking.with_feasibility(table, []) is table


def test_weighable_are_complete_trials_with_both_measures(trials: pd.DataFrame) -> None:
    assert ranking.weighable(trials, Axes("log_loss", "accuracy"))["trial"].tolist() == [100, 101, 102, 103, 104]
    endless = trials.assign(log_loss=trials["log_loss"].replace(0.4, np.inf))
    assert ranking.weighable(endless, Axes("log_loss", "seconds"))["trial"].tolist() == [100, 101, 102, 103, 106]


def test_measured_leaves_out_what_no_complete_trial_has(trials: pd.DataFrame) -> None:
    assert ranking.measured(trials) == ["accuracy", "log_loss", "seconds"]
    assert ranking.measured(trials[trials["state"] == "RUNNING"]) == []


def test_axes_of_several_objectives_are_the_first_two() -> None:
    objectives = ("macro_f1", "recall.U2R", "seconds")
    assert Axes.from_objectives(objectives, ["log_loss", *objectives]) == Axes("macro_f1", "recall.U2R")
    assert Axes.from_objectives(objectives, ["macro_f1", "seconds"]) == Axes("macro_f1", "seconds")


@pytest.mark.parametrize(
    ("metric", "figures", "expected"),
    [
        pytest.param(
            "unseen_macro_f1",
            ["unseen_macro_f1", "false_alarm_rate", "seconds"],
            Axes("unseen_macro_f1", "false_alarm_rate"),
            id="false-alarms",
        ),
        pytest.param("log_loss", ["log_loss", "accuracy", "seconds"], Axes("log_loss", "seconds"), id="or-else-time"),
        pytest.param("log_loss", ["log_loss", "accuracy"], Axes("log_loss", "accuracy"), id="or-what-there-is"),
        pytest.param("log_loss", ["accuracy", "seconds"], Axes("accuracy", "seconds"), id="without-the-metric"),
    ],
)
def test_axes_of_one_objective_weigh_it_against_what_it_is_paid_with(
    metric: str, figures: list[str], expected: Axes
) -> None:
    assert Axes.from_objectives((metric,), figures) == expected


SIX = pd.DataFrame(
    [
        (0, "PRUNED", 0.1, 0.99, 0.001),
        (1, "COMPLETE", 0.3, 0.90, 0.004),
        (3, "COMPLETE", 0.2, 0.80, 0.002),
        (2, "COMPLETE", 0.2, 0.95, 0.020),
        (4, "COMPLETE", 0.4, 0.90, 0.003),
        (5, "COMPLETE", np.nan, np.nan, 0.001),
    ],
    columns=["trial", "state", "value", "macro_f1", "false_alarm_rate"],
)


def test_ordered_puts_complete_trials_before_pruned_ones_of_any_value() -> None:
    assert ranking.ordered(SIX, "min")["trial"].tolist() == [2, 3, 1, 4, 5, 0]
    assert ranking.ordered(SIX, "max")["trial"].tolist() == [4, 1, 2, 3, 5, 0]
    assert ranking.ordered(SIX, "min").columns.tolist() == SIX.columns.tolist()


def test_best_and_runner_up_are_complete() -> None:
    places = {
        direction: (ranking.best(SIX, direction), ranking.runner_up(SIX, direction)) for direction in ("min", "max")
    }
    numbers = {direction: [int(row["trial"]) for row in rows if row is not None] for direction, rows in places.items()}
    assert numbers == {"min": [2, 3], "max": [4, 1]}
    assert ranking.best(SIX[:1], "min") is None
    assert ranking.runner_up(SIX[:2], "min") is None


def test_best_so_far_counts_complete_trials_only() -> None:
    assert ranking.best_so_far(SIX[1:], "min").tolist() == [0.3, 0.2, 0.2, 0.2, 0.2]
    assert ranking.best_so_far(SIX[1:], "max").tolist() == [0.3, 0.3, 0.3, 0.4, 0.4]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (ranking.EXAMPLE, Rule((Limit("seconds", True, 600),), "macro_f1")),
        ("max accuracy", Rule((), "accuracy")),
        (
            "accuracy>=99.5 %,seconds <= 1e3, min log_loss",
            Rule((Limit("accuracy", False, 0.995), Limit("seconds", True, 1000.0)), "log_loss"),
        ),
    ],
)
def test_rule_from_text(text: str, rule: Rule) -> None:
    assert Rule.from_text(text) == rule


def test_example_is_of_measures_that_every_run_has() -> None:
    rule = Rule.from_text(ranking.EXAMPLE)
    assert {rule.aim, *(limit.name for limit in rule.limits)} <= {*applicable(unseen=False), ranking.SECONDS}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("accuracy", '\'accuracy\' is not an aim: it must be the last part, "min" or "max" and a measure'),
        ("accuracy < 1, min log_loss", "'accuracy < 1' is not a limit: it must be a measure, <= or >=, and a number"),
        (
            "seconds <= 1.2.3, min log_loss",
            "'seconds <= 1.2.3' is not a limit: it must be a measure, <= or >=, and a number",
        ),
        ("max log_loss", "max log_loss would pick the worst trial: write min log_loss"),
        (
            "max makro_f1",
            "there is no measure 'makro_f1' (did you mean macro_f1?); there are accuracy, macro_f1, log_loss, "
            "weighted_precision, weighted_recall, weighted_f1, unseen_macro_f1, unseen_detection_rate, unseen_recall, "
            "false_alarm_rate, seconds",
        ),
    ],
)
def test_rule_from_text_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(UserError) as raised:
        Rule.from_text(text)
    assert str(raised.value) == f'{text!r} is not a rule to pick a trial by: {reason}. An example: "{ranking.EXAMPLE}".'


def test_pick_is_the_best_complete_trial_within_the_limits() -> None:
    picked = ranking.pick(SIX, Rule.from_text("false_alarm_rate <= 0.005, then max macro_f1"))
    pd.testing.assert_series_equal(picked, SIX.iloc[1])  # of two alike the first
    assert ranking.pick(SIX, Rule.from_text("max macro_f1"))["trial"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "macro_f1 >= 0.96, min false_alarm_rate",
            "no complete trial has macro_f1 >= 0.96: the nearest is trial 2, with 0.95. Relax the limit.",
        ),
        (
            "macro_f1 >= 0.9, false_alarm_rate <= 0.001, max macro_f1",
            "no complete trial of those within the limits before it has false_alarm_rate <= 0.001: the nearest is "
            "trial 4, with 0.003. Relax the limit.",
        ),
        ("max accuracy", "no complete trial of this run has a value of accuracy: pick by macro_f1, false_alarm_rate."),
        (
            "false_alarm_rate <= 0.001, max macro_f1",
            "no complete trial within the limits has a value of macro_f1. Relax a limit.",
        ),
    ],
)
def test_pick_says_why_there_is_none(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        ranking.pick(SIX, Rule.from_text(text))
    assert str(raised.value) == message


SEARCHED = pd.DataFrame(
    {
        "trial": [0, 1, 2, 3],
        "state": ["COMPLETE"] * 4,
        "value": [0.1, 0.2, 0.3, 0.4],
        "log_loss": [0.1, 0.2, 0.3, 0.4],
        "macro_f1": [0.9, 0.8, 0.7, 0.6],
    }
)


@pytest.mark.parametrize(
    ("values", "means", "order"),
    [
        pytest.param({}, {}, [0, 1, 2, 3], id="none"),
        pytest.param({(0, 1): 0.5, (1, 1): 0.25}, {0: 0.5, 1: 0.25}, [1, 0, 2, 3], id="another one is the best"),
        pytest.param({(2, 1): 0.01, (3, 1): 0.02}, {}, [0, 1, 2, 3], id="the best of the search was not repeated"),
        pytest.param({(0, 1): 0.5, (2, 1): 0.01}, {0: 0.5}, [0, 1, 2, 3], id="one between them was not repeated"),
        pytest.param(
            {(0, 1): 0.5, (1, 1): 0.625, (0, 2): 0.75}, {0: 0.5, 1: 0.625}, [0, 1, 2, 3], id="what they have in common"
        ),
        pytest.param(
            {(0, 1): 0.125, (0, 2): None, (1, 1): 0.5, (1, 2): 0.5}, {1: 0.5}, [1, 0, 2, 3], id="a repeat that failed"
        ),
        pytest.param({(0, 1): 0.5, (1, 2): 0.25}, {}, [0, 1, 2, 3], id="nothing in common"),
    ],
)
def test_repeats_rank_what_they_can_compare(
    values: dict[tuple[int, int], float | None], means: dict[int, float], order: list[int]
) -> None:
    rows = [(trial, repeat, value) for (trial, repeat), value in values.items()]
    repeats = pd.DataFrame(rows, columns=["trial", "repeat", "value"]).astype({"value": float})
    trials = ranking.with_repeats(SEARCHED, repeats, "min")
    column = trials["repeated_value"] if "repeated_value" in trials else pd.Series(dtype=float)
    assert column.dropna().to_dict() == means
    assert ranking.ordered(trials, "min")["trial"].tolist() == order


def test_a_trial_that_comes_later_and_is_better_is_the_best_whatever_was_repeated() -> None:
    repeats = pd.DataFrame({"trial": [0, 1], "repeat": [1, 1], "value": [0.5, 0.25]})
    later = pd.concat([SEARCHED, SEARCHED[:1].assign(trial=4, value=0.05)], ignore_index=True)
    best = ranking.best(ranking.with_repeats(later, repeats, "min"), "min")
    assert best is not None
    assert best["trial"] == 4


def test_pick_goes_by_its_rule_whatever_was_repeated() -> None:
    repeats = pd.DataFrame({"trial": [0, 1], "repeat": [1, 1], "value": [0.5, 0.25]})
    trials = ranking.with_repeats(SEARCHED, repeats, "min")
    assert ranking.pick(trials, Rule.from_text("log_loss <= 0.35, then max macro_f1"))["trial"] == 0
    with pytest.raises(UserError, match=r"the nearest is trial 0, with 0\.1\. Relax"):
        ranking.pick(trials, Rule.from_text("log_loss <= 0.05, then max macro_f1"))
