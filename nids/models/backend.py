"""What of a machine one trial's process may use. The only module that calls TensorFlow itself."""

from __future__ import annotations

import functools
import math
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

F = TypeVar("F", bound="Callable[..., object]")

# Room that each process's CUDA context takes beside the memory that TensorFlow manages.
CONTEXT_MIB = 600


def before_tensorflow() -> None:
    """Make the settings that TensorFlow reads when it is imported, where the user has not made them.

    It is to compute with oneDNN, whose matrix products are up to a half quicker than TensorFlow's own, which it takes
    by default wherever the processor has no instructions for neural networks; and to keep its remarks to itself.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@functools.cache
def configure(cpus: int, gpus: float) -> None:
    """Limit this process to its share, once and before anything is computed.

    Args:
        cpus: Threads to compute with.
        gpus: GPUs, or the fraction of one. Ray makes them visible but caps nothing: without a limit of its own, each
            process that shares a card takes all of the card's memory.
    """
    before_tensorflow()
    with _quiet():
        import keras

        if keras.backend.backend() != "tensorflow":
            return
        import tensorflow as tf

        seen = tf.config.list_physical_devices("GPU")
    tf.config.threading.set_intra_op_parallelism_threads(cpus)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if gpus > 0 and not seen and cards():
        raise UserError(
            "this machine has a GPU, but TensorFlow does not see it: its CUDA libraries are missing. Install them on "
            "every node with `uv pip install --require-hashes -r requirements-gpu.lock`."
        )
    if 0 < gpus < 1:
        for card, total in zip(seen, cards(), strict=True):
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(total * gpus) - CONTEXT_MIB)
            tf.config.set_logical_device_configuration(card, [limit])
    elif gpus == 0:
        tf.config.set_visible_devices([], "GPU")


def configure_alone() -> None:
    """Have this process compute with all that the machine's cores give, as ``configure`` does, and with no GPU."""
    configure(os.cpu_count() or 1, 0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the terminal what TensorFlow's libraries write to it by themselves, whatever its level of messages.

    They remark on the processor, and on cards that are not there; ``configure`` says what matters of that.
    """
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@functools.cache
def has_gpu() -> bool:
    """Return whether this process computes on a GPU."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return any("gpu" in name for name in keras.distribution.list_devices())
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def peak_memory() -> int:
    """Return the most memory that this process's tensors took on its GPU at once, MiB."""
    import tensorflow as tf

    return math.ceil(tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that a computation needed more memory than there is."""
    import keras

    if isinstance(error, MemoryError) or keras.backend.backend() != "tensorflow":
        return isinstance(error, MemoryError)
    import tensorflow as tf

    return isinstance(error, tf.errors.ResourceExhaustedError)


def compiled(function: F) -> F:
    """Return an element-wise function of tensors as one kernel, where TensorFlow would run an operation at a time.

    For element-wise work only: what TensorFlow's compiler makes of matrix products and loops on a CPU is slow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def cards() -> list[int]:
    """Return the memory of each NVIDIA card that this process may use, MiB; none where there is no driver."""
    return [int(total) for (total,) in _ask("memory.total")]


def card_use() -> list[tuple[int, int]]:
    """Return the memory in use of each NVIDIA card, MiB, and the share of time in which it computed, %."""
    return [(int(memory), int(busy)) for memory, busy in _ask("memory.used,utilization.gpu")]


def _ask(fields: str) -> list[list[str]]:
    """Return what nvidia-smi says of each card."""
    query = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    if visible := os.environ.get("CUDA_VISIBLE_DEVICES"):
        query += ["-i", visible]  # nvidia-smi itself lists all cards, whichever this process may see
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    return [line.split(",") for line in lines]
