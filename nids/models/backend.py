"""What of a machine one trial's process may use, on TensorFlow and on JAX.

No other module calls either itself, but for the benchmark of what JAX alone can do.
"""

from __future__ import annotations

import functools
import importlib
import math
import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Protocol, TypeVar

import joblib

from nids.errors import UserError
from nids.models.gpu_cards import cards

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

F = TypeVar("F", bound="Callable[..., object]")

# The packages that the results of a search depend on, beside the framework and Keras.
RECORDED = ("ray", "optuna", "imbalanced-learn", "scikit-learn", "numpy", "pandas", "pyarrow")

# Room that each process's CUDA context takes beside the memory that a framework manages: with the libraries that JAX
# loads, 739 MiB on an H200, and some of it only after tensors have been given theirs.
CONTEXT_MIB = 1000


class _Framework(Protocol):
    """What differs between the frameworks that Keras computes with.

    Attributes:
        compiles: Whether a network is to be compiled by XLA as a whole.
    """

    compiles: bool

    def compile_without_trying(self) -> None:
        """Have this process compile as ``compile_without_trying`` says."""

    def limit(self, cpus: int, gpus: float) -> bool:
        """Limit this process to its share, as ``configure`` says, and return whether the framework sees a GPU."""

    def has_gpu(self) -> bool:
        """Return whether this process computes on a GPU."""

    def peak_bytes(self) -> int:
        """Return the most memory that this process's tensors took on its GPU at once."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Return whether an exception of the framework says that a computation needed more memory than there is."""


class _TensorFlow:
    # On a CPU, XLA is several times slower on recurrent layers as a whole.
    compiles = False

    def compile_without_trying(self) -> None:
        pass  # networks are not compiled

    def limit(self, cpus: int, gpus: float) -> bool:
        import tensorflow as tf

        with _quiet():
            gpus_seen = tf.config.list_physical_devices("GPU")
        tf.config.threading.set_intra_op_parallelism_threads(cpus)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if gpus_seen and 0 < gpus < 1:
            for gpu, total in zip(gpus_seen, cards(), strict=True):
                limit = tf.config.LogicalDeviceConfiguration(memory_limit=_tensor_mib(total, gpus))
                tf.config.set_logical_device_configuration(gpu, [limit])
        elif gpus == 0:
            tf.config.set_visible_devices([], "GPU")
        return bool(gpus_seen)

    def has_gpu(self) -> bool:
        import tensorflow as tf

        return bool(tf.config.get_visible_devices("GPU"))

    def peak_bytes(self) -> int:
        import tensorflow as tf

        return tf.config.experimental.get_memory_info("GPU:0")["peak"]

    def is_out_of_memory(self, error: BaseException) -> bool:
        import tensorflow as tf

        return isinstance(error, tf.errors.ResourceExhaustedError)


class _Jax:
    compiles = True

    def compile_without_trying(self) -> None:
        # XLA reads it when it first compiles; of a flag that is given twice, the last counts.
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_autotune_level=0".lstrip()

    def limit(self, cpus: int, gpus: float) -> bool:
        # XLA reads these when it first computes: the threads of its pool, and the share of each card that it takes.
        os.environ["NPROC"] = str(cpus)
        if gpus > 0 and (totals := cards()):
            share = min(_tensor_mib(total, min(gpus, 1)) / total for total in totals)
            os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{share:.4f}"
        with _quiet():
            import jax

            if gpus == 0:  # not by JAX_PLATFORMS, which a cluster started by this process would inherit
                jax.config.update("jax_platforms", "cpu")
            return self.has_gpu()

    def has_gpu(self) -> bool:
        import jax

        return jax.default_backend() == "gpu"

    def peak_bytes(self) -> int:
        import jax

        return jax.local_devices()[0].memory_stats()["peak_bytes_in_use"]

    def is_out_of_memory(self, error: BaseException) -> bool:
        import jax

        return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


_FRAMEWORKS: dict[str, type[_Framework]] = {"tensorflow": _TensorFlow, "jax": _Jax}
NAMES = tuple(_FRAMEWORKS)
DEFAULT = "tensorflow"


