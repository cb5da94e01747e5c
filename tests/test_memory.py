from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from nids import memory

if TYPE_CHECKING:
    from pathlib import Path


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
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "groups")
    assert memory.usable_memory() == (expected or psutil.virtual_memory().total)
