"""Work side by side on the cluster: a task for each item, whose result is taken as soon as it is there."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from nids.errors import UserError, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Result = TypeVar("Result")

# A task that is lost with its process or its node is started again so often.
RETRIES = 3


def parallel_map(
    function: Callable[..., Iterator[int | Result]],
    items: Iterable[tuple[object, ...]],
    *,
    cpus: float = 1,
    gpus: float = 0,
    memory: int = 0,
    at_once: int | None = None,
    on_step: Callable[[int, int], object] = lambda _item, _step: None,
    on_result: Callable[[int, Result], object] = lambda _item, _result: None,
) -> list[Result]:
    """Return what a function gives for each item, in their order; a cluster must be connected.

    Whatever ends this call early, an interruption or an error, also ends the tasks that still run: what is to survive
    has to be kept by ``on_result``.

    Args:
        function: A generator function of a module. It may yield the numbers of its steps as they end, and yields its
            result last. Called in a process of the cluster.
        items: Its arguments. What several items hold, the same object, is sent to the cluster once. With ``at_once``,
            an item is asked for when its task can begin, after ``on_result`` has been called for all that have ended.
        cpus: CPUs of each task.
        gpus: GPUs of each task, or its share of one.
        memory: Bytes that each task asks for; 0 if it asks for none.
        at_once: The most tasks that are given to the cluster at a time; None for all.
        on_step: Called with the position of an item and a step of it that has ended. A task that was lost begins anew.
        on_result: Called with the position of an item and its result.

    Raises:
        Exception: What a task has raised.
        UserError: A task was lost with its process or its node, and so it was each time that it was started again.
    """
    asked = {"num_cpus": cpus, "num_gpus": gpus, "memory": memory or None}
    remote = ray.remote(num_returns="streaming", max_retries=RETRIES, **asked)(function)
    tasks = _Tasks(remote, items, at_once)
    results: dict[int, Result] = {}
    try:
        tasks.start()
        while tasks.running:
            (ready, *_), _ = ray.wait(list(tasks.running), num_returns=1, fetch_local=False)
            i = tasks.running[ready]
            try:
                value = ray.get(next(ready))
            except StopIteration:
                del tasks.running[ready]
                tasks.start()
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
        for task in tasks.running:
            ray.cancel(task, force=True)  # a generator is not interrupted otherwise
    return [results[i] for i in sorted(results)]


def cluster_cpus() -> int:
    """Return the number of CPUs of the connected cluster: so many tasks of one CPU run at once."""
    return int(ray.cluster_resources().get("CPU", 1))


class _Tasks:
    """The tasks of ``parallel_map``, which gives the arguments.

    Attributes:
        running: Those that the cluster has, with the positions of their items.
    """

    def __init__(self, remote: Any, items: Iterable[tuple[object, ...]], at_once: int | None) -> None:
        self.running: dict[ray.ObjectRefGenerator, int] = {}
        self._remote = remote
        self._waiting = enumerate(items)
        self._at_once = at_once
        # What has been sent, by its identity, which is an object's own for as long as it is kept.
        self._sent: dict[int, tuple[object, ray.ObjectRef]] = {}

    def start(self) -> None:
        """Give the cluster as many more tasks as it may have."""
        room = None if self._at_once is None else self._at_once - len(self.running)
        for i, item in islice(self._waiting, room):
            for argument in item:
                if id(argument) not in self._sent:
                    self._sent[id(argument)] = argument, ray.put(argument)
            self.running[self._remote.remote(*(self._sent[id(argument)][1] for argument in item))] = i
