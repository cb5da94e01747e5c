"""The commands that show runs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from nids.cli.options import RunArgument, StorageOption, show


def report(
    run: RunArgument,
    base_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of attacks in your traffic, for the precision of alerts.")
    ] = 0.01,
    storage: StorageOption = "runs",
) -> None:
    """Print the results of a run, also of one that is still running, and write its report page."""
    from nids import results

    show(results.open_run(storage, run), Console(), base_rate)


def runs(storage: StorageOption = "runs") -> None:
    """List the runs of a storage with their state and their best trial."""
    from nids.results import run_list

    run_list.show(storage, Console())
