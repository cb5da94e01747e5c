"""Which trials of a run are the best. Report, dashboard, finalization and progress rank by nothing else.

Only complete trials that keep the job's constraints can be the best, on the front, or picked: the figures of a pruned
trial are of the epoch at which it was stopped. One at the point of an earlier one stands behind that: it has no figures
of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from nids.errors import UserError, did_you_mean
from nids.metrics.limit import Limit
from nids.metrics.measures import ON_FOLDS, described
from nids.metrics.on_demand import is_on_demand
from nids.results import pareto

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.metrics.measure import Direction

SECONDS = "seconds"
EXAMPLE = "seconds <= 600, then max macro_f1"


def with_feasibility(trials: pd.DataFrame, limits: Sequence[Limit]) -> pd.DataFrame:
    """Return trials with a column ``feasible``, bool: whether they keep all limits; without limits, as they are.

    One that was not trained, as an earlier one was at its point, is as feasible as that one.
    """
    if not limits:
        return trials
    kept: pd.Series = pd.Series(
        np.logical_and.reduce([limit.holds(trials[limit.name]) for limit in limits]), trials.index
    )
    if "duplicate_of" in trials:
        by_number = dict(zip(trials["trial"], kept, strict=True))
        kept |= ~trained(trials) & trials["duplicate_of"].map(by_number).eq(True)
    return trials.assign(feasible=kept)


def trained(trials: pd.DataFrame) -> pd.Series:
    """Return which trials have results of their own, bool: others have that of an earlier one at the same point."""
    return trials["duplicate_of"].isna() if "duplicate_of" in trials else pd.Series(True, index=trials.index)


def with_repeats(trials: pd.DataFrame, repeats: pd.DataFrame, direction: Direction) -> pd.DataFrame:
    """Return trials with a column ``repeated_value``: the mean over the times that a trial was trained again.

    Only what can be compared has one: the best trials of the search, up to the first that was not trained again, and of
    each the repeats that all of them have. A trial that failed in one of those has no mean, and so ranks behind them.

    Args:
        trials: The run store's trials.
        repeats: As ``Run.repeats`` returns them.
        direction: As for ``ordered``.

    Returns:
        The trials as they are, if none has such a mean.
    """
    if repeats.empty:
        return trials
    searched = ordered(trials[eligible(trials) & trials["value"].notna()], direction, as_searched=True)["trial"]
    numbers = repeats.groupby("trial")["repeat"].agg(frozenset)
    best = [*takewhile(numbers.index.__contains__, searched)]
    common = frozenset.intersection(*numbers[best]) if best else frozenset()
    counted = repeats[repeats["trial"].isin(best) & repeats["repeat"].isin(common)]
    means = counted.groupby("trial")["value"].agg(lambda values: values.mean(skipna=False))
    return trials.assign(repeated_value=trials["trial"].map(means)) if means.notna().any() else trials


def eligible(trials: pd.DataFrame) -> pd.Series:
    """Return which trials can be the best: bool, with the index of the trials."""
    complete = (trials["state"] == "COMPLETE") & trained(trials)
    return complete & trials["feasible"] if "feasible" in trials else complete


def best_so_far(trials: pd.DataFrame, direction: Direction) -> pd.Series:
    """Return for each trial the best value of the eligible ones up to and including it, in the order of the table."""
    complete = trials["value"].where(eligible(trials))
    return (complete.cummin() if direction == "min" else complete.cummax()).ffill()


def ordered(trials: pd.DataFrame, direction: Direction, *, as_searched: bool = False) -> pd.DataFrame:
    """Return trials by their value, the best first: the eligible ones, then the others; of equal ones, the first.

    Those that were trained again come first among the eligible ones, by what that gave.

    Args:
        trials: The run store's trials.
        direction: "min" or "max".
        as_searched: Whether what trials gave when they were trained again is left out.
    """
    again = trials["repeated_value"] if "repeated_value" in trials and not as_searched else np.nan
    columns = {"eligible": eligible(trials), "complete": trials["state"] == "COMPLETE", "again": again}
    order = trials.assign(**columns).sort_values(
        ["eligible", "complete", "again", "value", "trial"],
        ascending=[False, False, direction == "min", direction == "min", True],
    )
    return order.drop(columns=[*columns])


def best(trials: pd.DataFrame, direction: Direction) -> pd.Series | None:
    """Return the row of the best eligible trial, None if there is none; arguments as for ``ordered``."""
    first = the_best(trials, direction, 1)
    return None if first.empty else first.iloc[0]


def runner_up(trials: pd.DataFrame, direction: Direction) -> pd.Series | None:
    """Return the row of the second best eligible trial, None if there is none; arguments as for ``ordered``."""
    first = the_best(trials, direction, 2)
    return None if len(first) < 2 else first.iloc[1]


def the_best(trials: pd.DataFrame, direction: Direction, count: int, *, as_searched: bool = False) -> pd.DataFrame:
    """Return the best eligible trials, the best first: so many, or as many as there are; others as for ``ordered``."""
    complete = trials[eligible(trials) & trials["value"].notna()]
    return ordered(complete, direction, as_searched=as_searched).head(count)


class Axes(NamedTuple):
    """Two measures of trials, each one of ``measured``."""

    vertical: str
    horizontal: str

    @classmethod
    def from_objectives(cls, objectives: Sequence[str], names: Sequence[str]) -> Axes:
        """Return what to weigh at first: the first two objectives or, of one, that against false alarms or time.

        Args:
            objectives: What the search optimised, the metric or several.
            names: What ``measured`` returned, two or more.
        """
        if len(objectives) > 1 and {*objectives[:2]} <= {*names}:
            return cls(*objectives[:2])
        metric = objectives[0]
        vertical = metric if metric in names else names[0]
        others = [name for name in names if name != vertical]
        horizontal = next((name for name in ("false_alarm_rate", SECONDS) if name in others), others[0])
        return cls(vertical, horizontal)


def measured(trials: pd.DataFrame) -> list[str]:
    """Return the measures that some complete trial has, and the time that it took."""
    complete = trials[trials["state"] == "COMPLETE"]
    names = [*ON_FOLDS, *(name for name in trials.columns if name not in ON_FOLDS and is_on_demand(name)), SECONDS]
    return [name for name in names if name in complete and complete[name].notna().any()]


def weighable(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the eligible trials that have all of some measures."""
    complete = trials[eligible(trials)]
    return complete[complete[[*names]].astype(float).abs().lt(np.inf).all(axis=1)]


