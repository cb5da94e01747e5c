"""Rows a second of trials of one architecture that are mapped into one program, and how far their losses go off.

The search does not do this: each of its trials has a process of its own. It is on JAX alone, which can map a function
over one more axis; the function is the step by which Keras trains there.
"""

from __future__ import annotations

import functools
import json
import math
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from nids import models
from nids.bench.gpu_sharing import BATCH, CLASSES, WIDTH
from nids.bench.timing import output_of
from nids.metrics.formatting import counted
from nids.models import backend
from nids.models.gpu_cards import cards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nids.bench.timing import Row
    from nids.models.base import ModelSpec
    from nids.models.hyperparameters import TrainingHyperparameters
    from nids.training.traced_network import TracedNetwork

ON_A_GPU = (1, 2, 4, 8, 16, 32)
ON_A_CPU = (1, 2)
# Of an epoch whose rows lie on the device.
STEPS = 40
SECONDS, ROUNDS = 1.0, 3
COMPARED_TRIALS, COMPARED_STEPS = 8, 20

# Of some trials, each with a first axis of so many: variables trained, other variables, the optimizer's, the metrics'.
Stacked = tuple[list[Any], list[Any], list[Any], list[Any]]


@dataclass(frozen=True)
class Rate:
    """What some trials in one program did together.

    Attributes:
        trials: How many.
        batch: Rows of each trial's step.
        resident: Whether the rows of an epoch lay on the device and its steps were one call; otherwise each step was
            one, and its rows came from the host.
        rows: Rows a second of all trials together, in each round.
        tracing: Seconds to trace the program.
        compilation: Seconds to compile it.
        memory: What the program takes with its arguments, MiB.
    """

    trials: int
    batch: int
    resident: bool
    rows: tuple[float, ...]
    tracing: float
    compilation: float
    memory: int


def measure() -> list[Row]:
    """Train the default network in several trials in one program, and compare losses with those of single trials."""
    if backend.name() != "jax":
        return [("trials in one program", "on JAX alone (KERAS_BACKEND=jax)")]
    counts = ON_A_GPU if cards() else ON_A_CPU
    rates = [Rate(**line) for line in _lines("rates", BATCH, *counts)]
    (losses,) = _lines("losses", BATCH, COMPARED_TRIALS)
    alone = statistics.median(rates[0].rows)
    return [
        *((_title(rate), _figures(rate, alone)) for rate in rates),
        (
            f"largest relative difference of a loss from the trial's alone, {COMPARED_TRIALS} trials, "
            f"{COMPARED_STEPS} steps",
            f"{losses['mapped']:.1e}; {losses['again']:.1e} between the same trial alone twice",
        ),
    ]


def _lines(part: str, batch: int, *counts: int) -> list[dict[str, Any]]:
    """Return what a process of its own measures."""
    command = [sys.executable, "-m", "nids.bench.mapped_trials", part, str(batch), *map(str, counts)]
    return [json.loads(line) for line in output_of(command).splitlines()]


def _title(rate: Rate) -> str:
    where = "rows on the device" if rate.resident else "batches from the host"
    return f"rows a second, {counted(rate.trials, 'trial')} in one program, {where}"


def _figures(rate: Rate, alone: float) -> str:
    middle = statistics.median(rate.rows)
    return (
        f"{middle:,.0f} ({min(rate.rows):,.0f}–{max(rate.rows):,.0f}); {middle / alone:.2f}× the first; "
        f"{rate.memory:,} MiB; traced in {rate.tracing:.1f} s, compiled in {rate.compilation:.1f} s"
    )


def points(spec: ModelSpec, trials: int, batch_size: int) -> list[TrainingHyperparameters]:
    """Return hyperparameters of one architecture that differ from trial to trial in all that a trace leaves open."""

    def point(share: float) -> dict[str, float]:
        return {
            "batch_size": batch_size,
            "learning_rate": 0.001 + 0.002 * share,
            "conv_kernel_size": 24 - round(7 * share),
            "conv_dropout": 0.1 + 0.3 * share,
            "gru_dropout": 0.3 * share,
            "attention_dropout": 0.3 - 0.3 * share,
            "dropout": 0.3 * share,
            "batch_norm_momentum": 0.9 + 0.05 * share,
        }

    known = spec.hyperparameters.model_fields
    chosen = [{name: value for name, value in point(i / trials).items() if name in known} for i in range(trials)]
    return [spec.hyperparameters.model_validate(values) for values in chosen]


def stacked(network: TracedNetwork, trials: Sequence[TrainingHyperparameters]) -> Stacked:
    """Return the fresh states of some trials, each of a seed of its own, as one."""
    import jax

    states = []
    for seed, hp in enumerate(trials):
        network.write(network.fresh(hp, seed))
        network.learner.optimizer.learning_rate = hp.learning_rate
        network.learner.reset_metrics()
        model = network.learner
        groups = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        states.append(tuple([np.asarray(variable.value) for variable in group] for group in groups))
    return jax.device_put(jax.tree.map(lambda *values: np.stack(values), *states))


def step(network: TracedNetwork, state: Stacked, rows: Any, labels: Any, weights: Any) -> tuple[Stacked, Any]:
    """Return the state of some trials after one step of each, and their losses of shape (trials,).

    Args:
        network: That of their architecture.
        state: Where they stand; the metrics, of which the loss is read, at their start.
        rows: A batch of each in the shape that the network reads, after a first axis of (trials,).
        labels: Its classes, integers of shape (trials, batch).
        weights: Weights of its rows in the loss, float32 of shape (trials, batch).
    """
    import jax

    logs, (trained, other, optimizer, _) = jax.vmap(network.learner.train_step)(state, (rows, labels, weights))
    return (trained, other, optimizer, state[3]), logs["loss"]


