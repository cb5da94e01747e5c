"""A rule by which a person might pick a trial of a run with several objectives."""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from nids.errors import UserError
from nids.metrics.measures import described
from nids.results import ranking
from nids.results.ranking import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# Of a limit; so many tell any two numbers apart.
MOST_DIGITS = 17


def example_rule(trials: pd.DataFrame, objectives: Sequence[str]) -> tuple[str, int] | None:
    """Return a rule that picks a trial of the front of some objectives, and the number of that trial.

    It limits all objectives but the first one to about what a trial of the front has, one that is good in all, and asks
    for the best value of the first one. That trial is not the best in the first objective, where there is another one.
    None if there is no front, or if no rule can be written: a limit has no sign.

    Args:
        trials: The run's trials.
        objectives: Two or more measures.
    """
    first, *others = objectives
    front = trials[ranking.front(trials, objectives)]
    costs = ranking.scaled_costs(trials, objectives).loc[front.index]
    is_other = costs[first] > costs[first].min()
    if is_other.any():
        front, costs = front[is_other], costs[is_other]
    if front.empty:
        return None
    # The one whose worst objective is the least bad.
    chosen = front.to_dict("records")[costs.max(axis=1).to_numpy().argmin()]
    for digits in range(1, MOST_DIGITS + 1):
        limits = [_limit(name, float(chosen[name]), digits) for name in others]
        text = ", ".join((*limits, f"then {described(first).direction} {first}"))
        with suppress(UserError):
            picked = int(ranking.pick(trials, Rule.from_text(text))["trial"])
            if (front["trial"] == picked).any():
                return text, picked
    return None


def _limit(name: str, value: float, digits: int) -> str:
    """Return a limit of so many digits that a value keeps."""
    exact = Decimal(repr(value))
    is_most = described(name).direction == "min"
    place = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    rounded = exact.quantize(place, ROUND_CEILING if is_most else ROUND_FLOOR)
    return f"{name} {'<=' if is_most else '>='} {rounded.normalize():f}"
