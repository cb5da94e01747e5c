from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from nids.command_line import command, command_on

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NIDS_STORAGE", raising=False)
    return tmp_path


def test_the_storage_is_named_unless_commands_look_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for storage in ("runs", "./runs", f"{here}/runs"):
        assert command(storage, "resume", "first") == "nids resume first"
    assert command("s3://bucket/runs", "dashboard") == "nids dashboard --storage s3://bucket/runs"
    assert command_on(f"{here}/runs/first", "resume", "--take-over") == "nids resume first --take-over"
    assert command_on(f"{here}/other/first", "repair") == f"nids repair first --storage {here}/other"
    assert command_on("s3://bucket/first", "repair") == "nids repair first --storage s3://bucket"
    # In another shell the variable may be unset, or not.
    monkeypatch.setenv("NIDS_STORAGE", "other")
    assert command("runs", "resume", "first") == "nids resume first --storage runs"
    assert command("other", "resume", "first") == "nids resume first --storage other"
    monkeypatch.setenv("NIDS_STORAGE", "")
    assert command("runs", "resume", "first") == "nids resume first"


def test_a_shell_takes_each_text_as_one_word() -> None:
    told = command_on("/a folder/$(id); a b", "resume")
    assert shlex.split(told) == ["nids", "resume", "$(id); a b", "--storage", "/a folder"]
