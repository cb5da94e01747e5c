"""How lucky the winner of a search is: the best trials, trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.bench.short_searches import mean_ratio, short_searches
from nids.evaluation import repeats
from nids.results import ranking

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.bench.timing import Row

BEST = 5
REPEATS = 3


def measure(rounds: int, storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Count how often the winner of a search is not the winner when the best trials are trained again."""
    others, ratios = 0, []
    with short_searches(storage, progress) as searches:
        for seed in range(rounds):
            run = searches.of_sampler("tpe", seed)
            repeats.repeat(run, repeats.best(run, BEST), REPEATS, searches.workspace())
            trials = run.trials()
            first = ranking.ordered(trials, run.direction, as_searched=True).iloc[0]
            others += int(ranking.ordered(trials, run.direction).iloc[0]["trial"] != first["trial"])
            ratios.append(float(first["repeated_value"] / first["value"]))
            progress(f"seed {seed}: {others} of {seed + 1} winners are others when trained again")
    return [
        (
            f"searches whose winner is not that of the best {BEST}, trained again {REPEATS} times",
            f"{others} of {rounds}",
        ),
        ("the winner's log-loss when it is trained again ÷ in the search", mean_ratio(ratios)),
    ]
