"""The runs of a storage, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from nids.errors import UserError
from nids.results import open_run, ranking, run_names

if TYPE_CHECKING:
    from rich.console import Console

    from nids.results import Run


def show(storage: str, console: Console) -> None:
    """Print a line for each run: state, trials, best value, data. A damaged run is named, with what is wrong."""
    names = run_names(storage)
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
            table.add_row(name, *_cells(open_run(storage, name)))
        except UserError as error:
            table.add_row(name, "damaged", "", "", str(error))
    console.print(table, highlight=False)


def _cells(run: Run) -> tuple[str, str, str, str]:
    trials = run.trials()
    search = run.manifest.job.search
    row = ranking.best(trials, run.direction)
    best = "" if row is None else f"{search.metric} {row['value']:.4f} (trial {row['trial']})"
    ended = int((trials["state"] != "RUNNING").sum())
    return run.state, f"{ended}/{search.trials}", best, run.manifest.data.source
