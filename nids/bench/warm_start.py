"""What the trials of earlier searches are worth to a new one."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from nids.bench.short_searches import best_after, mean_ratio, short_searches

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nids.bench.short_searches import ShortSearches
    from nids.bench.timing import Row

# Another network's traffic: other columns, ten classes.
OTHER_DATA = ("data.dataset=unsw-nb15", "data.file=UNSW-NB15-82332", "data.rows_per_class=400")
# Seeds of searches on other folds than those of the seeds that are compared.
OTHER_FOLDS = 1000
EARLY = 10


def measure(rounds: int, storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Count the trials until a search has what random search found on its folds, by what it has learned from."""
    needed: dict[str, list[int]] = {"nothing": []}
    trials = 0
    early: dict[str, list[float]] = {}
    with short_searches(storage, progress) as searches:
        for seed in range(rounds):
            without = searches.of_sampler("tpe", seed).trials()
            by_chance = searches.of_sampler("random", seed).trials()
            target, trials = float(by_chance["value"].min()), len(by_chance)
            needed["nothing"].append(reached(without, target))
            for source, name in _sources(searches, seed).items():
                warm = searches.run(f"from-{name}-{seed}", learn_from=[name], seed=seed).trials()
                needed.setdefault(source, []).append(reached(warm, target))
                early.setdefault(source, []).append(best_after(warm, EARLY) / best_after(without, EARLY))
    return [
        *(
            (f"trials until the best log-loss of {trials} random ones, learning from {source}", _spread(counts, trials))
            for source, counts in needed.items()
        ),
        *(
            (f"best log-loss of {EARLY} trials, learning from {source} ÷ from nothing", mean_ratio(ratios))
            for source, ratios in early.items()
        ),
    ]


def _sources(searches: ShortSearches, seed: int) -> dict[str, str]:
    """Return what is learned from, in words → an earlier run of it."""
    return {
        "a search of the same folds": searches.of_sampler("qmc", seed).name,
        "a search of other folds": searches.of_sampler("tpe", seed + OTHER_FOLDS).name,
        "a search of another data set": searches.run(f"other-{seed}", *OTHER_DATA, seed=seed).name,
    }


def reached(trials: pd.DataFrame, target: float) -> int:
    """Return after how many trials a value was reached or surpassed; one more than there are if it was not."""
    values = trials.sort_values("trial")["value"].tolist()
    return next((number for number, value in enumerate(values, 1) if value <= target), len(values) + 1)


def _spread(counts: list[int], trials: int) -> str:
    """Return the median of some counts, and each of them; those that went beyond the trials that there were as such."""
    median, *each = (
        f"{count:.0f}" if count <= trials else f"more than {trials}"
        for count in (statistics.median(counts), *sorted(counts))
    )
    return f"{median} ({', '.join(each)})"
