from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nids.models import backend

if TYPE_CHECKING:
    from pathlib import Path


def configured(code: str) -> str:
    """Return what a fresh process prints: a process is configured once, before anything is computed in it."""
    command = [sys.executable, "-c", f"import sys\nfrom nids.models import backend\n{code}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_trial_computes_with_the_threads_that_it_was_given_and_sees_no_gpu() -> None:
    code = """
backend.configure(3, 0.0)
import tensorflow as tf
tf.constant(1) + 1
backend.configure(3, 0.0)  # a second time, when it could no longer be changed, it is left alone
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads(),
      tf.config.get_visible_devices("GPU"))
"""
    assert configured(code) == "3 1 []"


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
    assert backend.cards() == [81559, 143771]
    assert backend.card_use() == [(512, 97), (0, 0)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert backend.cards() == [143771]


def test_without_a_driver_there_are_no_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (backend.cards(), backend.card_use()) == ([], [])
