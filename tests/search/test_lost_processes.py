from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import pytest
from ray.air.execution import FixedResourceManager, ResourceRequest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import ObjectLostError, OutOfMemoryError, RayActorError, RayError
from rich.console import Console

from nids.bench.many_trials import EPOCHS, Stub
from nids.search import driver, prepare
from nids.search.lost_processes import losses_of_one_trial

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic

# To which the manager of resources connects.
pytestmark = pytest.mark.usefixtures("cluster")

MESSAGE = "Task was killed due to the node running low on memory.\nMemory on the node was 15.00GB / 16.00GB."


class Losses:
    """What an actor manager tells Tune of a task that has failed."""

    def __init__(self) -> None:
        self.of_actor: list[Exception] = []
        self.of_task: list[Exception] = []
        actor = TrackedActor(0, on_error=lambda _, error: self.of_actor.append(error))
        self.task = TrackedActorTask(actor, on_error=lambda _, error: self.of_task.append(error))
        self.manager = RayActorManager(FixedResourceManager({"CPU": 1}))
        self.begin(actor)

    def begin(self, actor: TrackedActor) -> None:
        """Have the manager run the actor, on resources of its own."""
        resources = self.manager._resource_manager
        request = ResourceRequest([{"CPU": 1}])
        resources.request_resources(request)
        self.manager._live_actors_to_ray_actors_resources[actor] = None, resources.acquire_resources(request)
        self.manager._tracked_actors_to_task_futures[actor] = set()
        self.manager._tracked_actors_to_state_futures[actor] = set()


def test_a_process_ended_for_its_memory_is_the_loss_of_one_trial() -> None:
    error = OutOfMemoryError(MESSAGE)
    losses = Losses()
    with pytest.raises(RuntimeError, match="Caught unexpected exception"):
        losses.manager._actor_task_failed(tracked_actor_task=losses.task, exception=error)
    with losses_of_one_trial():
        losses.manager._actor_task_failed(tracked_actor_task=losses.task, exception=error)
    (of_actor,), (of_task,) = losses.of_actor, losses.of_task
    losses.begin(losses.task._tracked_actor)
    assert of_actor is of_task
    assert isinstance(of_actor, RayActorError)
    assert str(of_actor) == (
        "its process was lost (OutOfMemoryError: Task was killed due to the node running low on memory.)"
    )
    with pytest.raises(RuntimeError, match="Caught unexpected exception"):
        losses.manager._actor_task_failed(tracked_actor_task=losses.task, exception=error)


@pytest.mark.parametrize("error", [RayActorError(error_msg="killed"), ObjectLostError("ab", None, "")])
def test_other_losses_of_ray_are_too_and_no_others(error: RayError) -> None:
    losses = Losses()
    with losses_of_one_trial():
        losses.manager._actor_task_failed(tracked_actor_task=losses.task, exception=error)
        with pytest.raises(RuntimeError):
            losses.manager._actor_task_failed(tracked_actor_task=losses.task, exception=ValueError("of nobody's"))
    assert len(losses.of_task) == 1


def test_a_process_that_dies_before_its_next_trial_runs_is_one_loss_of_that_trial(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job]
) -> None:
    class Dying(Stub):
        """Before trial 3, its process dies the first time."""

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            marker = tmp_path / "died"
            if new_config["number"] == 3 and not marker.exists():
                marker.touch()
                os._exit(1)
            hyperparameters = {"gru_dropout": 0.1, "conv_dropout": 0.1}
            return super().reset_config({**new_config, "hyperparameters": hyperparameters})

    job = make_job(search={"trials": 5}, training={"epochs": EPOCHS}, scheduler={"kind": "none"})
    console = Console(file=io.StringIO(), width=200)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console, Dying)
    trials = run.trials().set_index("trial").sort_index()
    assert (tmp_path / "died").exists()
    assert trials["state"].tolist() == ["COMPLETE"] * 5
    assert trials["epochs"].tolist() == [EPOCHS] * 5
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed.count("trial 3 is started again: ") == printed.count(" is started again: ") == 1
