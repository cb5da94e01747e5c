"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

# Wider than any table: in a pipe there is no edge at which to cut.
PIPE_WIDTH = 10_000

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only, no progress.")]


def results_console() -> Console:
    """Return the console of results: standard output, as wide as the terminal; anywhere else, nothing is wrapped."""
    console = Console()
    if console.is_terminal or os.environ.get("COLUMNS"):
        return console
    return Console(width=PIPE_WIDTH)


def print_json(content: Any) -> None:
    """Print plain values as JSON; a number that does not exist is null, a time or a path is text."""
    print(json.dumps(_json_values(content), indent=2, default=str, allow_nan=False, ensure_ascii=False))


def _json_values(content: Any) -> Any:
    """Return the same values without those that JSON has no words for."""
    if isinstance(content, dict):
        return {str(key): _json_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_json_values(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and not math.isfinite(content) else content


def print_listing(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> None:
    """Print a list of things, of which nothing is ever cut: a line for each or, where that is too wide, a block.

    Args:
        console: Where to.
        headings: The columns, that of the things' names first.
        rows: The cells, texts without markup.
        numbers: Those of the columns that hold numbers, which stand to the right.
    """
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in numbers else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    if console.measure(table, options=console.options.update_width(PIPE_WIDTH)).maximum <= console.width:
        console.print(table, highlight=False)
        return
    widest = max(map(len, headings))
    for name, *cells in rows:
        console.print(Text(name, style="bold"), soft_wrap=True)
        for heading, cell in zip(headings[1:], cells, strict=True):
            if cell:
                console.print(Text(f"  {heading:{widest}}  {cell}"), soft_wrap=True)
