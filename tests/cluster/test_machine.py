from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from nids import memory
from nids.cluster import connection, machine
from nids.errors import UserError

COUNT = "from nids.cluster import machine; print(machine.slots(1))"


def test_slots_are_those_of_the_affinity() -> None:
    one = min(os.sched_getaffinity(0))
    ended = subprocess.run(
        [sys.executable, "-c", COUNT],
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "1\n"


@pytest.mark.parametrize(("gib", "trials"), [(0.5, 0), (1, 0), (2, 1), (4, 3), (24, 29)])
def test_trials_that_fit(gib: float, trials: int) -> None:
    assert machine.trials_that_fit(int(gib * 2**30)) == trials


@pytest.mark.parametrize(
    ("gib", "cpus_per_trial", "expected"),
    [
        pytest.param(24, 1, 8, id="by the CPUs"),
        pytest.param(24, 3, 2, id="of several CPUs"),
        pytest.param(4, 1, 3, id="by the memory"),
        pytest.param(4, 4, 2, id="by the CPUs, though memory is little"),
        pytest.param(1, 1, 0, id="none"),
    ],
)
def test_slots_are_as_many_as_cpus_and_memory_allow(
    gib: int, cpus_per_trial: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    monkeypatch.setattr(machine, "usable_memory", lambda: gib * 2**30)
    assert machine.slots(cpus_per_trial) == expected


def test_a_cluster_started_here_has_what_the_trials_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=64 * 2**30))
    monkeypatch.setattr(memory, "_limits", lambda: iter(()))
    assert connection._within_this_machine(1) == {"num_cpus": 8}  # Ray knows the rest
    monkeypatch.setattr(memory, "_limits", lambda: iter([4 * 2**30]))
    shared = int(4 * 2**30 * 0.3)
    assert connection._within_this_machine(1) == {"num_cpus": 3, "object_store_memory": shared}
    assert connection._within_this_machine(4) == {"num_cpus": 8, "object_store_memory": shared}
    monkeypatch.setattr(memory, "_limits", lambda: iter([60 * 2**30]))
    # Above this, Ray refuses to start where /dev/shm is smaller.
    assert connection._within_this_machine(1) == {"num_cpus": 8, "object_store_memory": 10**10}


def test_a_machine_without_room_for_a_trial_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(memory, "_limits", lambda: iter([2**30]))
    with pytest.raises(UserError) as caught:
        connection.connect()
    assert str(caught.value) == (
        "this process may use 1.0 GiB of memory, but training needs about 1.7 GiB. Give it more, or name a "
        "cluster with --address."
    )
