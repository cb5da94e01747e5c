"""A data file of which nothing is known yet → all its values as text, in batches."""

from __future__ import annotations

import csv
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nids.datasets.io.checks import numbered
from nids.datasets.io.chunks import TextBatches
from nids.datasets.io.compression import unpacked
from nids.datasets.io.content import is_parquet, opened, refuse_foreign
from nids.datasets.io.lines import lines_of
from nids.datasets.io.parquet import batches, opened_parquet
from nids.datasets.io.self_describing import opening_of
from nids.datasets.io.text_batches import ROWS, distinct, names_itself, of_opening, of_separated
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow.parquet as pq

    from nids.datasets.io.content import DataPath


def text_batches(path: DataPath, names: Sequence[str] = ()) -> TextBatches:
    """Open a file in any form that ``nids.datasets.io.stream.stream`` reads, to look at all of it in bounded memory.

    It is closed with the last batch.

    Args:
        path: The file, on disk or inside a zip archive.
        names: Names of the columns, where the file does not tell them; none: it does.

    Raises:
        UserError: The file cannot be read or does not name its columns; or, from the batches, has a line that cannot be
            read.
    """
    steps = _source_and_batches(path, names)
    source: TextBatches = next(steps)
    return replace(source, batches=steps)


def _source_and_batches(path: DataPath, names: Sequence[str]) -> Iterator[Any]:
    """Yield what is known of a file at first, and then its batches: errors of who takes them are not the file's."""
    with opened(path) as file:
        if is_parquet(file):
            with opened_parquet(file) as (content, schema):
                yield from _with_batches(_of_parquet(path, content, schema, names))
            return
        with unpacked(file) as unwrapped:
            refuse_foreign(path.name, unwrapped)
            with closing(lines_of(str(path), unwrapped)) as lines:
                first = next(lines, (1, ""))
                opening = opening_of(str(path), first, lines)
                if opening is None:
                    yield from _with_batches(of_separated(path, first, lines, names))
                else:
                    yield from _with_batches(of_opening(path, opening, names))


def _with_batches(source: TextBatches) -> Iterator[Any]:
    yield source
    yield from source.batches


def names_from(given: str) -> list[str]:
    """Return names of columns from a list with commas, or from a file that has them so or one a line.

    Raises:
        UserError: There are none, or the file cannot be read.
    """
    try:
        text = given if "," in given else Path(given).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--names {given}: cannot be read ({error}). Give names with commas between, or a text file with them."
        ) from None
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    names = [name.strip() for row in rows for name in row if name.strip()]
    if not names:
        raise UserError(f"--names {given}: tells no names. Give them with commas between, or one a line in a file.")
    return numbered(names)


def _of_parquet(path: DataPath, content: pq.ParquetFile, schema: pa.Schema, given: Sequence[str]) -> TextBatches:
    if given:
        raise names_itself(path, "the schema")
    for field in schema:
        if pa.types.is_nested(field.type):
            raise _unlike_text(path, field.name, field.type)
    names = distinct(path, [name.strip() for name in schema.names], "the schema")
    times = frozenset(name for name, type_ in zip(names, schema.types, strict=True) if _is_time(type_))
    return TextBatches(names, ",", "row", times, _parquet_rows(path, content, names))


def _parquet_rows(
    path: DataPath, content: pq.ParquetFile, names: Sequence[str]
) -> Iterator[tuple[np.ndarray, pa.RecordBatch]]:
    first = 1
    for batch in batches(str(path), content, ROWS):
        columns = [_as_text(path, name, values) for name, values in zip(names, batch.columns, strict=True)]
        yield np.arange(first, first + len(batch), dtype=np.int64), pa.record_batch(columns, names)
        first += len(batch)


def _is_time(type_: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(type_) or pa.types.is_date(type_) or pa.types.is_time(type_))


def _as_text(path: DataPath, name: str, values: pa.Array) -> pa.Array:
    """Return values as a text would have them; a flag is 0 or 1, a missing one is empty, and so is a time."""
    if _is_time(values.type):
        return pa.repeat("", len(values))
    try:
        if pa.types.is_duration(values.type):
            raise pa.ArrowNotImplementedError("durations have units")
        numbers = pc.cast(values, pa.int8()) if pa.types.is_boolean(values.type) else values
        return pc.fill_null(pc.cast(numbers, pa.string()), "")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise _unlike_text(path, name, values.type) from None


def _unlike_text(path: DataPath, name: str, type_: pa.DataType) -> UserError:
    return UserError(f"{path}: column {name} is of type {type_}, but columns hold numbers or text. Convert or drop it.")
