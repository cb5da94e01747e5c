"""The command that runs the benchmarks."""

from __future__ import annotations

from typing import Annotated

import typer

from nids.terminal import TerminalConsole


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to measure: overhead (of a trial), folds (time and memory to build them), side-by-side (rows "
            "per second of parallel trials), mapped-trials (the same in one program, on JAX), efficiency (where the "
            "time of a search goes), growth (10,000 trials that compute nothing), nodes (1,000 such trials on several "
            "nodes), rows (three million of 80 columns), dashboard (10,000 trials in a browser), against-plain-loop. "
            "Default: all of these, which takes an hour on two cores. Only if they are named: chaos (a search under "
            "100 faults, half an hour), and what a search's choices are worth, by short searches with as many "
            "seeds as --rounds: samplers (against random search), more-trials (15, 50, 100), warm-start "
            "(--learn-from), repeats (of the winners); ablation (the network without one part at a time, and "
            "perceptrons, an hour).",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions of each comparison.")] = 3,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where to keep the searches of samplers, more-trials, warm-start, repeats and ablation; those that "
            "have ended there are not run again. Default: they are deleted.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Benchmark this machine: speed, memory and overhead of a search. Needs NSL-KDD."""
    from nids.bench import measure

    progress = TerminalConsole(stderr=True)
    print(measure(parts or (), rounds, progress.print, storage))
