"""Which trial runs next, and which one is given up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.trial import FrozenTrial
    from ray.tune.execution.tune_controller import TuneController

    from nids.config import Job


def scheduler_of(job: Job, ended: Sequence[FrozenTrial]) -> TrialScheduler:
    """Return the scheduler that a job asks for, with the values that ended trials had at each rung."""
    if job.scheduler.kind == "none":
        return RunAll()
    scheduler = Halving(
        time_attr="epoch",
        metric="value",
        mode=job.search.direction,
        max_t=job.training.epochs,
        grace_period=job.scheduler.grace_period,
        reduction_factor=job.scheduler.reduction_factor,
    )
    for i, trial in enumerate(ended):
        stand_in = SimpleNamespace(trial_id=f"earlier-{i}")
        scheduler.on_trial_add(None, stand_in)
        for epoch, value in sorted(trial.intermediate_values.items()):
            scheduler.on_trial_result(None, stand_in, {"epoch": epoch, "value": value})
    return scheduler


class _Unfinished:
    """Looks for the next trial among those that have not ended; Tune's own way is through all that there ever were."""

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        """Return the waiting trial with the least number."""
        live = tune_controller.get_live_trials()
        for status in (Trial.PENDING, Trial.PAUSED):
            if waiting := [trial for trial in live if trial.status == status]:
                return min(waiting, key=lambda trial: trial.config["number"])
        return None


class RunAll(_Unfinished, FIFOScheduler):
    """Every trial runs to its end."""


class Halving(_Unfinished, AsyncHyperBandScheduler):
    """Asynchronous successive halving (Li et al. 2018): at each rung, one trial in so many goes on."""

    def on_trial_result(self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]) -> str:
        """Return whether a trial goes on after an epoch."""
        decision: str = super().on_trial_result(tune_controller, trial, result)
        (report,) = result.get("report", [{}])
        # It was let past this rung before it was interrupted.
        return TrialScheduler.CONTINUE if report.get("replayed") else decision
