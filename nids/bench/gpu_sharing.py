"""Rows a second of trials side by side: on a GPU that they share, or on the cores of this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib

from nids import models
from nids.metrics.formatting import counted
from nids.models import backend
from nids.models.gpu_cards import card_use, cards

if TYPE_CHECKING:
    from nids.bench.timing import Row

SECONDS = 15.0
WIDTH, CLASSES = 122, 5
ON_A_GPU = (1, 2, 4, 8)


@dataclass(frozen=True)
class Rate:
    """What some processes did together: rows a second, and, of a GPU, the most memory in MiB and its mean use in %."""

    rows: float
    memory: int = 0
    use: float = 0.0


def measure() -> list[Row]:
    """Train the default network on random rows, in 1, 2, 4 and 8 processes on a GPU or one on each core."""
    if cards():
        rates = {count: _rate(count, cpus=1, gpus=1 / count) for count in ON_A_GPU}
        return [
            (f"rows a second, {counted(count, 'trial')} on a GPU", _on_a_gpu(rate, rates[1]))
            for count, rate in rates.items()
        ]
    cores = joblib.cpu_count()
    alone, together = _rate(1, cpus=cores, gpus=0.0), _rate(cores, cpus=1, gpus=0.0)
    return [
        ("rows a second on a GPU", "there is none on this machine"),
        (f"rows a second of one trial with {cores} threads", f"{alone.rows:,.0f}"),
        (
            f"rows a second of {counted(cores, 'trial')} with one each",
            f"{together.rows:,.0f} ({_ratio(together, alone)})",
        ),
    ]


def train(cpus: int, gpus: float, batch_size: int, seconds: float, model_name: str = "cnn-bigru") -> float:
    """Say "ready" when a network is traced, wait for a line, train it, and return the rows of a second."""
    backend.configure(cpus, gpus)
    import numpy as np

    spec = models.get(model_name)
    hp = spec.hyperparameters(batch_size=batch_size)
    model = spec.build_for(WIDTH, CLASSES, hp, seed=0)
    model.compile(hp.optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    generator = np.random.default_rng(0)
    rows = spec.shape(generator.random((batch_size, WIDTH), dtype=np.float32))
    labels = generator.integers(0, CLASSES, batch_size)
    model.train_on_batch(rows, labels)
    print("ready", flush=True)
    sys.stdin.readline()
    started, steps = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds:
        model.train_on_batch(rows, labels)
        steps += 1
    return steps * batch_size / passed


def _rate(processes: int, cpus: int, gpus: float) -> Rate:
    command = [sys.executable, "-m", "nids.bench.gpu_sharing", str(cpus), str(gpus)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for _ in range(processes)]  # type: ignore[call-overload]
    for process in running:
        if process.stdout.readline() != "ready\n":
            for other in running:
                other.kill()
            output = process.communicate()[1][-2000:]
            raise RuntimeError(f"one of {processes} processes with {gpus:g} of a GPU each could not train:\n{output}")
    with ThreadPoolExecutor(processes) as threads:
        ended = [threads.submit(process.communicate, "go\n") for process in running]
        seen = []
        while gpus and not all(future.done() for future in ended):
            time.sleep(1)
            seen.append(card_use()[0])
    rows = sum(float(future.result()[0]) for future in ended)
    memory, use = zip(*seen[1:-1], strict=True) if len(seen) > 2 else ((0,), (0,))
    return Rate(rows, max(memory), sum(use) / len(use))


def _on_a_gpu(rate: Rate, alone: Rate) -> str:
    return f"{rate.rows:,.0f} ({_ratio(rate, alone)}); {rate.memory:,} MiB, {rate.use:.0f} % busy"


def _ratio(rate: Rate, alone: Rate) -> str:
    return f"{rate.rows / alone.rows:.2f}× the one"


if __name__ == "__main__":
    print(train(int(sys.argv[1]), float(sys.argv[2]), 512, SECONDS))