def name() -> str:
    """Return the name of the framework that Keras computes with: that of KERAS_BACKEND, by default TensorFlow.

    Raises:
        UserError: It is neither TensorFlow nor JAX.
    """
    framework = os.environ.get("KERAS_BACKEND", DEFAULT)
    if framework not in _FRAMEWORKS:
        raise UserError(f"KERAS_BACKEND is {framework!r}, but must be one of {', '.join(_FRAMEWORKS)}.")
    return framework


def versions(packages: Iterable[str] = RECORDED) -> dict[str, str]:
    """Return the versions of the framework, of Keras and of some packages, of those that are installed."""
    found = {}
    for package in dict.fromkeys([name(), "keras", *packages]):
        with suppress(PackageNotFoundError):  # TensorFlow also comes as tensorflow-cpu, say
            found[package] = version(package)
    return found


def _framework() -> _Framework:
    return _FRAMEWORKS[name()]()


def before_import() -> None:
    """Make the settings that Keras and TensorFlow read when they are imported, where the user has not made them.

    Keras is to compute with TensorFlow, whatever its own file of settings says. TensorFlow is to compute with oneDNN,
    whose matrix products are up to a half quicker than TensorFlow's own, which it takes by default wherever the
    processor has no instructions for neural networks; and to keep its remarks to itself.
    """
    os.environ.setdefault("KERAS_BACKEND", DEFAULT)
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@functools.cache
def load() -> None:
    """Import the framework, if nothing has yet, without what it writes to the terminal by itself."""
    before_import()
    with _quiet(), _absent("jax") if name() == DEFAULT else nullcontext():
        importlib.import_module(name())


def compile_without_trying() -> None:
    """Have the compiler take algorithms without trying them out, in this process, before anything is computed in it.

    For a process that measures memory: what XLA tries while it compiles may take many times what the network takes.
    """
    _framework().compile_without_trying()


@functools.cache
def configure(cpus: int, gpus: float) -> None:
    """Limit this process to its share, once and before anything is computed.

    Args:
        cpus: Threads to compute with.
        gpus: GPUs, or the fraction of one. Ray makes them visible but caps nothing: without a limit of its own, each
            process that shares a card takes all of the card's memory.

    Raises:
        UserError: The machine has a GPU that the framework does not see.
    """
    load()
    sees_gpu = _framework().limit(cpus, gpus)
    if gpus > 0 and not sees_gpu and cards():
        raise UserError(
            f"this machine has a GPU, but {name()} does not see it: its CUDA libraries are missing. For TensorFlow, "
            "install them on every node with `uv pip install --require-hashes -r requirements-gpu.lock`, or, without a "
            "checkout, `uv pip install 'nids[gpu]'`; for JAX, with `uv pip install 'jax[cuda12]'`."
        )


def configure_alone(cpus: int | None = None) -> None:
    """Have this process compute with some of the machine's cores, or with all of them, and with no GPU.

    A process that has computed before, a notebook's say, keeps the threads that it has.
    """
    with suppress(RuntimeError):  # TensorFlow's, when it is too late to set them
        configure(cpus or joblib.cpu_count(), 0)


def _tensor_mib(total: int, share: float) -> int:
    """Return what of a card's memory, MiB, tensors may take in a process that has a share of the card."""
    return int(total * share) - CONTEXT_MIB


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """Have imports of a package fail meanwhile as if it were not installed, unless it has been imported before.

    TensorFlow's converter for telephones imports JAX wherever it is installed: a third of TensorFlow's whole import.
    """
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the terminal what the frameworks write to it by themselves, whatever level of messages is set.

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
    return _framework().has_gpu()


def compiles() -> bool:
    """Return whether a network is to be compiled by XLA as a whole."""
    return _framework().compiles


def peak_memory() -> int:
    """Return the most memory that this process's tensors took on its GPU at once, MiB."""
    return math.ceil(_framework().peak_bytes() / 2**20)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that a computation needed more memory than there is."""
    return isinstance(error, MemoryError) or _framework().is_out_of_memory(error)


def compiled(function: F) -> F:
    """Return an element-wise function of tensors as one kernel, where TensorFlow would run an operation at a time.

    For element-wise work only: what TensorFlow's compiler makes of matrix products and loops on a CPU is slow.
    """
    if compiles():
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)
