"""Work side by side on the cluster: a task for each item, whose result is taken as soon as it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from nids.errors import UserError, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")

# A task that is lost with its process or its node is started again so often.
RETRIES = 3


def parallel_map(
    function: Callable[..., Iterator[int | Result]],
    items: Sequence[tuple[object, ...]],
    *,
    cpus: float = 1,
    gpus: float = 0,
    memory: int = 0,
    on_step: Callable[[int, int], object] = lambda _item, _step: None,
    on_result: Callable[[int, Result], object] = lambda _item, _result: None,
) -> list[Result]:
    """Return what a function gives for each item, in their order; a cluster must be connected.

    Whatever ends this call early, an interruption or an error, also ends the tasks that still run: what is to survive
    has to be kept by ``on_result``.

    Args:
        function: A generator function of a module. It may yield the numbers of its steps as they end, and yields its
            result last. Called in a process of the cluster.
        items: Its arguments. What several items hold, the same object, is sent to the cluster once.
        cpus: CPUs of each task.
        gpus: GPUs of each task, or its share of one.
        memory: Bytes that each task asks for; 0 if it asks for none.
        on_step: Called with the position of an item and a step of it that has ended. A task that was lost begins anew.
        on_result: Called with the position of an item and its result.

    Raises:
        Exception: What a task has raised.
        UserError: A task was lost with its process or its node, and so it was each time that it was started again.
    """
    asked = {"num_cpus": cpus, "num_gpus": gpus, "memory": memory or None}
    remote = ray.remote(num_returns="streaming", max_retries=RETRIES, **asked)(function)
    arguments = {id(argument): argument for item in items for argument in item}
    shared = {identity: ray.put(argument) for identity, argument in arguments.items()}
    running = {remote.remote(*(shared[id(argument)] for argument in item)): i for i, item in enumerate(items)}
    results: dict[int, Result] = {}
    try:
        while running:
            (ready, *_), _ = ray.wait(list(running), num_returns=1, fetch_local=False)
            i = running[ready]
            try:
                value = ray.get(next(ready))
            except StopIteration:
                del running[ready]
            else:
                if isinstance(value, int):
                    on_step(i, value)
                else:
                    results[i] = value
                    on_result(i, value)
    except RayTaskError as error:
        raise (error.cause or error) from None
    except RayError as error:
        raise UserError(
            f"a task was lost with its process or its node, {RETRIES + 1} times in a row ({first_line(error)}). Most "
            "often the node lacks memory: use larger nodes, or raise resources.memory_per_trial, so that fewer tasks "
            "run at once."
        ) from None
    finally:
        for task in running:
            ray.cancel(task, force=True)  # a generator is not interrupted otherwise
    return [results[i] for i in range(len(items))]
