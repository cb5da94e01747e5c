"""The Parquet files of a run, read in bounded memory: a small file can hold one value for each of a billion rows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nids.errors import DamagedFileError
from nids.parquet_texts import text_columns, text_lengths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Bytes of what is read, as Arrow holds it: of a part of a table, whose hundred trials take a few MB, and of any other
# file, such as the predictions of some million rows.
LARGEST_PART, LARGEST_FILE = 1 << 29, 1 << 31
# Bytes of all parts of a table together, of which a hundred thousand trials take about half.
LARGEST_TABLE = 1 << 32
# What this program writes with. Others pack equal bytes a thousand times denser than that.
_CODECS = {"SNAPPY", "UNCOMPRESSED"}
_MOST_COLUMNS = 10_000
# Of a value by its type in the file; of a text, those that tell where it ends.
_BITS = {"BOOLEAN": 1, "INT32": 32, "FLOAT": 32, "INT64": 64, "DOUBLE": 64}
_LEAST_BITS = 32
# Of what is found at once in the description of the file, bytes of a text and parts of a list.
_LONGEST_TEXT, _LONGEST_LIST = 1 << 24, 1 << 20
# Rows that are read at once: a few, as each may have a long text.
_ROWS = 1_024


def read_table(content: bytes, most: int) -> pa.Table:
    """Return the table of a Parquet file.

    Args:
        content: The file's content.
        most: Bytes that the table may take.

    Raises:
        ArrowException: It is no Parquet file, or damaged.
        ValueError: Its table takes more, or may take more.
    """
    with _opened(content) as file:
        _check(file, most)
        schema = file.schema_arrow
        for field in schema:
            if not _is_written(field.type):
                raise ValueError(f"its column {field.name} is of type {field.type}, which no file of a run has")
    with _opened(content, text_columns(schema)) as file:
        return pa.concat_tables([schema.empty_table(), *_batches(file, schema, most)])


def bounded(parts: Iterable[pa.Table], path: str) -> Iterator[pa.Table]:
    """Yield the parts of a table, which together may take ``LARGEST_TABLE``.

    Raises:
        DamagedFileError: They take more; ``path`` tells of which table.
    """
    taken = 0
    for part in parts:
        taken += part.nbytes
        if taken > LARGEST_TABLE:
            raise DamagedFileError(
                f"{path}: its parts take more than {LARGEST_TABLE / 2**30:,.0f} GiB, which no search makes. "
                "Copy the run again."
            )
        yield part


def _opened(content: bytes, dictionaries: list[str] | None = None) -> pq.ParquetFile:
    return pq.ParquetFile(
        io.BytesIO(content),
        read_dictionary=dictionaries,
        pre_buffer=False,
        thrift_string_size_limit=_LONGEST_TEXT,
        thrift_container_size_limit=_LONGEST_LIST,
    )


def _check(file: pq.ParquetFile, most: int) -> None:
    """Raise a ValueError for what the description of a file already tells."""
    about = file.metadata
    if about.num_columns > _MOST_COLUMNS:
        raise ValueError(f"it has {about.num_columns:,} columns")
    leaves = [file.schema.column(i) for i in range(about.num_columns)]
    bits = 0
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for i, leaf in enumerate(leaves):
            chunk = group.column(i)
            if chunk.compression not in _CODECS or min(chunk.num_values, group.num_rows) < 0:
                raise ValueError("it is packed in another way than this program's files")
            bits += max(chunk.num_values, group.num_rows) * _BITS.get(leaf.physical_type, _LEAST_BITS)
            if leaf.max_repetition_level and leaf.physical_type not in _BITS:
                # Of lists of texts, there are no dictionaries to look at; each text may be all that its column has.
                bits += 8 * chunk.total_uncompressed_size * (chunk.num_values if chunk.has_dictionary_page else 1)
    if bits / 8 > most:
        raise ValueError(f"its {about.num_rows:,} rows take more than {most / 2**20:,.0f} MiB")


def _batches(file: pq.ParquetFile, schema: pa.Schema, most: int) -> Iterator[pa.Table]:
    taken = 0
    for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
        taken += sum(map(_bytes_of, batch.columns))
        if taken > most:
            raise ValueError(f"its rows take more than {most / 2**20:,.0f} MiB")
        columns = [pc.cast(each, type_) for each, type_ in zip(batch.columns, schema.types, strict=True)]
        yield pa.table(columns, schema=schema)


def _bytes_of(values: pa.Array) -> int:
    """Return the bytes that values take, those of a dictionary once they stand for themselves."""
    lengths = text_lengths(values)
    return int(values.nbytes) if lengths is None else 4 * len(values) + (pc.sum(lengths).as_py() or 0)


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _is_written(type_: pa.DataType) -> bool:
    """Return whether a column of that type can be of this program; its texts are counted before they are made."""
    if pa.types.is_dictionary(type_):
        return _is_text(type_.value_type)
    while pa.types.is_list(type_):
        type_ = type_.value_type
        if pa.types.is_struct(type_):
            return all(_is_value(field.type) for field in type_)
    return _is_value(type_)


def _is_value(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_timestamp)
    return _is_text(type_) or any(is_kind(type_) for is_kind in kinds)
