"""The ``nids`` command. What is slow to import stands inside the commands that need it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from nids.cli import bench, cluster, dashboard, data, evaluate, jobs, runs, score, search
from nids.cli.options import plain
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

app = typer.Typer(
    help="""Hyperparameter search for network intrusion detection: many trials on a Ray cluster, evaluated by
    leak-free cross-validation.

    A first search: [bold]nids search jobs/quick.toml[/]. It ends with the best trial, its results for every class and
    a report page. It can be interrupted at any time and resumed with [bold]nids resume[/].""",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    search.search,
    search.resume,
    runs.report,
    runs.runs,
    dashboard.dashboard,
    evaluate.baselines,
    evaluate.finalize,
    evaluate.correlate,
    evaluate.leakage,
    score.score,
    jobs.submit,
    bench.bench,
):
    app.command()(command)


def _group(name: str, help_: str, commands: Mapping[str, Callable[..., None]]) -> None:
    group = typer.Typer(help=help_, no_args_is_help=True, rich_markup_mode="rich")
    for command_name, command in commands.items():
        group.command(command_name)(command)
    app.add_typer(group, name=name)


_group("data", "Download data sets and check data files.", {"fetch": data.fetch, "check": data.check})
_group(
    "jobs",
    "List, follow and stop jobs that were submitted to a cluster.",
    {"list": jobs.list_, "status": jobs.status, "logs": jobs.logs, "stop": jobs.stop},
)
_group("cluster", "Start a cluster on this machine.", {"local": cluster.local})


def main() -> None:
    """Run the command; what a user can put right is said in a message, without a traceback."""
    from nids.models import backend

    backend.before_import()
    try:
        app()
    except UserError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
