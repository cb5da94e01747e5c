"""The commands that make runs and look at them."""

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
        str | None, typer.Option(help="Name of the run. Unsaid: the job's name and the time.", show_default=False)
    ] = None,
    address: AddressOption = None,
) -> None:
    """Search: run the trials of a job file and report the best one."""
    from nids import config, results
    from nids.search import session

    console = Console()
    described = config.read(job, set_ or ())
    if name is None:
        name = session.default_name(described)
    results.new_run(storage, name)  # what cannot be is said before anything is read
    described, traffic = rows_of(described, data, console)
    console.print(
        f"[bold]{name}[/]: {described.search.trials} trials on {traffic.source}, {len(traffic.label):,} rows, "
        f"{described.folds.used} folds",
        highlight=False,
    )

    def prepare() -> PreparedSearch:
        from nids.search import prepare as preparation

        return preparation.prepare(described, traffic, storage, name, console.print)

    _run(prepare, address, storage, console)


def resume(
    run: RunArgument,
    set_: ResourcesOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
) -> None:
    """Go on with an interrupted search. Trials that have ended are not run again."""
    from nids import config, results

    console = Console()
    found = results.open_run(storage, run)
    config.refuse_all_but_resources(set_ or ())
    if found.state == "finished":
        console.print(f"{run} is finished: nothing is left to do.")
        show(found, console)
    else:

        def prepare() -> PreparedSearch:
            from nids.search import prepare as preparation

            return preparation.prepare_again(found, storage, data, console.print, set_ or ())

        _run(prepare, address, storage, console)


def report(
    run: RunArgument,
    base_rate: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of attacks in your traffic: how many alerts would be true there."),
    ] = 0.01,
    storage: StorageOption = "runs",
) -> None:
    """Report: print a run's tables and write its page. The run may still be going on."""
    from nids import results

    show(results.open_run(storage, run), Console(), base_rate)


def runs(storage: StorageOption = "runs") -> None:
    """List the runs of a storage, with their state and their best trial."""
    from nids.results import run_list

    run_list.show(storage, Console())


def _run(prepare: Callable[[], PreparedSearch], address: str | None, storage: str, console: Console) -> None:
    """Run a search and show what it has found; say how an interrupted one is continued."""
    from nids.search import session

    run = session.run_prepared(prepare, address, console)
    show(run, console)
    if run.state != "finished":
        option = "" if storage == "runs" else f" --storage {storage}"
        console.print(f"\nInterrupted. Go on with: [bold]nids resume {run.name}{option}[/]", highlight=False)
        raise typer.Exit(INTERRUPTED)
    trials = run.trials()
    if not (trials["state"] == "COMPLETE").any():
        # A job server, or a script, is to see that there is no result.
        reason = next(iter(trials["error"].dropna()), "none of them says why")
        console.print(f"\n[bold red]No trial was completed.[/] The first failure: {plain(reason)}", highlight=False)
        raise typer.Exit(1)
