"""Tables on a terminal: where one is too wide for it, each row is a block of lines, so that nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from nids.terminal import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.measure import Measurement

# Columns of a terminal that has room for any table.
UNLIMITED = 10_000


def titled_table(title: str) -> Table:
    """Return an empty table of the reports' style."""
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def print_table(
    console: Console, title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1
) -> None:
    """Print a table with a title; words may be wrapped, but neither a word nor a number is cut.

    Args:
        console: Where to.
        title: What stands above it.
        headings: The columns.
        rows: The cells, texts without markup.
        words: How many of the first columns are words. The others are numbers, which stand to the right.
    """
    table, rows = titled_table(title), list(rows)
    least, most = _widths(headings, rows, words)
    room = console.width - sum(least) - 2 * len(least)  # two spaces between columns, and one at each end
    if room < 0:
        console.print(Text(f"\n{title}", style="bold"))
        _print_blocks(console, headings, [(f"{headings[0]} {name}".strip(), *cells) for name, *cells in rows])
        return
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < words else "right")
    for column, width in zip(table.columns, _widened(least, most, room), strict=True):
        column.width = width
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _widths(headings: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> tuple[list[int], list[int]]:
    """Return for each column the width at which no word and no number is cut, and that at which nothing is wrapped."""
    least, most = [], []
    for number, (heading, *cells) in enumerate(zip(headings, *rows, strict=True)):
        whole = cells if number >= words else [word for cell in cells for word in cell.split()]
        lines = [*heading.splitlines(), *(line for cell in cells for line in cell.splitlines())]
        least.append(
            max(map(cell_len, [*heading.split(), *(line for text in whole for line in text.splitlines())]), default=0)
        )
        most.append(max(map(cell_len, lines), default=0))
    return least, most


def _widened(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Return widths that use the room there is, one character at a time, for the column that lacks most."""
    widths = list(least)
    for _ in range(room):
        number = max(range(len(widths)), key=lambda each: most[each] - widths[each])
        if widths[number] >= most[number]:
            break
        widths[number] += 1
    return widths


def print_listing(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()
) -> None:
    """Print a list of things, one to a line where the terminal is wide enough.

    Args:
        console: Where to.
        headings: The columns, that of the things' names first.
        rows: The cells, texts without markup.
        numbers: Those of the columns that hold numbers, which stand to the right.
    """
    rows = [[*map(escaped, row)] for row in rows]  # as they are printed, and so as wide
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in numbers else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    if _measured(console, table).maximum <= console.width:
        console.print(table, highlight=False)
    else:
        _print_blocks(console, headings, rows)


def fits(console: Console, table: Table) -> bool:
    """Return whether a terminal is wide enough for a table, be it that cells are wrapped between words."""
    return _measured(console, table).minimum <= console.width


def _measured(console: Console, table: Table) -> Measurement:
    return console.measure(table, options=console.options.update_width(UNLIMITED))


def _print_blocks(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as its first cell and, below that, a line for each other cell that is not empty."""
    widest = max(map(len, headings))
    for name, *cells in rows:
        console.print(Text(name, style="bold"), soft_wrap=True)
        for heading, cell in zip(headings[1:], cells, strict=True):
            if cell:
                console.print(Text(f"  {heading:{widest}}  {cell}"), soft_wrap=True)
