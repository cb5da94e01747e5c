"""Rows a second of trials side by side: on a GPU that they share, or on the cores of this machine."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib

from nids import models
from nids.bench.processes import child
from nids.metrics.formatting import counted
from nids.models import backend
from nids.models.gpu_cards import card_use, cards
from nids.threads import thread_pool

if TYPE_CHECKING:
    from nids.bench.timing import Row

# Of all rounds together.
SECONDS = 15.0
ROUNDS = 3
WIDTH, CLASSES = 122, 5
BATCH = 512
ON_A_GPU = (1, 2, 4, 8)
BATCHES_ON_A_GPU = (BATCH, 2048)


@dataclass(frozen=True)
class Rate:
    """What some processes did together.

    Attributes:
        rows: Rows a second in each round.
        peak: The most memory that the tensors of one process took on a GPU, MiB.
        memory: The most memory in use on that GPU, with what processes hold in reserve, MiB.
        use: The mean share of time in which the GPU computed, %.
    """

    rows: tuple[float, ...]
    peak: int = 0
    memory: int = 0
    use: float = 0.0


def measure() -> list[Row]:
    """Train the default network on random rows, in 1, 2, 4 and 8 processes on a GPU or one on each core."""
    if cards():
        return [row for size in BATCHES_ON_A_GPU for row in _on_a_gpu(size)]
    cores = joblib.cpu_count()
    alone, together = _rate(1, cpus=cores, gpus=0.0), _rate(cores, cpus=1, gpus=0.0)
    return [
        ("rows a second on a GPU", "there is none on this machine"),
        (f"rows a second of one trial with {cores} threads", _rows(alone)),
        (f"rows a second of {counted(cores, 'trial')} with one each", f"{_rows(together)}; {_ratio(together, alone)}"),
    ]


def train(
    cpus: int, gpus: float, batch_size: int, seconds: float, model_name: str = "cnn-bigru"
) -> tuple[list[float], int]:
    """Say "ready" when a network is traced, wait for a line, and train it as a trial does.

    Args:
        cpus: Threads to compute with.
        gpus: Share of a GPU.
        batch_size: Rows of a step.
        seconds: Time for all rounds together.
        model_name: The model, with its default hyperparameters.

    Returns:
        Rows a second in each round, and the most memory that tensors took on a GPU, MiB; 0 without one.
    """
    backend.configure(cpus, gpus)
    import numpy as np

    from nids.training.traced_network import TracedNetwork

    spec = models.get(model_name)
    hp = spec.hyperparameters(batch_size=batch_size)
    network = TracedNetwork(spec, WIDTH, CLASSES, spec.architecture_of(hp), hp.compile_options)
    network.write(network.fresh(hp, seed=0))
    generator = np.random.default_rng(0)
    rows = spec.shape(generator.random((batch_size, WIDTH), dtype=np.float32))
    labels = generator.integers(0, CLASSES, batch_size)
    weights = np.ones(batch_size, dtype=np.float32)
    network.train(rows, labels, weights, hp.learning_rate)
    print("ready", flush=True)
    sys.stdin.readline()
    rates = []
    for _ in range(ROUNDS):
        started, steps = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < seconds / ROUNDS:
            network.train(rows, labels, weights, hp.learning_rate)
            steps += 1
        rates.append(steps * batch_size / passed)
    return rates, backend.peak_memory() if backend.has_gpu() else 0


def _rate(processes: int, cpus: int, gpus: float, batch_size: int = BATCH, seconds: float = SECONDS) -> Rate:
    arguments = map(str, (cpus, gpus, batch_size, seconds))
    command = [sys.executable, "-m", "nids.bench.gpu_sharing", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with ExitStack() as started:
        running = [started.enter_context(child(command, **pipes)) for _ in range(processes)]
        for one in running:
            if one.stdout is None or one.stdout.readline() != "ready\n":
                one.kill()
                output = one.communicate()[1][-2000:]
                raise RuntimeError(
                    f"one of {processes} processes with {gpus:g} of a GPU each could not train:\n{output}"
                )
        with thread_pool(processes) as threads:
            ended = [threads.submit(one.communicate, "go\n") for one in running]
            seen = []
            while gpus and not all(future.done() for future in ended):
                time.sleep(1)
                seen.append(card_use()[0])
    rates, peaks = zip(*(json.loads(future.result()[0]) for future in ended), strict=True)
    memory, use = zip(*seen[1:-1], strict=True) if len(seen) > 2 else ((0,), (0,))
    return Rate(tuple(map(sum, zip(*rates, strict=True))), max(peaks), max(memory), sum(use) / len(use))


def _on_a_gpu(size: int) -> list[Row]:
    rates = {count: _rate(count, cpus=1, gpus=1 / count, batch_size=size) for count in ON_A_GPU}
    return [
        (
            f"rows a second, {counted(count, 'trial')} on a GPU, batches of {size:,}",
            f"{_rows(rate)}; {_ratio(rate, rates[1])}; {rate.peak:,} MiB of tensors each, {rate.memory:,} MiB held in "
            f"all, {rate.use:.0f} % busy",
        )
        for count, rate in rates.items()
    ]


def _rows(rate: Rate) -> str:
    return f"{statistics.median(rate.rows):,.0f} ({min(rate.rows):,.0f}–{max(rate.rows):,.0f})"


def _ratio(rate: Rate, alone: Rate) -> str:
    return f"{statistics.median(rate.rows) / statistics.median(alone.rows):.2f}× the one"


if __name__ == "__main__":
    print(json.dumps(train(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
