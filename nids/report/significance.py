"""Whether one model is better than another, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nids.analysis import baselines, comparisons
from nids.metrics.formatting import NONE, difference, mean_and_spread, p_value
from nids.metrics.measure import is_better
from nids.metrics.measures import described, label
from nids.metrics.significance import is_significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nids.analysis.comparisons import Contest
    from nids.metrics.significance import Comparison

MEANING = (
    "Significant means p < 0.05 in the corrected resampled t-test. A difference that is not significant does not show "
    "that two models are equally good, and a significant one says nothing about data from another source."
)
CHOSEN_BY_THE_FOLDS = (
    "The trial and its number of epochs were chosen on these same folds, the {untuned} were not: this favours the "
    "trial. The held-out files show by how much."
)
TUNED_TOO = "The tuned baselines were chosen on these folds too."


def sentence(contest: Contest) -> str:
    """Return which of two models is better, and what the test of their figures says."""
    for name, figures in zip(contest.names, (contest.ours, contest.theirs), strict=True):
        if figures.dropna().empty:
            return f"There are no results of {name} by fold, so no test is possible."
    if contest.test is None:
        return _capital(f"{' and '.join(contest.names)} were not validated on the same folds, so no test is possible.")
    return of_test(contest.test, contest.names, contest.metric)


def of_test(test: Comparison, names: tuple[str, str], metric: str) -> str:
    """Return one sentence on a test: which model is better, by how much, and whether that is significant.

    Args:
        test: The test of the figures of two models on the same folds.
        names: What to call the two, such as "the best trial".
        metric: The measure that was compared.
    """
    first, second = names
    words = label(metric)
    if not math.isfinite(test.difference):
        return _capital(f"{first} and {second} cannot be compared in {words}: not every fold has a value.")
    folds = "the only fold" if test.folds == 1 else f"each of {test.folds} folds"
    certainty = "" if test.folds == 1 else f"95 % confidence interval {_interval(test, metric)}, "
    if test.difference == 0 and (test.folds == 1 or test.low == test.high):
        return _capital(f"{first} and {second} have the same {words} on {folds}.")
    if test.difference == 0:
        return _capital(f"{first} and {second} have the same mean {words} ({certainty}n = {test.folds} folds).")
    amount = difference(metric, test.difference).lstrip("+−")
    higher = "higher" if test.difference > 0 else "lower"
    if test.folds == 1:
        return _capital(
            f"the {words} of {first} is {amount} {higher} than that of {second} on the only fold; one fold allows no "
            "test."
        )
    evidence = f"{certainty}{p_value(test.p)}, n = {test.folds} folds"
    if not is_significant(test):
        return f"No significant difference in {words} between {first} and {second}: {amount} {higher} ({evidence})."
    better = is_better(test.difference, 0, described(metric).direction)
    return _capital(
        f"{first} is significantly {'better' if better else 'worse'} than {second} in {words}: {amount} {higher} "
        f"({evidence})."
    )


def against_baselines(figures: pd.DataFrame, best: int) -> list[str]:
    """Return how the detector, or else the best trial, compares with the best baseline and with each tuned one.

    Args:
        figures: As ``nids.analysis.baselines.figures_by_fold`` returns them.
        best: Number of the best trial.
    """
    sentences = [sentence(contest) for contest in comparisons.against_baselines(figures, best)]
    if not sentences:
        return []
    if tuned := [_in_all_measures(contests) for contests in comparisons.against_tuned(figures, best)]:
        return [*sentences, *tuned, MEANING, CHOSEN_BY_THE_FOLDS.format(untuned="untuned baselines"), TUNED_TOO]
    return [*sentences, MEANING, CHOSEN_BY_THE_FOLDS.format(untuned="baselines")]


def _in_all_measures(contests: Sequence[Contest]) -> str:
    """Return how two models compare in several measures, in a sentence with the difference in each."""
    ours, theirs = contests[0].names
    return f"{_capital(ours)} against {theirs}: {'; '.join(map(_in_one_measure, contests))}."


def _in_one_measure(contest: Contest) -> str:
    words = label(contest.metric)
    if contest.test is None or not math.isfinite(contest.test.p):
        return f"{words} cannot be tested"
    if contest.test.difference == 0:
        return f"the same mean {words}"
    amount = difference(contest.metric, contest.test.difference).lstrip("+−")
    evidence = f"{amount} {'higher' if contest.test.difference > 0 else 'lower'}, {p_value(contest.test.p)}"
    outcome = contest.outcome
    if outcome == comparisons.ALIKE:
        return f"no significant difference in {words} ({evidence})"
    return f"significantly {outcome} in {words} ({evidence})"


def best_baseline(figures: pd.DataFrame) -> str:
    """Return which baseline is the best, in a sentence that follows the headline; empty if there are no baselines.

    By accuracy, as the headline; where attack types were withheld, by the macro-F1 that counts them.

    Args:
        figures: As ``nids.analysis.baselines.figures_by_fold`` returns them.
    """
    others = figures[~figures["ours"]]
    measure = "unseen_macro_f1" if others["unseen_macro_f1"].notna().any() else "accuracy"
    name = baselines.best_in(figures, measure)
    if name is None:
        return ""
    of_baseline, of_trial = (
        mean_and_spread(measure, side[measure].mean(), side[measure].std(ddof=1))
        for side in (others[others["method"] == name], figures[figures["method"] == baselines.BEST])
    )
    # The headline has the trial's accuracy.
    trial = "" if measure == "accuracy" or of_trial == NONE else f"; the best trial has {of_trial}"
    return f"On the same folds, the best baseline by {label(measure)} is “{name}”, with {of_baseline}{trial}."


def _interval(test: Comparison, metric: str) -> str:
    low, high = (difference(metric, end) for end in (test.low, test.high))
    return f"{low.removesuffix(' points')} to {high}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
