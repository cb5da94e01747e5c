from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from nids.cluster import connection, machine
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

COUNT = "from nids.cluster import machine; print(machine.usable_cpus())"


def test_usable_cpus_are_those_of_the_affinity() -> None:
    one = min(os.sched_getaffinity(0))
    ended = subprocess.run(
        [sys.executable, "-c", COUNT],
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "1\n"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        pytest.param("0::/\n", {}, None, id="no limit"),
        pytest.param("0::/user/one\n", {"user/memory.max": "max", "user/one/memory.max": "2147483648"}, 2**31, id="v2"),
        pytest.param("0::/user/one\n", {"user/memory.max": "1000", "user/one/memory.max": "2000"}, 1000, id="nested"),
        pytest.param("0::/outside\n", {"memory.max": "5000"}, 5000, id="in a container"),
        pytest.param("5:cpu:/\n4:memory:/one\n0::/\n", {"memory/one/memory.limit_in_bytes": "3000"}, 3000, id="v1"),
    ],
)
def test_usable_memory_is_within_the_control_groups(
    groups: str, files: dict[str, str], expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in files.items():
        (tmp_path / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(f"{content}\n")
    (tmp_path / "groups").write_text(groups)
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "groups")
    assert machine.usable_memory() == (expected or psutil.virtual_memory().total)


@pytest.mark.parametrize(("gib", "trials"), [(0.5, 0), (1, 0), (2, 1), (4, 3), (24, 29)])
def test_trials_that_fit(gib: float, trials: int) -> None:
    assert machine.trials_that_fit(int(gib * 2**30)) == trials


def test_a_machine_without_room_for_a_trial_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(machine, "usable_memory", lambda: 2**30)
    with pytest.raises(UserError) as caught:
        connection.connect()
    assert str(caught.value) == (
        "this process may use 1.0 GiB of memory, but a search needs about 1.7 GiB. Give it more, or search on a "
        "cluster with --address."
    )
