"""What a search's choices are worth: its sampler, more trials, earlier trials, and training the best ones again.

Each figure is of whole searches of short trials on real rows, over several seeds. A seed decides the folds too, so that
searches are compared seed by seed.
"""

from __future__ import annotations

import io
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from nids import datasets, job_file
from nids.cluster import connection
from nids.config import SAMPLERS
from nids.results import ranking
from nids.search import driver, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nids.bench.timing import Row
    from nids.results import Run

JOB = Path(__file__).parent / "choices.toml"
BUDGETS = (10, 20, 40)
OPTIONS: dict[str, dict[str, Any]] = {"nsga2": {"population_size": 10}, "nsga3": {"population_size": 10}}


def searched(storage: str, name: str, *overrides: str, **search: Any) -> Run:
    """Run a search of ``JOB`` on the connected cluster, quietly, and return its run."""
    job = job_file.read(JOB, overrides)
    job = job.model_copy(update={"search": job.search.model_copy(update=search)})
    traffic = datasets.load_for(job.data, job.search.seed)
    console = Console(file=io.StringIO())
    return driver.run(prepare.prepare(job, traffic, storage, name, console.print), console)


def best_after(trials: pd.DataFrame, count: int) -> float:
    """Return the best value among the first so many trials of a search that minimizes."""
    return float(trials.sort_values("trial").head(count)["value"].min())


def measure_samplers(rounds: int, progress: Callable[[str], object]) -> list[Row]:
    """Compare the samplers at equal budgets: the best value of each, divided by the best of all for the same seed."""
    values: dict[str, list[list[float]]] = {name: [] for name in SAMPLERS}
    with connection.connected(), tempfile.TemporaryDirectory() as storage:
        for seed in range(rounds):
            for name in SAMPLERS:
                chosen = {"sampler": name, "sampler_options": OPTIONS.get(name, {}), "seed": seed}
                trials = searched(storage, f"{name}-{seed}", **chosen).trials()
                values[name].append([best_after(trials, count) for count in BUDGETS])
                progress(f"seed {seed}, {name}: {values[name][-1]}")
    least = [min(values[name][seed][-1] for name in SAMPLERS) for seed in range(rounds)]
    return [
        (f"{name}: log-loss after {count} trials ÷ the least of all after {BUDGETS[-1]}", _spread(ratios))
        for i, count in enumerate(BUDGETS)
        for name in SAMPLERS
        for ratios in [[values[name][seed][i] / least[seed] for seed in range(rounds)]]
    ]


def measure_warm_start(rounds: int, progress: Callable[[str], object]) -> list[Row]:
    """Count the trials until a search reaches what an earlier one of other folds has found, with and without it."""
    cold, warm = [], []
    with connection.connected(), tempfile.TemporaryDirectory() as storage:
        for seed in range(rounds):
            searched(storage, f"earlier-{seed}", seed=seed)
            without = searched(storage, f"without-{seed}", seed=seed + 1000).trials()
            informed = searched(storage, f"with-{seed}", seed=seed + 1000, learn_from=[f"earlier-{seed}"]).trials()
            # Within a hundredth of what the longer of both has found.
            target = 1.01 * float(without["value"].min())
            cold.append(_reached(without, target))
            warm.append(_reached(informed, target))
            progress(f"seed {seed}: {cold[-1]} trials without, {warm[-1]} with what was learned")
    return [
        ("trials until the best log-loss of a search that learned nothing, within 1 %", _spread(cold, 0)),
        ("the same with --learn-from a search of other folds", _spread(warm, 0)),
    ]


def _reached(trials: pd.DataFrame, target: float) -> int:
    """Return after how many trials a value was reached; one more than there are if it was not."""
    values = trials.sort_values("trial")["value"].tolist()
    return next((number for number, value in enumerate(values, 1) if value <= target), len(values) + 1)


def measure_repeats(rounds: int, progress: Callable[[str], object]) -> list[Row]:
    """Count how often the winner of a search is still the best when the best five are trained again three times."""
    from nids.evaluation import repeats
    from nids.evaluation.workspace import Workspace

    other, losses = 0, []
    with connection.connected(), tempfile.TemporaryDirectory() as storage:
        for seed in range(rounds):
            run = searched(storage, f"run-{seed}", seed=seed)
            repeats.repeat(run, 5, 3, Workspace(storage, Console(file=io.StringIO())))
            trials = run.trials()
            first = ranking.ordered(trials, run.direction, as_searched=True).iloc[0]
            other += int(ranking.ordered(trials, run.direction).iloc[0]["trial"] != first["trial"])
            losses.append(float(first["repeated_value"] / first["value"]))
            progress(f"seed {seed}: {losses[-1]:.3f}, {other} of {seed + 1} winners were others")
    return [
        ("searches whose winner is not the winner of the repeats", f"{other} of {rounds}"),
        ("the winner's log-loss when it is trained again ÷ in the search", _spread(losses)),
    ]


def _spread(values: list[float] | list[int], digits: int = 3) -> str:
    middle = f"{statistics.median(values):.{digits}f}"
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f}, {len(values)} seeds)"
