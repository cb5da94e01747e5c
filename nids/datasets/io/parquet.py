"""A Parquet file → checked chunks of rows."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nids.datasets.io.checks import FileColumns, named_columns
from nids.datasets.io.chunks import Chunk, Reject, allowed, frame
from nids.datasets.io.lines import LARGEST_BLOCK, LONGEST_LINE
from nids.errors import UserError
from nids.parquet_texts import text_columns, text_lengths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

    import pandas as pd

    from nids.datasets.io.checks import Field
    from nids.datasets.schema import DatasetSpec

_BUFFER = 1 << 20


def parquet_chunks(
    name: str, file: IO[bytes], dataset: DatasetSpec, fields: Sequence[Field], rows: int
) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file; arguments and errors as for ``nids.datasets.io.stream.stream``."""
    size = file.seek(0, 2)
    with opened_parquet(file) as (content, schema):
        columns = named_columns(name, [each.strip() for each in schema.names], "the schema", dataset, fields)
        # As the file calls what is read.
        stored = {schema.names[columns.names.index(field.name)]: field.name for field in fields}
        for called, field in zip(stored, fields, strict=True):
            _refuse_type(name, field, schema.field(called).type)
        first = 1
        for batch in batches(name, content, rows, [*stored]):
            table = frame(pa.Table.from_batches([batch]).rename_columns(stored), fields)
            keep = allowed(table, fields)
            numbers = np.arange(first, first + len(table), dtype=np.int64)
            first += len(table)
            rejects = tuple(_reject(columns, table.iloc[i], int(numbers[i])) for i in np.flatnonzero(~keep))
            if rejects:
                table, numbers = table[keep].reset_index(drop=True), numbers[keep]
            read = size * (first - 1) // max(1, content.metadata.num_rows)
            yield Chunk(table, "row", numbers, rejects, columns.unused, read)


@contextmanager
def opened_parquet(file: IO[bytes]) -> Iterator[tuple[pq.ParquetFile, pa.Schema]]:
    """Open a file in Parquet, with its own schema; texts come from it as dictionaries, for ``batches``."""
    # Without these, the columns of a whole row group are loaded at once, and one row group may be the whole file.
    options = {"pre_buffer": False, "buffer_size": _BUFFER}
    schema = pq.read_schema(file)
    file.seek(0)
    with pq.ParquetFile(file, read_dictionary=text_columns(schema), **options) as content:
        yield content, schema


def batches(
    name: str, content: pq.ParquetFile, rows: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in batches of so many, or fewer where texts are long.

    Raises:
        UserError: A text is longer than any of traffic.
    """
    first = 1
    # One column after the other: each needs room for a page, which may be of any size that the file says.
    for batch in content.iter_batches(batch_size=rows, columns=columns, use_threads=False):
        sizes = np.zeros(len(batch), dtype=np.int64)
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            if (of_rows := text_lengths(values)) is not None:
                lengths = of_rows.to_numpy()
                if (lengths >= LONGEST_LINE).any():
                    raise UserError(
                        f"{name}, row {first + int(np.argmax(lengths >= LONGEST_LINE)):,}: column {column} is longer "
                        f"than {LONGEST_LINE - 1:,} bytes, which no value of traffic is. Convert or drop it."
                    )
                sizes += lengths
        at_once = len(batch)
        if sizes.sum() > LARGEST_BLOCK:
            at_once = max(1, LARGEST_BLOCK // int(sizes.max()))
        yield from (batch.slice(start, at_once) for start in range(0, len(batch), at_once))
        first += len(batch)


def _refuse_type(name: str, field: Field, type_: pa.DataType) -> None:
    values = type_.value_type if pa.types.is_dictionary(type_) else type_
    numbers: list[Callable[[pa.DataType], bool]] = [pa.types.is_integer, pa.types.is_boolean]
    fractions = [pa.types.is_floating, pa.types.is_decimal]
    if field.is_text:
        wanted, tests = "text", [pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view]
        if field.known is not None:
            wanted, tests = "labels", [*tests, *numbers]
        if field.of_any_type:
            wanted = "text, numbers or dates"
            tests = [*tests, *numbers, *fractions, pa.types.is_timestamp, pa.types.is_date]
    else:
        wanted, tests = "numbers", [*numbers, *fractions]
    if not any(test(values) for test in tests):
        raise UserError(
            f"{name}: column {field.name} is of type {type_}, but this column holds {wanted}. "
            "Convert it before it is written."
        )


def _reject(columns: FileColumns, row: pd.Series, number: int) -> Reject:
    values = {str(name): str(value) for name, value in row.items()}
    for field in columns.fields:
        if not field.is_text and field.column.missing and math.isnan(row[field.name]):
            values[field.name] = field.column.missing[0]  # what is missing is no fault there
    fault = columns.fault([values.get(name, "") for name in columns.names])
    # A value and its spelling here may be judged differently.
    problem, column, reason = fault or ("value", "", "its values break a rule of the data set")
    return Reject("row", number, column, reason, ",".join(values.values()), problem)
