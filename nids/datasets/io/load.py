"""A data file → labelled rows, or one message about the first thing that is wrong in it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv

from nids.datasets.io.content import load
from nids.datasets.io.faults import first_fault
from nids.datasets.schema import Traffic
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from nids.datasets.io.content import Content, DataPath
    from nids.datasets.schema import Dataset


def read(path: DataPath, dataset: Dataset, class_map: str | None = None) -> Traffic:
    """Return the rows of a file: comma-separated text, also with CRLF, a byte-order mark or in gzip.

    Args:
        path: The file, on disk or inside a zip archive.
        dataset: What its columns mean.
        class_map: Name of the preset that says which attack belongs to which class; ``None`` for the default.

    Raises:
        UserError: There is no such class map, the file is not what its name says, or a value breaks a rule of
            its column; the message then names file, line, column, value, rule and remedy.
    """
    classes = dataset.class_map(class_map)
    content = load(path)
    _refuse_another_files_name(content, dataset)
    try:
        table = _parse(content, dataset)
        if not _is_valid(table, dataset, classes):
            raise pa.ArrowInvalid("a value breaks a rule of its column")
    except pa.ArrowInvalid as error:
        raise first_fault(content, dataset, classes) or UserError(f"{content.name}: {error}") from error
    label_of = {attack: dataset.classes.index(name) for attack, name in classes.items()}
    known = dataset.file_with(content.sha256)
    return Traffic(
        dataset=dataset,
        source=known.name if known else content.name,
        features=table[[feature.name for feature in dataset.features]],
        attack=table["attack"],
        label=table["attack"].map(label_of).to_numpy(np.int8),
        sha256=content.sha256,
    )


def _refuse_another_files_name(content: Content, dataset: Dataset) -> None:
    named, known = dataset.file_at(content.name), dataset.file_with(content.sha256)
    if named and known and named != known:
        raise UserError(
            f"{content.name}: has the content of {known.filename} (SHA-256 {content.sha256[:12]}…), not of "
            f"{named.filename}. Rename it to {known.filename}, or copy or download {named.filename} again."
        )


def _parse(content: Content, dataset: Dataset) -> pd.DataFrame:
    """Return all columns of the file; numeric ones are float64, the others str.

    Raises:
        pa.ArrowInvalid: Lines differ in their number of columns, or a numeric column holds anything else.
    """
    first_line = re.match(rb"[^\r\n]*", content.data.lstrip())
    width = first_line[0].count(b",") + 1 if first_line else 0
    columns = next((layout for layout in dataset.layouts if len(layout) == width), None)
    if columns is None:
        raise pa.ArrowInvalid(f"no layout has {width} columns")
    texts = {"attack", *(feature.name for feature in dataset.categorical)}
    table: pd.DataFrame = pyarrow.csv.read_csv(
        io.BytesIO(content.data),
        read_options=pyarrow.csv.ReadOptions(column_names=columns),
        parse_options=pyarrow.csv.ParseOptions(quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: pa.string() if name in texts else pa.float64() for name in columns},
            null_values=[],
            strings_can_be_null=False,
        ),
    ).to_pandas()
    return table.assign(**{name: table[name].str.strip() for name in texts})


def _is_valid(table: pd.DataFrame, dataset: Dataset, classes: Mapping[str, str]) -> bool:
    return (
        bool(table["attack"].isin(list(classes)).all())
        and all(bool((table[feature.name] != "").all()) for feature in dataset.categorical)
        and all(bool(feature.allows(table[feature.name].to_numpy()).all()) for feature in dataset.numeric)
        and all(bool(np.isfinite(table[name]).all()) for name in dataset.dropped if name in table)
    )
