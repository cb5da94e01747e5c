"""The command that measures this machine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to measure: overhead (a trial's cost beside its steps), folds (building them, their memory), "
            "side-by-side (rows a second of several trials), efficiency (where a search's time goes), growth (10,000 "
            "trials that compute nothing), nodes (a thousand on several nodes; 1, 2 and 4 slots), dashboard (10,000 in "
            "a browser), against-plain-loop. Unsaid: all, which takes an hour on two cores.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions of what is compared in turns.")] = 3,
) -> None:
    """Measure this machine: the search against a plain loop, and where its time and its memory go. Needs NSL-KDD."""
    from nids import bench as benchmark

    progress = Console(stderr=True)
    print(benchmark.measure(parts or (), rounds, progress.print))
