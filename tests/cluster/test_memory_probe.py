from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nids.cluster import memory_probe
from nids.search.space import space_of
from nids.training.memory import MARGIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job

WIDTH, CLASSES = 122, 5
TWO_NODES = (10, 2)  # GiB of each


def test_as_many_trials_run_at_once_as_the_memory_of_each_node_holds(two_nodes: dict[str, Any]) -> None:
    measured = two_nodes["memory"]
    assert 0.5 < measured["gib"] < 2
    fitting = sum(int(gib // measured["gib"]) for gib in TWO_NODES)
    taken = f"{measured['gib'] / MARGIN:.1f} GiB"
    assert measured["lines"] == [
        "measuring how much memory a trial needs",
        f"{fitting} trials at once, of 19 by CPUs: the largest network takes {taken}",
    ]
    assert measured["slots"] == fitting < 19


@pytest.mark.usefixtures("cluster")
def test_where_there_is_plenty_nothing_is_measured(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_probe, "memory_of_a_slot", lambda _: 1.5 * 2**30)
    lines: list[str] = []
    job = make_job(hyperparameters={"batch_size": 128})
    measured = memory_probe.with_memory(job, space_of(job), WIDTH, CLASSES, lines.append)
    assert (measured.resources.memory_per_trial, measured.resources.memory, lines) == (0.0, 0, [])


def test_a_number_is_left_as_it_is(make_job: Callable[..., Job]) -> None:
    job = make_job(resources={"memory_per_trial": 1.5})
    assert memory_probe.with_memory(job, space_of(job), WIDTH, CLASSES, print) is job


@pytest.mark.usefixtures("cluster")
def test_what_no_node_holds_runs_alone(make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_probe, "largest_memory", lambda: 2**28)
    monkeypatch.setattr(memory_probe, "memory_of_a_slot", lambda _: 2**27)
    lines: list[str] = []
    job = make_job(resources={"max_concurrent": 1})
    measured = memory_probe.with_memory(job, space_of(job), WIDTH, CLASSES, lines.append)
    assert measured.resources.memory_per_trial == 0.25
    assert lines[1] == (
        "1 trial at once, of 1 by CPUs: the largest network takes more than any node has; trials run on nodes with "
        "0.2 GiB alone, one on each"
    )
