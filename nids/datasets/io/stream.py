"""Traffic of any size, with or without labels → checked chunks of rows, in memory that does not grow with the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets.io.checks import fields_of
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import is_parquet, opened, refuse_foreign
from nids.datasets.io.parquet import parquet_chunks
from nids.datasets.io.text import text_chunks

if TYPE_CHECKING:
    from collections.abc import Generator

    from nids.datasets.io.chunks import Chunk
    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec

ROWS = 65_536


def stream(path: DataPath, dataset: DatasetSpec, rows: int = ROWS, *, labelled: bool = False) -> Generator[Chunk]:
    """Yield the rows of a file in chunks, in the order of the file.

    The content tells the form of the file, not its name:

    - Parquet: columns by name;
    - separated text whose first line names the features: columns by name, values may stand in double quotes, but hold
      no line breaks;
    - separated text without such a line: the data set's layout; values stand in double quotes if some of the first line
      do;
    - ARFF, JSON lines and logs of Zeek: columns by name; see ``nids.datasets.io.arff``, ``nids.datasets.io.json_lines``
      and ``nids.datasets.io.zeek``.

    Text is UTF-8 and may be compressed by gzip, bzip2, xz or zstd. All other columns are not read, nor are labels
    unless asked for.

    Args:
        path: The file, on disk or inside a zip archive.
        dataset: What the columns mean, and which values they may have.
        rows: Most rows of a chunk; chunks of very long lines have fewer.
        labelled: Whether the file has labels, and the rows are to have them: those that the first label map knows.

    Raises:
        UserError: The file cannot be opened, is damaged or empty, or has not the columns of the data set. A single row
            that cannot be read raises nothing: it is among the chunk's ``rejects``.
    """
    fields = fields_of(dataset, labelled=labelled)
    with opened(path) as file:
        if is_parquet(file):
            yield from parquet_chunks(path.name, file, dataset, fields, rows)
        else:
            with unpacked(file) as content:
                refuse_foreign(path.name, content)
                yield from text_chunks(path.name, content, file, dataset, fields, rows)
