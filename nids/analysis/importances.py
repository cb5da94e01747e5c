"""How much each hyperparameter decides about a trial's value, as Optuna sees it."""

from __future__ import annotations

import contextlib
import math
import warnings
from typing import TYPE_CHECKING

import optuna

from nids.results import ranking
from nids.search_space import params_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from optuna.trial import FrozenTrial

    from nids.metrics.measure import Direction
    from nids.search_space import Space

FEWEST = 4  # complete trials: with fewer, "the best tenth" and "all" are nearly the same trials


def importances(trials: pd.DataFrame, space: Space, direction: Direction) -> tuple[dict[str, float], str]:
    """Return the importances (they sum to 1), or none, and a sentence on their basis or why there are none.

    They are those of PED-ANOVA (Watanabe et al., IJCAI 2023), Optuna's default: how much the best tenth of
    the complete trials differs from all of them in each hyperparameter.

    Args:
        trials: The run store's trials: trial, state, value and params_<name>.
        space: The search space.
        direction: Whether a lower value is better, or a higher one.
    """
    with _quiet():
        study = optuna.create_study(direction="minimize" if direction == "min" else "maximize")
    study.add_trials(_frozen_trials(trials, space))
    count = len(study.trials)
    if count < FEWEST:
        return {}, f"Importances need at least {FEWEST} complete trials; there {_are(count)} so far."
    with warnings.catch_warnings():
        # Optuna warns when there is nothing to tell apart; our own words below say so.
        warnings.simplefilter("ignore")
        importances = optuna.importance.get_param_importances(study, normalize=False)
    total = sum(importances.values())
    if not math.isfinite(total) or total <= 0:
        return {}, f"The {count} complete trials do not differ in a way that tells hyperparameters apart."
    few = " That is few: take the order as a hint." if count < 30 else ""
    shares = {name: share / total for name, share in importances.items()}
    return shares, f"From {count} complete trials, by PED-ANOVA.{few}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from telling on the terminal that it has made a study: no news to a report's reader."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def ranked(trials: pd.DataFrame) -> pd.DataFrame:
    """Return those trials that importances rest on: the complete ones, each point once."""
    return trials[(trials["state"] == "COMPLETE") & trials["value"].notna() & ranking.trained(trials)]


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count or 'none'}"


def _frozen_trials(trials: pd.DataFrame, space: Space) -> list[FrozenTrial]:
    complete = ranked(trials)
    return [
        optuna.trial.create_trial(value=row["value"], params=params_of(dict(row), space), distributions=space)
        for _, row in complete.iterrows()
    ]
