"""Losses of a trial's process that Tune does not take for such."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import RayActorError, RayError, RayTaskError

from nids.errors import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ray.air.execution._internal.tracked_actor_task import TrackedActorTask


@contextmanager
def losses_of_one_trial() -> Iterator[None]:
    """Have whatever ends a trial's process be the loss of that trial alone, which is started again or fails.

    Tune knows errors of a trial's code and deaths of its process. Any other error of Ray's ends the whole search, such
    as ``OutOfMemoryError``: the one of the monitor that ends a process before its node is out of memory. Here it counts
    as a death.
    """
    handled_by_tune = RayActorManager._actor_task_failed

    def task_failed(self: RayActorManager, tracked_actor_task: TrackedActorTask, exception: Exception) -> None:
        if isinstance(exception, RayError) and not isinstance(exception, RayActorError | RayTaskError):
            reason = f"its process was lost ({type(exception).__name__}: {first_line(exception)})"
            exception = RayActorError(error_msg=reason)
        handled_by_tune(self, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = task_failed
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = handled_by_tune
