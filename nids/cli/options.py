"""Arguments and options that several commands have, and what several of them do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nids.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from nids.results import Run

RunArgument = Annotated[str, typer.Argument(help="Name of the run.", show_default=False)]
StorageOption = Annotated[
    str, typer.Option(help="Where runs are kept: a folder, or a URI such as s3://bucket/runs.", envvar="NIDS_STORAGE")
]
DataOption = Annotated[
    Path | None,
    typer.Option(help="The data file, or a folder or zip that holds it. Unsaid: NIDS_DATA_DIR, then the user's cache."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="A running Ray cluster. Unsaid: RAY_ADDRESS, and without it this machine.", show_default=False),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Replace an earlier outcome: the held-out files are looked at anew.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a key of the job file: --set search.trials=4. Any number of times."),
]
ResourcesOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Other resources, for another cluster: --set resources.gpus_per_trial=0."),
]


def looked_at(what: str) -> UserError:
    """Return the refusal to look at the held-out files once more."""
    return UserError(
        f"{what}, and the held-out files were looked at. Each further look makes them worth less; --again takes one."
    )


def show(run: Run, console: Console, base_rate: float = 0.01) -> None:
    """Print a run's tables, write its page and say where that is."""
    from nids import report

    report.show(run, console, base_rate)
    console.print(f"\nReport: {report.write(run, base_rate)}", highlight=False, soft_wrap=True)


def plain(text: str) -> str:
    """Return text without what rich would take for markup."""
    from rich.markup import escape

    return escape(text)
