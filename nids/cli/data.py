"""The commands that get data sets and look at data files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from nids.datasets.describe import Check


def fetch(
    dataset: Annotated[str, typer.Argument(help="Name of the data set.")] = "nsl-kdd",
    source: Annotated[
        Path | None, typer.Option("--from", help="A file, folder or zip to take it from instead of the network.")
    ] = None,
) -> None:
    """Fetch a data set into the user's cache, checked against its known hashes."""
    from nids import datasets
    from nids.datasets import fetch as fetching

    console = Console()
    for path in fetching.fetch(datasets.get(dataset), source=source, console=console):
        console.print(str(path), highlight=False, soft_wrap=True)


def check(
    file: Annotated[Path, typer.Argument(help="The data file: text (gzip is fine) or Parquet.", show_default=False)],
    dataset: Annotated[str, typer.Option(help="The data set whose rules apply.")] = "nsl-kdd",
    class_map: Annotated[
        str | None,
        typer.Option(
            help="Label map, which says what attack belongs to which class. Default: the first.", show_default=False
        ),
    ] = None,
) -> None:
    """Check a data file: is it valid, how many rows has each class and attack, and what is odd about it."""
    from nids import datasets
    from nids.datasets.describe import check as check_file

    show(check_file(file, datasets.get(dataset), class_map), Console())


def show(check: Check, console: Console) -> None:
    """Print what a check found."""
    console.print(escape(f"{check.name}: {check.rows:,} rows, {check.identity}\nSHA-256 {check.sha256}"))
    classes = Table("class", title="Classes")
    classes.add_column("rows", justify="right")
    classes.add_column("share", justify="right")
    for name, rows in check.classes.items():
        classes.add_row(name, f"{rows:,}", f"{rows / check.rows:.2%}")
    attacks = Table("class", "attack", title="Attacks")
    attacks.add_column("rows", justify="right")
    for (class_name, attack), rows in check.attacks.items():
        attacks.add_row(class_name, attack, f"{rows:,}")
    console.print(classes, attacks)
    console.print("Odd, but readable:" if check.oddities else "Nothing odd was found.")
    for oddity in check.oddities:
        console.print(escape(f"  - {oddity}"))