def front(trials: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return which trials are on the Pareto front of some measures: bool, with the index of the trials.

    A trial is on it if it is ``weighable`` and no other such trial is at least as good in all measures and better in
    one. Trials with the same figures are on the front together, or not at all.
    """
    costs = _costs(trials, names)
    on_front = pd.Series(False, index=trials.index)
    on_front[costs.index] = pareto.on_front(costs.to_numpy(dtype=float))
    return on_front


def scaled_costs(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return some measures of the ``weighable`` trials: 0 the best value that any of them has, 1 the worst.

    A measure that is the same for all is 0.
    """
    costs = _costs(trials, names)
    low, high = costs.min(), costs.max()
    return (costs - low) / (high - low).where(high > low, 1.0)


def hypervolumes(trials: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the hypervolume of the trials up to and including each one, in the order of the table; NaN before any.

    It is that of their ``scaled_costs``, so between 0 and 1: a trial with the best value of each measure has 1.
    """
    costs = scaled_costs(trials, names)
    volumes = pd.Series(pareto.hypervolumes(costs.to_numpy(dtype=float)), index=costs.index)
    return volumes.reindex(trials.index).ffill()


def _costs(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return measures of the ``weighable`` trials, with their sign changed where more is better."""
    signs = [1.0 if described(name).direction == "min" else -1.0 for name in names]
    return weighable(trials, names)[[*names]] * signs


@dataclass(frozen=True)
class Rule:
    """How to pick a trial: of those within all limits, the one with the best value of a measure."""

    limits: tuple[Limit, ...]
    aim: str

    @classmethod
    def from_text(cls, text: str) -> Rule:
        """Return the rule that a text such as ``EXAMPLE`` gives: any number of limits, then the aim.

        Raises:
            UserError: It is no such text, or names no measure.
        """
        *limits, aim = (part.strip().removeprefix("then ").strip() for part in text.split(","))
        chosen = re.fullmatch(r"(min|max)\s+(\S.*)", aim)
        if not chosen:
            raise _no_rule(text, f'{aim!r} is not an aim: it must be the last part, "min" or "max" and a measure')
        direction, name = chosen.groups()
        if (expected := _known(text, name)) != direction:
            raise _no_rule(text, f"{direction} {name} would pick the worst trial: write {expected} {name}")
        return cls(tuple(_limit(text, part) for part in limits), name)


def _limit(text: str, part: str) -> Limit:
    try:
        limit = Limit.from_text(part)
    except ValueError as error:
        raise _no_rule(text, str(error)) from None
    _known(text, limit.name)
    return limit


def _known(text: str, name: str) -> Direction:
    """Return the direction of a measure of trials, or raise a UserError that there is none of that name."""
    names = [*ON_FOLDS, SECONDS]
    if name not in names and not is_on_demand(name):
        raise _no_rule(text, f"there is no measure {name!r}{did_you_mean(name, names)}; there are {', '.join(names)}")
    return described(name).direction


def _no_rule(text: str, reason: str) -> UserError:
    return UserError(f'{text!r} is not a rule to pick a trial by: {reason}. An example: "{EXAMPLE}".')


def pick(trials: pd.DataFrame, rule: Rule) -> pd.Series:
    """Return the row of the complete trial that a rule picks, the first of equal ones.

    Args:
        trials: The run store's trials.
        rule: The rule.

    Raises:
        UserError: No complete trial has the measures of the rule, or none is within its limits.
    """
    complete = trials[eligible(trials)]
    for name in (*(limit.name for limit in rule.limits), rule.aim):
        if name not in complete or complete[name].isna().all():
            raise UserError(
                f"no complete trial of this run has a value of {name}: pick by {', '.join(measured(trials)) or 'none'}."
            )
    within = complete
    for limit in rule.limits:
        values = within[limit.name]
        kept = within[limit.holds(values)]
        if kept.empty:
            nearest = _by(within, limit.name, "min" if limit.is_most else "max").iloc[0]
            before = "" if within is complete else " of those within the limits before it"
            raise UserError(
                f"no complete trial{before} has {limit}: the nearest is trial {nearest['trial']}, with "
                f"{nearest[limit.name]:.4g}. Relax the limit."
            )
        within = kept
    by_aim = _by(within, rule.aim, described(rule.aim).direction)
    if by_aim.empty:
        raise UserError(f"no complete trial within the limits has a value of {rule.aim}. Relax a limit.")
    return trials[trials["trial"] == by_aim["trial"].iloc[0]].iloc[0]


def _by(trials: pd.DataFrame, name: str, direction: Direction) -> pd.DataFrame:
    """Return the trials that have a measure, the best in it first; of equal ones, the first."""
    return trials.dropna(subset=[name]).sort_values([name, "trial"], ascending=[direction == "min", True])
