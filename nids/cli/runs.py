"""The commands that show runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from nids.cli.options import RunArgument, StorageOption, show
from nids.errors import UserError

if TYPE_CHECKING:
    from nids.results import Run


def report(
    run: RunArgument,
    base_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of attacks in your traffic, for the precision of alerts.")
    ] = 0.01,
    storage: StorageOption = "runs",
) -> None:
    """Print the results of a run, even while it is running, and write its report page."""
    from nids import results

    show(results.open_run(storage, run), Console(), base_rate)


def runs(storage: StorageOption = "runs") -> None:
    """List the runs of a storage with their state and their best trial."""
    show_runs(storage, Console())


def show_runs(storage: str, console: Console) -> None:
    """Print a line for each run: state, trials, best value, data. A damaged run is named, with what is wrong."""
    from nids import results

    names = results.run_names(storage)
    if not names:
        console.print(
            f"{storage} holds no runs yet. Make one with: [bold]nids search jobs/quick.toml[/]", highlight=False
        )
        return
    table = Table(box=None, header_style="bold")
    table.add_column("run", overflow="fold", min_width=max(map(len, names)))  # to be typed, so never cut off
    for heading in ("state", "trials", "best", "data"):
        table.add_column(heading)
    for name in names:
        try:
            table.add_row(name, *_cells(results.open_run(storage, name)))
        except UserError as error:
            table.add_row(name, "damaged", "", "", str(error))
    console.print(table, highlight=False)


def _cells(run: Run) -> tuple[str, str, str, str]:
    from nids.results import ranking

    trials, search = run.trials(), run.manifest.job.search
    row = ranking.best(trials, run.direction)
    best = "" if row is None else f"{search.metric} {row['value']:.4f} (trial {row['trial']})"
    ended = int((trials["state"] != "RUNNING").sum())
    return run.state, f"{ended}/{search.trials}", best, run.manifest.data.source
