from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import ray

from nids.cluster import parallel
from nids.cluster.parallel import parallel_map
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("cluster")


def repeat(text: str, times: int) -> Iterator[int | str]:
    yield from (step for step in range(1, times + 1))  # a generator, as Ray sends to it
    yield text * times


def refuse(number: int) -> Iterator[int]:
    raise UserError(f"{number} cannot be used")
    yield


def die(status: int) -> Iterator[int]:
    os._exit(status)
    yield


def wait_for(file: Path) -> Iterator[int | str]:
    yield 1
    while not file.exists():
        time.sleep(0.05)
    yield file.read_text()


def write(file: Path) -> Iterator[str]:
    file.write_text("written")
    yield "done"


def test_parallel_map_returns_results_in_order_and_tells_of_each() -> None:
    steps: list[tuple[int, int]] = []
    results: dict[int, str] = {}
    items = [("a", 3), ("b", 0), ("c", 1)]
    returned = parallel_map(
        repeat,
        items,
        on_step=lambda item, step: steps.append((item, step)),
        on_result=lambda item, result: results.update({item: result}),
    )
    assert returned == ["aaa", "", "c"]
    assert sorted(steps) == [(0, 1), (0, 2), (0, 3), (2, 1)]
    assert results == dict(enumerate(returned))


def test_parallel_map_of_nothing() -> None:
    assert parallel_map(repeat, []) == []


def test_parallel_map_takes_results_as_they_come(tmp_path: Path) -> None:
    order: list[int] = []
    parallel_map(
        wait_for,
        [(tmp_path / "there later",), (Path(__file__),)],
        on_result=lambda item, _: (order.append(item), (tmp_path / "there later").write_text("now")),
    )
    assert order == [1, 0]


def test_parallel_map_raises_what_a_task_raised() -> None:
    with pytest.raises(UserError, match=r"^4 cannot be used$"):
        parallel_map(refuse, [(4,)])


def test_parallel_map_says_that_a_task_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "RETRIES", 0)
    with pytest.raises(UserError, match=r"^a task was lost with its process or its node, 1 times in a row \("):
        parallel_map(die, [(1,)])


def test_parallel_map_ends_its_tasks_when_it_is_interrupted(tmp_path: Path) -> None:
    def interrupt(_item: int, _step: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel_map(wait_for, [(tmp_path / "never",)], on_step=interrupt)
    # Its CPU is free again: with both taken for ever, this would not end.
    assert parallel_map(write, [(tmp_path / "after",)], cpus=2) == ["done"]


def test_parallel_map_sends_what_items_share_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = "x" * 1000
    put: list[object] = []
    original = ray.put
    monkeypatch.setattr(ray, "put", lambda value: (put.append(value), original(value))[1])
    assert parallel_map(repeat, [(shared, 1), (shared, 1)]) == [shared, shared]
    assert [value for value in put if value is shared] == [shared]