def epoch(
    network: TracedNetwork, state: Stacked, rows: Any, labels: Any, weights: Any, order: Any
) -> tuple[Stacked, Any]:
    """Return the state of some trials after an epoch, and their losses of shape (steps, trials).

    Args:
        network: As for ``step``.
        state: As for ``step``.
        rows: All rows of the epoch in the shape that the network reads, one table for all trials.
        labels: Their classes.
        weights: As for ``step``, the same in every step.
        order: Positions in the table that make each batch, integers of shape (steps, trials, batch).
    """
    import jax

    def next_step(state: Stacked, positions: Any) -> tuple[Stacked, Any]:
        return step(network, state, rows[positions], labels[positions], weights)

    return jax.lax.scan(next_step, state, order)


class Program:
    """A traced program that trains some trials; ``Rate`` says what the arguments are."""

    def __init__(self, network: TracedNetwork, spec: ModelSpec, trials: int, batch: int, resident: bool) -> None:
        import jax

        self._trials, self._batch, self._resident = trials, batch, resident
        generator = np.random.default_rng(0)
        rows = spec.shape(generator.random((STEPS * batch, WIDTH), dtype=np.float32))
        labels = generator.integers(0, CLASSES, STEPS * batch, dtype=np.int32)
        weights = jax.device_put(np.ones((trials, batch), dtype=np.float32))
        orders = [generator.permutation(STEPS * batch).reshape(STEPS, batch) for _ in range(trials)]
        order = np.stack(orders, axis=1).astype(np.int32)
        self._state = stacked(network, points(spec, trials, batch))
        if resident:
            self._data: list[Any] = [[*jax.device_put((rows, labels)), weights, order]]
            function: Callable[..., Any] = functools.partial(epoch, network)
        else:
            self._data = [[rows[positions], labels[positions], weights] for positions in order[:4]]
            function = functools.partial(step, network)
        started = time.perf_counter()
        self._traced = jax.jit(function, donate_argnums=0).lower(self._state, *self._data[0])
        self._tracing = time.perf_counter() - started

    def compile(self) -> None:
        """Compile it."""
        started = time.perf_counter()
        self._compiled = self._traced.compile()
        self._compilation = time.perf_counter() - started

    def rate(self) -> Rate:
        """Run what is compiled."""
        self._run(0)
        rates = []
        for _ in range(ROUNDS):
            started, calls, rows = time.perf_counter(), 0, 0
            while (passed := time.perf_counter() - started) < SECONDS:
                rows += self._run(calls).size * self._batch
                calls += 1
            rates.append(rows / passed)
        sizes = self._compiled.memory_analysis()
        taken = sizes.argument_size_in_bytes + sizes.output_size_in_bytes - sizes.alias_size_in_bytes
        memory = math.ceil((taken + sizes.temp_size_in_bytes) / 2**20)
        return Rate(self._trials, self._batch, self._resident, tuple(rates), self._tracing, self._compilation, memory)

    def _run(self, call: int) -> np.ndarray:
        """Return the losses of one call, which a trial reads too, as it ends at one that is not finite."""
        self._state, losses = self._compiled(self._state, *self._data[call % len(self._data)])
        return np.asarray(losses)


def differences(network: TracedNetwork, spec: ModelSpec, trials: int, batch: int) -> dict[str, float]:
    """Return how far losses are from those of the same trials one after another, at most and relative to these.

    Returns:
        "mapped": of the trials in one program; "again": of the trials one after another a second time.
    """
    import jax

    generator = np.random.default_rng(0)
    shape = (COMPARED_STEPS, trials, batch)
    encoded = generator.random((*shape, WIDTH), dtype=np.float32)
    # Classes that can be learned, as what differs then are the losses of networks that change.
    rows, labels = spec.shape(encoded), (encoded[..., 0] * CLASSES).astype(np.int32)
    weights = np.ones((trials, batch), dtype=np.float32)
    chosen = points(spec, trials, batch)

    def one_after_another() -> np.ndarray:
        losses = np.empty(shape[:2])
        for i, hp in enumerate(chosen):
            network.write(network.fresh(hp, seed=i))
            for j in range(COMPARED_STEPS):
                losses[j, i] = network.train(rows[j, i], labels[j, i], weights[i], hp.learning_rate)
        return losses

    alone, again = one_after_another(), one_after_another()
    state, mapped = stacked(network, chosen), np.empty(shape[:2])
    mapped_step = jax.jit(functools.partial(step, network), donate_argnums=0)
    for j in range(COMPARED_STEPS):
        state, mapped[j] = mapped_step(state, rows[j], labels[j], weights)
    return {
        "mapped": float(np.max(np.abs(mapped / alone - 1))),
        "again": float(np.max(np.abs(again / alone - 1))),
    }


def run(part: str, batch: int, counts: Sequence[int], model_name: str = "cnn-bigru") -> None:
    """Print a line of JSON for each thing that is measured: "rates", or "losses", for each number of trials."""
    # XLA compiles with all cores: with one, a program takes a minute on a GPU.
    backend.configure(*((joblib.cpu_count(), 1.0) if cards() else (1, 0.0)))
    from nids.training.traced_network import TracedNetwork

    spec = models.get(model_name)
    hp = spec.hyperparameters(batch_size=batch)
    network = TracedNetwork(spec, WIDTH, CLASSES, spec.architecture_of(hp), hp.compile_options)
    for count in counts:
        if part == "losses":
            print(json.dumps(differences(network, spec, count, batch)), flush=True)
        else:
            for resident in (False, True):
                program = Program(network, spec, count, batch, resident)
                program.compile()
                print(json.dumps(asdict(program.rate())), flush=True)


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), [int(count) for count in sys.argv[3:]])
