"""Arguments and options that several commands have, and what several of them do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nids.errors import UserError
from nids.terminal import styled

if TYPE_CHECKING:
    from rich.console import Console

    from nids.results import Run


def _jobs(incomplete: str) -> list[str]:
    """Complete a job: one that comes with nids, or a file of this folder."""
    from nids import shipped_jobs

    known = [*shipped_jobs.names(), *(path.name for path in sorted(Path().glob("*.toml")))]
    return [name for name in known if name.startswith(incomplete)]


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a run of the storage that is named."""
    from nids import results

    storage = context.params.get("storage") or "runs"
    with suppress(UserError):
        return [name for name in results.run_names(storage) if name.startswith(incomplete)]
    return []


JOB = typer.Argument(
    help="The job file, or the name of one that comes with nids, such as quick.",
    metavar="JOB",
    show_default=False,
    autocompletion=_jobs,
)
RunArgument = Annotated[
    str, typer.Argument(help="Name of the run.", metavar="RUN", show_default=False, autocompletion=complete_run)
]
StorageOption = Annotated[
    str, typer.Option(help="Where runs are stored: a folder, or a URI such as s3://bucket/runs.", envvar="NIDS_STORAGE")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        help="The data file, or a folder or zip archive that holds it. Default: `$NIDS_DATA_DIR`, else the user's "
        "cache.",
        show_default=False,
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        help="Address of a running Ray cluster. Default: `$RAY_ADDRESS`, else this machine.", show_default=False
    ),
]
AgainOption = Annotated[
    bool,
    typer.Option(
        "--again",
        help="Evaluate on the held-out files again and replace the earlier result. Every further evaluation weakens "
        "what it proves.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a key of the job file, such as --set search.trials=4. May be repeated."),
]
ResourcesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override a resource of the job, such as --set resources.gpus_per_trial=0. May be repeated.",
    ),
]


def already_evaluated(what: str) -> UserError:
    """Return the refusal to evaluate on the held-out files once more."""
    return UserError(
        f"{what}, evaluated on the held-out files. Every further evaluation on them weakens the result; use --again to "
        "do it anyway."
    )


def show(run: Run, console: Console, base_rate: float = 0.01) -> None:
    """Print a run's tables, write its page and say where that is."""
    from nids import report

    report.show(run, console, base_rate)
    console.print(f"\nReport: {report.write(run, base_rate)}", highlight=False, soft_wrap=True)


def warn_of_gaps(run: Run, console: Console) -> None:
    """Say what a run's tables lack, before anything is made of what they hold."""
    from nids.results.gaps import gaps_of

    for sentence in gaps_of(run).in_words(run.uri):
        console.print(styled("[yellow]{sentence}[/]", sentence=sentence), highlight=False, soft_wrap=True)
