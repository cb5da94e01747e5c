from __future__ import annotations

import subprocess
import sys

import pytest

from nids.errors import UserError
from nids.models import backend


def configured(code: str) -> str:
    """Return what a fresh process prints: a process is configured once, before anything is computed in it."""
    command = [sys.executable, "-c", f"import sys\nfrom nids.models import backend\n{code}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.slow
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


COUNT_THREADS = """
import pathlib
import numpy as np
backend.configure(3, 0.0)
backend.configure(3, 0.0)
import jax
jax.jit(lambda a: a @ a)(np.ones((50, 50), np.float32)).block_until_ready()
names = [file.read_text().strip() for file in pathlib.Path("/proc/self/task").glob("*/comm")]
print(names.count("tf_XLAEigen"), jax.default_backend(), backend.has_gpu(), backend.versions(["numpy"]).keys())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads of a process in /proc")
def test_configure_limits_the_threads_of_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert configured(COUNT_THREADS) == "3 cpu False dict_keys(['jax', 'keras', 'numpy'])"


@pytest.mark.slow
def test_configure_keeps_jax_off_gpus_in_this_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that this process starts afterwards inherits its environment, and may compute on GPUs."""
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    code = """
import os
backend.configure_alone()
import jax
print(jax.config.jax_platforms, "JAX_PLATFORMS" in os.environ)
"""
    assert configured(code) == "cpu False"


@pytest.mark.slow
def test_configure_gives_jax_its_share_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    code = """
import os
backend.cards = lambda: [80_000, 40_000]
backend._Jax.has_gpu = lambda self: True
backend.configure(1, 0.25)
print(os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"], "JAX_PLATFORMS" in os.environ)
"""
    assert configured(code) == "0.2250 False"


@pytest.mark.slow
def test_configure_says_that_jax_does_not_see_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    code = """
backend.cards = lambda: [80_000]
backend._Jax.has_gpu = lambda self: False
try:
    backend.configure(1, 0.25)
except backend.UserError as error:
    print(error)
"""
    assert configured(code).startswith(
        "this machine has a GPU, but jax does not see it: its CUDA libraries are missing."
    )


def test_name_refuses_another_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(UserError) as caught:
        backend.name()
    assert str(caught.value) == "KERAS_BACKEND is 'torch', but must be one of tensorflow, jax."


def test_is_out_of_memory_knows_the_exception_of_each_framework() -> None:
    import jax
    import tensorflow as tf

    exhausted = tf.errors.ResourceExhaustedError(None, None, "out of memory")
    assert [backend.is_out_of_memory(error) for error in (MemoryError(), exhausted, ValueError())] == [
        True,
        True,
        False,
    ]
    of_jax = [jax.errors.JaxRuntimeError(text) for text in ("RESOURCE_EXHAUSTED: 4 GiB", "INTERNAL: broken")]
    assert [backend._Jax().is_out_of_memory(error) for error in (*of_jax, ValueError("RESOURCE_EXHAUSTED"))] == [
        True,
        False,
        False,
    ]


def test_versions_leaves_out_what_is_not_installed() -> None:
    assert list(backend.versions(["numpy", "no-such-package"])) == ["tensorflow", "keras", "numpy"]
