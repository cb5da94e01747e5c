"""What more trials of the paper's space bring, which the paper leaves to future work."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from nids.bench.short_searches import best_after, mean_ratio, short_searches
from nids.evaluation import repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nids.bench.timing import Row

BUDGETS = (15, 50, 100)
REPEATS = 3
# A network that trains in seconds; the five hyperparameters of the paper stay as they are.
SMALL = (
    "model.name=cnn-bigru",
    *(f"hyperparameters.{name}=32" for name in ("conv_filters", "gru_units", "sequence_gru_units")),
)


def measure(rounds: int, storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Compare the winners of more trials with that of the paper's number of them, seed by seed.

    By their value in the search, where the best of more draws is better by luck alone, and by what they come to when
    they are trained again on other folds.
    """
    searched: dict[int, list[float]] = {count: [] for count in BUDGETS}
    again: dict[int, list[float]] = {count: [] for count in BUDGETS}
    with short_searches(storage, progress) as searches:
        for seed in range(rounds):
            run = searches.run(f"paper-{seed}", *SMALL, trials=BUDGETS[-1], seed=seed)
            trials = run.trials()
            winners = {count: _winner(trials, count) for count in BUDGETS}
            repeats.repeat(run, sorted({*winners.values()}), REPEATS, searches.workspace())
            means = run.repeats().groupby("trial")["value"].mean()
            for count in BUDGETS:
                searched[count].append(best_after(trials, count))
                again[count].append(float(means[winners[count]]))
    first = BUDGETS[0]
    return [
        row
        for count in BUDGETS
        for row in (
            (f"log-loss of the winner of {count} trials", f"{statistics.fmean(searched[count]):.4f}"),
            (f"… trained again {REPEATS} times on other folds", f"{statistics.fmean(again[count]):.4f}"),
            *(
                (
                    f"… ÷ that of {first} trials{title}",
                    mean_ratio([a / b for a, b in zip(values[count], values[first], strict=True)]),
                )
                for title, values in (("", searched), (", trained again", again))
                if count != first
            ),
        )
    ]


def _winner(trials: pd.DataFrame, count: int) -> int:
    first = trials.sort_values("trial").head(count)
    return int(first.sort_values("value")["trial"].iloc[0])
