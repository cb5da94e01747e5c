"""Samplers against each other at equal budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nids.bench.short_searches import best_after, mean_ratio, short_searches
from nids.charts import optimization_history
from nids.config import SAMPLERS
from nids.report.images import png
from nids.results import ranking
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nids.bench.timing import Row

BUDGETS = (10, 20, 40)
# Whose values the others' are divided by.
REFERENCE = "random"
PICTURE = "samplers.png"


def measure(rounds: int, storage: str | None, progress: Callable[[str], object]) -> list[Row]:
    """Compare the samplers' best values after so many trials with those of random search, seed by seed."""
    with short_searches(storage, progress) as searches:
        trials = {name: [searches.of_sampler(name, seed).trials() for seed in range(rounds)] for name in SAMPLERS}
        if storage is not None:
            Folder.from_uri(storage).write(PICTURE, picture(trials))
    values = {
        (name, count): [best_after(of_seed, count) for of_seed in trials[name]]
        for name in SAMPLERS
        for count in BUDGETS
    }
    return [
        (
            f"best log-loss of {count} trials: {name} ÷ {REFERENCE}",
            mean_ratio(
                [ours / theirs for ours, theirs in zip(values[name, count], values[REFERENCE, count], strict=True)]
            ),
        )
        for count in BUDGETS
        for name in SAMPLERS
        if name != REFERENCE
    ]


def picture(trials: Mapping[str, Sequence[pd.DataFrame]]) -> bytes:
    """Draw the best value so far of each sampler, on average over its seeds, as PNG.

    Args:
        trials: Sampler → the trials of its searches, one for each seed.
    """
    histories = [
        pd.DataFrame({"run": name, "trial": of_seed["trial"], "best": ranking.best_so_far(of_seed, "min")})
        for name, of_sampler in trials.items()
        for of_seed in of_sampler
    ]
    means = pd.concat(histories).groupby(["run", "trial"])["best"].mean().reset_index()
    means = means[means["trial"] >= BUDGETS[0] - 1]  # before, all but one draw the same points at random
    return png(optimization_history.draw_runs(means, "log_loss", list(trials)))
