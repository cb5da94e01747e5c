"""Which trial runs next, and which one is given up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler

from nids.search.known_points import DUPLICATE_OF
from nids.seeding import derived_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.trial import FrozenTrial
    from ray.tune.execution.tune_controller import TuneController

    from nids.config import Job


@dataclass(frozen=True, eq=False)
class StandIn:
    """What a scheduler needs of a trial, in the place of one of Tune's that is no more."""

    trial_id: str
    config: dict[str, Any]


def scheduler_of(job: Job, ended: Sequence[FrozenTrial]) -> TrialScheduler:
    """Return the scheduler that a job asks for, with the values that ended trials had at each rung."""
    scheduler = _new(job)
    for i, trial in enumerate(each for each in ended if DUPLICATE_OF not in each.user_attrs):
        stand_in = StandIn(f"earlier-{i}", {"number": trial.number})
        scheduler.on_trial_add(None, stand_in)
        for epoch, value in sorted(trial.intermediate_values.items()):
            scheduler.on_trial_result(None, stand_in, {"epoch": epoch, "value": value})
    return scheduler


def _new(job: Job) -> TrialScheduler:
    asked = job.scheduler
    judged = {
        "time_attr": "epoch",
        "metric": "value",
        "mode": job.search.metric_direction,
        "grace_period": asked.grace_period,
    }
    halving = {"max_t": job.training.epochs, "reduction_factor": asked.reduction_factor}
    match asked.kind:
        case "asha":
            return Halving(**judged, **halving)
        case "hyperband":
            return HyperBand(job.search.seed, **judged, **halving, brackets=asked.brackets)
        case "median":
            # Trials are never paused to wait for others.
            return Median(**judged, min_samples_required=asked.min_samples, min_time_slice=math.inf)
        case "none":
            return RunAll()


class _GoesOn:
    """What all have in common."""

    def on_trial_result(self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]) -> str:
        """Return whether a trial goes on after an epoch."""
        # Some keep all results, so that they get no more than they need.
        needed = {name: result[name] for name in ("epoch", "value")}
        decision: str = super().on_trial_result(tune_controller, trial, needed)  # type: ignore[misc]
        (report,) = result.get("report", [{}])
        # One that comes from a checkpoint had been let past this epoch before it was interrupted.
        return TrialScheduler.CONTINUE if report.get("replayed") else decision

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        """Return the waiting trial with the least number; Tune's own way is through all that there ever were."""
        live = tune_controller.get_live_trials()
        for status in (Trial.PENDING, Trial.PAUSED):
            if waiting := [trial for trial in live if trial.status == status]:
                return min(waiting, key=lambda trial: trial.config["number"])
        return None


class RunAll(_GoesOn, FIFOScheduler):
    """Every trial runs to its end."""


class Halving(_GoesOn, AsyncHyperBandScheduler):
    """Asynchronous successive halving (Li et al. 2018): at each rung, one trial in so many goes on."""


class HyperBand(Halving):
    """The same in several brackets, each of which has its first rung later than the one before it.

    Args:
        seed: Decides, with a trial's number, which bracket it is in.
        halving: As for Tune's own.
    """

    def __init__(self, seed: int, **halving: Any) -> None:
        super().__init__(**halving)
        self._seed = seed

    def on_trial_add(self, tune_controller: TuneController, trial: Trial) -> None:
        """Put a trial into its bracket, the same as before an interruption."""
        # Tune draws it from the process's random numbers.
        state = np.random.get_state()
        np.random.seed(derived_seed(self._seed, trial.config["number"]))
        try:
            super().on_trial_add(tune_controller, trial)
        finally:
            np.random.set_state(state)


class Median(_GoesOn, MedianStoppingRule):
    """A trial ends that is worse than the median of the others' running means (Golovin et al. 2017)."""

    def on_trial_result(self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]) -> str:
        """Return whether a trial goes on after an epoch."""
        decision = super().on_trial_result(tune_controller, trial, result)
        # Tune takes no further result of a trial that it has told to stop; one that had been let past this epoch before
        # an interruption has more of them.
        self._stopped_trials.discard(trial)
        return decision

    def on_trial_complete(self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]) -> None:
        """Take in the last result of a trial; one that failed has none."""
        if result.get("epoch"):
            super().on_trial_complete(tune_controller, trial, {name: result[name] for name in ("epoch", "value")})
