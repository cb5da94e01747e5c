"""The commands that run a search, or the rest of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nids.cli.options import (
    AddressOption,
    DataOption,
    ResourcesOption,
    RunArgument,
    SetOption,
    StorageOption,
    plain,
    show,
)
from nids.cli.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.search.prepare import PreparedSearch

INTERRUPTED = 130


def search(
    job: Annotated[Path, typer.Argument(help="The job file, such as jobs/quick.toml.", show_default=False)],
    set_: SetOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    name: Annotated[
        str | None, typer.Option(help="Name of the run. Default: the job's name and the time.", show_default=False)
    ] = None,
    address: AddressOption = None,
) -> None:
    """Run the trials of a job file and report the best one."""
    from nids import job_file, results
    from nids.search import session

    console = Console()
    described = job_file.read(job, set_ or ())
    if name is None:
        name = session.default_name(described)
    results.new_run(storage, name)  # what cannot be is said before anything is read
    described, traffic = rows_of(described, data, console)
    console.print(
        f"[bold]{name}[/]: {described.search.trials} trials on {traffic.source}, {len(traffic.label):,} rows, "
        f"{described.folds.used} folds",
        highlight=False,
    )

    def prepared() -> PreparedSearch:
        from nids.search.prepare import prepare

        return prepare(described, traffic, storage, name, console.print)

    _run(prepared, address, storage, console)


def resume(
    run: RunArgument,
    set_: ResourcesOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Resume an interrupted search. Trials that have ended are not run again."""
    from nids import job_file, results

    console = Console()
    opened = results.open_run(storage, run)
    job_file.refuse_all_but_resources(set_ or ())
    if opened.state == "finished":
        console.print(f"{run} is finished: nothing is left to do.")
        show(opened, console)
    else:

        def prepared() -> PreparedSearch:
            from nids.search.prepare import prepare_again

            return prepare_again(opened, storage, data, console.print, set_ or ())

        _run(prepared, address, storage, console)


def _run(prepare: Callable[[], PreparedSearch], address: str | None, storage: str, console: Console) -> None:
    """Run a search and show its results, or how to resume it if it was interrupted."""
    from nids.search import session

    run = session.run_prepared(prepare, address, console)
    show(run, console)
    if run.state != "finished":
        option = "" if storage == "runs" else f" --storage {storage}"
        console.print(f"\nInterrupted. Resume it with: [bold]nids resume {run.name}{option}[/]", highlight=False)
        raise typer.Exit(INTERRUPTED)
    trials = run.trials()
    if not (trials["state"] == "COMPLETE").any():
        # A job server, or a script, is to see that there is no result.
        reason = next(iter(trials["error"].dropna()), "none of them says why")
        console.print(f"\n[bold red]No trial was completed.[/] The first failure: {plain(reason)}", highlight=False)
        raise typer.Exit(1)
