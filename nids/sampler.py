"""The sampler of a study: TPE, at the same cost for the ten-thousandth suggestion as for the thousandth."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from optuna.samplers import TPESampler
from optuna.trial import TrialState

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

# Suggestions are made from so many of the latest trials, and from so many of the best ones before them.
LATEST, BEST = 300, 30


class WindowedTPESampler(TPESampler):
    """Optuna's TPE over the latest trials and the best of all, instead of over all.

    TPE builds a density with one kernel for each trial of the study: with 10,000 of them, a suggestion costs more
    than everything else that the driver does for a trial. Its "good" density never holds more than 25 trials; those
    are all kept here, and the others stand for the rest of the space as well by some hundreds as by thousands.
    """

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Suggest values for the search space."""
        return super().sample_relative(_Window(study), trial, search_space)  # type: ignore[arg-type]


class _Window:
    """A study of which the sampler sees some trials only; in all else the study itself."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(self, deepcopy: bool = True, states: Any = None, use_cache: bool = False) -> list[FrozenTrial]:
        trials = self._study._get_trials(deepcopy, states, use_cache)
        if use_cache or len(trials) <= LATEST + BEST:  # the sampler only counts those of the cache
            return trials
        earlier = (trial for trial in trials[:-LATEST] if trial.state == TrialState.COMPLETE)
        select = heapq.nsmallest if self._study.direction.name == "MINIMIZE" else heapq.nlargest
        best = select(BEST, earlier, key=_value)
        return sorted(best, key=lambda trial: trial.number) + trials[-LATEST:]


def _value(trial: FrozenTrial) -> float:
    return trial.values[0]
