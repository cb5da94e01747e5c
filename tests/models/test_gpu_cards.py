from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nids.models import gpu_cards

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a GPU, its driver's own tool answers; where there is none, a script answers as that does."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("""#!/bin/sh
case "$*" in
"--query-gpu=memory.total --format=csv,noheader,nounits") printf "81559\\n143771\\n" ;;
"--query-gpu=memory.total --format=csv,noheader,nounits -i 1") printf "143771\\n" ;;
"--query-gpu=memory.used,utilization.gpu --format=csv,noheader,nounits") printf "512, 97\\n0, 0\\n" ;;
*) exit 2 ;;
esac
""")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")
@pytest.mark.usefixtures("nvidia_smi")
def test_what_is_known_of_each_card_is_asked_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_cards.cards() == [81559, 143771]
    assert gpu_cards.card_use() == [(512, 97), (0, 0)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpu_cards.cards() == [143771]


def test_without_a_driver_there_are_no_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (gpu_cards.cards(), gpu_cards.card_use()) == ([], [])
