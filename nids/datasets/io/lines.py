"""The lines of a text, in bounded memory."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from nids.datasets.io.compression import Content

# Bounds of what is held at once, whatever the file is: characters of a line (also the most that the csv module takes
# for a value), and bytes of the lines of a block.
LONGEST_LINE, LARGEST_BLOCK = 131_072, 1 << 26
# Of a file that may name its columns one a line.
MOST_COLUMNS = 10_000


def lines_of(name: str, content: Content) -> Generator[tuple[int, str]]:
    """Yield the lines that are not empty, each with its number from 1; bytes that are no UTF-8 become surrogates.

    Raises:
        UserError: A line is longer than any line of traffic.
    """
    text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline=None)
    try:
        for number in itertools.count(1):
            line = text.readline(LONGEST_LINE)
            if len(line) == LONGEST_LINE:
                raise UserError(
                    f"{name}, line {number}: is longer than {LONGEST_LINE - 1:,} characters, which no line of traffic "
                    "is. Give a Parquet file or a text file with one row a line (gzip is fine)."
                )
            if not line:
                return
            if line != "\n":
                yield number, line
    finally:
        text.detach()  # else it closes the file, which is not its own


def blocks(lines: Iterator[tuple[int, str]], rows: int) -> Iterator[tuple[list[int], list[str]]]:
    """Yield numbers and lines in blocks of so many, or fewer where lines are very long."""
    numbers: list[int] = []
    block: list[str] = []
    size = 0
    for number, line in lines:
        numbers.append(number)
        block.append(line)
        size += len(line) if line.isascii() else 4 * len(line)  # what a character may take
        if len(block) == rows or size > LARGEST_BLOCK:
            yield numbers, block
            numbers, block, size = [], [], 0
    if block:
        yield numbers, block
