"""Texts in Parquet, which stay in the dictionaries of the file until it is known how long they are for all rows.

A few bytes of a file can hold a long text for each of a billion rows.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def text_columns(schema: pa.Schema) -> list[str]:
    """Return the names of the columns of texts or bytes: those that pyarrow can leave so, by ``read_dictionary``."""
    return [field.name for field in schema if _is_text(field.type)]


def text_lengths(values: pa.Array) -> pa.Array | None:
    """Return the bytes of each row's text, of shape (rows,), 0 where there is none.

    It is None for values that are no texts in a dictionary.
    """
    if not (pa.types.is_dictionary(values.type) and _is_text(values.type.value_type)):
        return None
    return pc.fill_null(pc.take(pc.binary_length(values.dictionary), values.indices), 0)


def _is_text(type_: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_kind(type_) for is_kind in kinds)
