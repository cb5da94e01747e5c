"""Losses of a trial's process that Tune does not take for such."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.tune.execution.tune_controller import TuneController

from nids.errors import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
    from ray.tune.experiment import Trial


@contextmanager
def losses_of_one_trial() -> Iterator[None]:
    """Have whatever ends a trial's process be one loss of that trial alone, which is started again or fails.

    Tune knows errors of a trial's code and deaths of its process. Any other error of Ray's ends the whole search, such
    as ``OutOfMemoryError``: the one of the monitor that ends a process before its node is out of memory. Here it counts
    as a death.

    Where a process dies while it is made ready for its next trial, Tune hears of it twice, and gives that trial up the
    second time, as it is not running; else it would wait for the process for ever. Here it hears once, and starts the
    trial again in another process.
    """
    task_failed, trial_failed = RayActorManager._actor_task_failed, TuneController._process_trial_failure
    told: dict[str, BaseException] = {}  # the latest loss of each trial

    def actor_task_failed(self: RayActorManager, tracked_actor_task: TrackedActorTask, exception: Exception) -> None:
        if isinstance(exception, RayError) and not isinstance(exception, RayActorError | RayTaskError):
            reason = f"its process was lost ({type(exception).__name__}: {first_line(exception)})"
            exception = RayActorError(error_msg=reason)
        task_failed(self, tracked_actor_task, exception)

    def process_trial_failure(self: TuneController, trial: Trial, exception: Exception) -> None:
        if told.get(trial.trial_id) is not exception:
            told[trial.trial_id] = exception
            self._resetting_trials.discard(trial)
            trial_failed(self, trial, exception)

    RayActorManager._actor_task_failed = actor_task_failed
    TuneController._process_trial_failure = process_trial_failure
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = task_failed
        TuneController._process_trial_failure = trial_failed
