"""The commands that run a search, or the rest of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nids.cli.options import (
    JOB,
    AddressOption,
    DataOption,
    ResourcesOption,
    RunArgument,
    SetOption,
    StorageOption,
    show,
)
from nids.cli.output import results_console
from nids.command_line import command
from nids.interruption import INTERRUPTED, mark_told
from nids.terminal import styled

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from rich.console import Console

    from nids.evaluation.workspace import Workspace
    from nids.results import Run


def search(
    job: Annotated[Path, JOB],
    set_: SetOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    name: Annotated[
        str | None, typer.Option(help="Name of the run. Default: the job's name and the time.", show_default=False)
    ] = None,
    address: AddressOption = None,
    start_from: Annotated[
        list[str] | None,
        typer.Option(
            "--start-from",
            help="Begin with the point of another run's trial, RUN:TRIAL. May be repeated.",
            show_default=False,
        ),
    ] = None,
    learn_from: Annotated[
        list[str] | None,
        typer.Option(
            "--learn-from", help="Learn from the trials of another run too. May be repeated.", show_default=False
        ),
    ] = None,
) -> None:
    """Run the trials of a job file and report the best one.

    Example: `nids search quick --name first --set search.trials=20`
    """
    from nids import job_file
    from nids.evaluation.workspace import Workspace
    from nids.search import session, starting_points

    console = results_console()
    described = job_file.read(job, set_ or ())
    if learn_from:
        runs = [*dict.fromkeys((*described.search.learn_from, *learn_from))]
        described = job_file.make(
            {**described.model_dump(), "search": {**described.search.model_dump(), "learn_from": runs}},
            source="--learn-from",
        )
    for text in start_from or ():
        described = starting_points.with_point_of_trial(described, text, storage, console)
    chosen = session.default_name(described) if name is None else name

    def searched() -> Run:
        run = session.search(described, storage=storage, name=chosen, data=data, address=address, console=console)
        return _repeated(run, Workspace(storage, console, data, address))

    _run(searched, chosen, storage, console)


def resume(
    run: RunArgument,
    set_: ResourcesOption = None,
    data: DataOption = None,
    storage: StorageOption = "runs",
    address: AddressOption = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials that the search is to have in all. Default: as its job says.", min=1)
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            help="Hours that the search may take in all. Default: as its job says.",
            min=0.001,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Trials in a row without a better one that end it. Default: as its job says.", min=1),
    ] = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Take the run from a driver that cannot be stopped: that driver ends at its next write."
        ),
    ] = False,
) -> None:
    """Resume an interrupted search, or extend a finished one.

    Trials that have ended are not run again, unless their results are lost.

    Example: `nids resume first --trials 40`
    """
    from nids import job_file, results
    from nids.evaluation.workspace import Workspace
    from nids.results.gaps import gaps_of
    from nids.search import session

    console = results_console()
    opened = results.open_run(storage, run)
    job_file.refuse_all_but_resources(set_ or ())
    workspace = Workspace(storage, console, data, address, set_ or ())
    is_extended = not (trials is hours is patience is None)
    if opened.state == "finished" and not is_extended and not gaps_of(opened):
        console.print(f"{run} is finished: nothing is left to do.")
        ended = _repeated(opened, workspace)
        show(ended, console)
        _exit_if_none_is_complete(ended.trials(), console)
        return

    def resumed() -> Run:
        ended = session.resume(
            opened,
            storage=storage,
            overrides=set_ or (),
            most_trials=trials,
            hours=hours,
            patience=patience,
            data=data,
            address=address,
            take_over=take_over,
            console=console,
        )
        return _repeated(ended, workspace)

    _run(resumed, run, storage, console)


def _repeated(run: Run, workspace: Workspace) -> Run:
    """Train the best trials of a search that has ended again, if its job asks for that, and return the run."""
    from nids import results
    from nids.evaluation import repeats
    from nids.results import ranking

    search = run.manifest.job.search
    if not search.repeats or run.state != "finished" or ranking.best(run.trials(), run.direction) is None:
        return run
    repeats.repeat(run, repeats.best(run, search.repeat_best), search.repeats, workspace)
    return results.open_run(workspace.storage, run.name)


def repair(run: RunArgument, storage: StorageOption = "runs") -> None:
    """Make a run's status and study again from its tables, where they were damaged or deleted.

    Parts of tables that cannot be read move to the folder `damaged` of the run; which trials are lost with them is
    said, and `nids resume` runs these again. A manifest cannot be made again: nothing else holds what the run is of.

    Example: `nids repair first`
    """
    from nids import results
    from nids.search.repair import repair as repair_run

    console = results_console()
    sentences = repair_run(results.open_run(storage, run), console.print)
    for sentence in sentences or [f"{run}: nothing is wrong, and nothing was written."]:
        console.print(sentence, highlight=False, soft_wrap=True)


def _run(search: Callable[[], Run], name: str, storage: str, console: Console) -> None:
    """Run a search and show its results, or how to resume it if it was interrupted."""
    from nids import results
    from nids.results import ranking

    try:
        run = search()
    except KeyboardInterrupt:
        if name in results.run_names(storage):
            raise _interrupted(name, storage, console) from None
        console.print("\nInterrupted before the first trial: there is no run yet.", highlight=False)
        mark_told()
        raise typer.Exit(INTERRUPTED) from None
    show(run, console)
    if run.state != "finished":
        raise _interrupted(name, storage, console)
    trials = run.trials()
    _exit_if_none_is_complete(trials, console)
    if ranking.best(trials, run.direction) is not None:
        _say_what_comes_next(name, storage, console)


def _exit_if_none_is_complete(trials: pd.DataFrame, console: Console) -> None:
    """End the command with status 1 if a search has no result, for a job server or a script to see."""
    if not (trials["state"] == "COMPLETE").any():
        reason = next(iter(trials["error"].dropna()), "none of them says why")
        words = styled("\n[bold red]No trial was completed.[/] The first failure: {reason}", reason=reason)
        console.print(words, highlight=False)
        raise typer.Exit(1)


def _interrupted(name: str, storage: str, console: Console) -> typer.Exit:
    """Say how to resume a run, and return the end of the command."""
    words = styled("\nInterrupted. Resume it with: [bold]{command}[/]", command=command(storage, "resume", name))
    console.print(words, highlight=False)
    mark_told()
    return typer.Exit(INTERRUPTED)


def _say_what_comes_next(name: str, storage: str, console: Console) -> None:
    baselines, finalize = (command(storage, verb, name) for verb in ("baselines", "finalize"))
    console.print(
        "\nNext:\n"
        f"  {command(storage, 'dashboard')}\n"
        f"  {baselines}   # is it better than a random forest, on the held-out files too?\n"
        f"  {finalize}   # train it on all rows, evaluate it on the held-out files, save it",
        highlight=False,
        soft_wrap=True,
    )
