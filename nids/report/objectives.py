"""What a search with several objectives or with constraints has found, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.metrics.formatting import mean_and_spread, value
from nids.metrics.measures import described, label
from nids.results import ranking
from nids.results.example_rule import example_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from nids.analysis.feasibility import Feasibility, KeptLimit
    from nids.analysis.summary import RunSummary

HYPERVOLUME = (
    "The share of the room between the worst and the best value of every objective in which the trials so far have "
    "something at least as good. Each objective is scaled to the worst (0) and the best (1) value of all trials that "
    "can be on the front, later ones included: so 1 would be one trial that is the best in all of them."
)


def listed(names: Sequence[str]) -> str:
    """Return "A", "A and B" or "A, B and C": the words for measures."""
    *first, last = map(label, names)
    return f"{', '.join(first)} and {last}" if first else last


def trade_off(trials: pd.DataFrame, names: Sequence[str]) -> str:
    """Return how many of a run's trials are on the Pareto front of two or more measures, in a sentence."""
    weighable, on_front = ranking.weighable(trials, names), ranking.front(trials, names)
    count, words = int(on_front.sum()), listed(names)
    kind = "feasible" if "feasible" in trials else "complete"
    if len(weighable) < 2:
        return f"{'Only one' if len(weighable) else 'No'} {kind} trial has {words}: there is nothing to compare yet."
    if count == 1:
        number, every = int(trials.loc[on_front, "trial"].iloc[0]), "both" if len(names) == 2 else "each of"
        return f"No trade-off: of {len(weighable):,} {kind} trials, trial {number} is the best in {every} {words}."
    another = "the other" if len(names) == 2 else "another one"
    return (
        f"{count:,} of {len(weighable):,} {kind} trials are on the Pareto front of {words}: no other trial is better "
        f"in one of these without being worse in {another}."
    )


def reached(summary: RunSummary) -> str:
    """Return the hypervolume of a run's front, in a sentence; empty if fewer than two trials are on it."""
    if len(summary.front) < 2:
        return ""
    return f"The hypervolume of the front is {summary.hypervolumes.iloc[-1]:.3f} of 1."


def how_to_pick(
    trials: pd.DataFrame,
    summary: RunSummary,
    finalize: Callable[..., str],
    as_code: Callable[[str], str] = "`{}`".format,
) -> str:
    """Return how to finalize a trial of the front by a rule, with an example; empty if there is nothing to choose.

    Args:
        trials: The run's trials.
        summary: Its summary.
        finalize: Returns the command that finalizes the run with some options.
        as_code: Returns a text as code.
    """
    if len(summary.front) < 2 or (example := example_rule(trials, summary.objectives)) is None:
        return ""
    rule, trial = example
    command = as_code(finalize("--pick", rule))
    return f"Which of them is the right one is for you to say, by a rule: {command} would take trial {trial}."


def in_words(trials: pd.DataFrame, summary: RunSummary) -> list[str]:
    """Return what there is to say of the constraints and of the front; nothing of a run with neither.

    Args:
        trials: The run's trials.
        summary: Its summary.
    """
    if summary.best is None:  # the verdict says why
        return []
    sentences = [feasible(summary.feasibility)] if summary.feasibility else []
    if len(summary.objectives) > 1:
        names = summary.objectives
        sentences.append(f"{trade_off(trials, names)} {reached(summary)}".strip())
    return sentences


def of_best(summary: RunSummary) -> str:
    """Return "macro-F1 81 ± 2 %, false-alarm rate 0.5 ± 0.1 %": the objectives of the trial that ranks first."""
    rows = summary.metrics.to_dict("index")
    return ", ".join(
        f"{label(name)} {mean_and_spread(name, rows[name]['mean'], rows[name]['std'])}" for name in summary.objectives
    )


def feasible(kept: Feasibility) -> str:
    """Return how many complete trials keep the constraints, in a sentence; empty if none is complete."""
    if not kept.complete:
        return ""
    one = len(kept.limits) == 1
    which = f"the constraint {kept.limits[0].limit}" if one else "all constraints"
    if kept.feasible == kept.complete:
        words = "The only complete trial keeps" if kept.complete == 1 else f"All {kept.complete:,} complete trials keep"
    elif kept.feasible:
        verb = "keeps" if kept.feasible == 1 else "keep"
        words = f"{kept.feasible:,} of {kept.complete:,} complete trials {verb}"
    elif kept.complete == 1:
        words = "The only complete trial does not keep"
    else:
        words = f"None of the {kept.complete:,} complete trials keeps"
    if one:
        nearest = (
            "" if kept.feasible else f": the nearest, trial {kept.limits[0].trial}, has {_nearest(kept.limits[0])}"
        )
        return f"{words} {which}{nearest}."
    return f"{words} {which}: {'; '.join(map(_of_limit, kept.limits))}."


def _of_limit(kept: KeptLimit) -> str:
    if kept.trials:
        return f"{kept.limit} is kept by {kept.trials:,}"
    return f"{kept.limit} is kept by none, the nearest, trial {kept.trial}, has {_nearest(kept)}"


def _nearest(kept: KeptLimit) -> str:
    """Return the value that comes nearest to a limit, in the unit in which the limit is written."""
    name = kept.limit.name
    return value(name, kept.nearest) if described(name).unit == "count" else f"{kept.nearest:.4g}"


def definitions(summary: RunSummary) -> list[tuple[str, str]]:
    """Return what the terms of this module mean, and which measures the search has asked for."""
    terms = []
    if len(summary.objectives) > 1:
        terms += [
            (
                "Pareto front",
                f"The trials that no other one beats: none is at least as good in {listed(summary.objectives)} and "
                "better in one of these.",
            ),
            ("hypervolume", HYPERVOLUME),
        ]
    if summary.feasibility:
        limits = " and ".join(str(kept.limit) for kept in summary.feasibility.limits)
        terms.append(
            ("feasible", f"A complete trial with {limits}. Only such a trial can be the best, or on the Pareto front.")
        )
    return terms


def duplicates(summary: RunSummary) -> str:
    """Return ", 28 of them at points that were known", which follows the numbers of trials; empty if none was."""
    if not summary.duplicates:
        return ""
    of = "one" if summary.duplicates == 1 else f"{summary.duplicates:,}"
    point = "at a point that was" if summary.duplicates == 1 else "at points that were"
    return f", {of} of them {point} known, so not trained again"


def infeasible(summary: RunSummary) -> str:
    """Return " (3 infeasible)", which follows the number of complete trials; empty without constraints."""
    kept = summary.feasibility
    if kept is None or kept.feasible == kept.complete:
        return ""
    return f" ({kept.complete - kept.feasible:,} infeasible)"


def ranked_by(summary: RunSummary) -> str:
    """Return "macro-F1", or "macro-F1 (first of 2)" where there are more objectives."""
    count = len(summary.objectives)
    return label(summary.metric) + (f" (first of {count})" if count > 1 else "")


def front_title(summary: RunSummary) -> str:
    """Return what stands above the table of the front."""
    spread = f", mean ± standard deviation of {summary.folds} folds" if summary.folds > 1 else ""
    return f"On the Pareto front, best {label(summary.metric)} first{spread}"
