"""The commands that get data sets and look at data files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


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
    file: Annotated[Path, typer.Argument(help="The data file: text, or text compressed by gzip.", show_default=False)],
    dataset: Annotated[str, typer.Option(help="The data set whose rules apply.")] = "nsl-kdd",
    class_map: Annotated[
        str | None, typer.Option(help="Preset that says which attack belongs to which class.", show_default=False)
    ] = None,
) -> None:
    """Check a data file: is it valid, how many rows has each class and attack, and what is odd about it."""
    from nids import datasets
    from nids.datasets import describe

    describe.show(describe.check(file, datasets.get(dataset), class_map), Console())
