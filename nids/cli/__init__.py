"""The ``nids`` command. What is slow to import stands inside the commands that need it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from nids import interruption, terminal
from nids.cli import bench, cluster, dashboard, data, evaluate, job_files, jobs, run_handling, runs, score, search
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class _Commands(TyperGroup):
    """All commands. What is wrong in a command line is told letter by letter: a shell may have put file names there."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            error.message = terminal.escaped(error.message)
            raise


app = typer.Typer(
    cls=_Commands,
    help="""Hyperparameter search for network intrusion detection: many trials on a Ray cluster, evaluated by
    leak-free cross-validation.

    A first search: `nids search quick`. It ends with the best trial, its results for every class and a report
    page. It can be interrupted at any time and resumed with `nids resume`.

    Exit status: 0 success; 1 the work failed (no trial completed, a job failed); 2 wrong input; 130 ended by Ctrl-C
    (SIGINT), or a search that has to be resumed; 143 ended by SIGTERM.""",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from nids.cli.version import versions_text

        print(versions_text())
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            callback=_print_version,
            is_eager=True,
            help="Print the versions of nids, of Python and of the libraries that results depend on.",
        ),
    ] = False,
) -> None:
    pass


for command in (
    search.search,
    search.resume,
    search.repair,
    runs.report,
    dashboard.dashboard,
    evaluate.baselines,
    evaluate.finalize,
    evaluate.repeat,
    evaluate.correlate,
    evaluate.leakage,
    score.score,
    jobs.submit,
    bench.bench,
):
    app.command()(command)


def _group(
    name: str, help_: str | None, commands: Mapping[str, Callable[..., None]], alone: Callable[..., None] | None = None
) -> None:
    """Add a group of commands; ``alone`` is what it does without one of them, and tells its help."""
    if alone is None:
        group = typer.Typer(help=help_, no_args_is_help=True, rich_markup_mode="markdown")
    else:
        group = typer.Typer(invoke_without_command=True, callback=alone, rich_markup_mode="markdown")
    for command_name, command in commands.items():
        group.command(command_name)(command)
    app.add_typer(group, name=name)


_group(
    "job",
    "Check job files, and describe them to an editor.",
    {"check": job_files.check, "schema": job_files.schema},
)
_group(
    "data",
    "Download data sets, describe your own, and check data files.",
    {"fetch": data.fetch, "describe": data.describe, "check": data.check},
)
_group(
    "runs",
    None,
    {
        "delete": run_handling.delete,
        "rename": run_handling.rename,
        "note": run_handling.note,
        "tag": run_handling.tag,
        "export": run_handling.export,
    },
    alone=runs.runs,
)
_group(
    "jobs",
    "List, follow and stop jobs that were submitted to a cluster.",
    {"list": jobs.list_, "status": jobs.status, "logs": jobs.logs, "stop": jobs.stop},
)
_group("cluster", "Start a cluster on this machine.", {"local": cluster.local})


def main() -> None:
    """Run the command; what a user can put right is said in a message, without a traceback."""
    from nids.cluster import signals
    from nids.models import backend

    terminal.protect()
    backend.before_import()
    signals.before_import()
    try:
        with interruption.errors_told():
            app()
    except UserError as error:
        words = terminal.styled("[bold red]Error:[/] {error}", error=error)
        terminal.TerminalConsole(stderr=True).print(words, highlight=False, soft_wrap=True)
        sys.exit(2)
