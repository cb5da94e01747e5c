"""What the first line of separated text tells: names of the columns, or which of a data set's layouts it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nids.datasets.io.checks import FileColumns, column_count, fields_of, named_columns
from nids.datasets.io.delimited import Delimited, values_of
from nids.datasets.io.numbers import is_number
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from nids.datasets.io.checks import Field
    from nids.datasets.schema import DatasetSpec


def delimited(
    name: str, number: int, line: str, dataset: DatasetSpec, fields: Sequence[Field]
) -> tuple[Delimited, FileColumns, bool]:
    """Return how the lines are read, the columns, and whether the first line names them and so holds no row.

    Args:
        name: Name of the file.
        number: Number of its first line.
        line: That line.
        dataset: What the columns mean.
        fields: Those that are read.

    Raises:
        UserError: The line has not the columns of the data set.
    """
    separator = dataset.separator
    header = [value.strip() for value in values_of(line, separator, quoted=True)]
    # One alone may be a value: "land" is a feature of NSL-KDD, and an attack.
    if len({*header} & {column.name for column in dataset.columns}) >= min(2, len(dataset.columns)):
        columns = named_columns(f"{name}, line {number}", header, f"line {number}", dataset, fields)
        return Delimited(columns.names, separator, quoted=True), columns, True
    _refuse_other_case(f"{name}, line {number}", header, dataset)
    values = plain_values(line, separator)
    layouts = _layouts(dataset, fields)
    if len(values) not in layouts:
        if separator == "," and (other := _other_separator(line, len(values), {len(dataset.columns), *layouts})):
            raise UserError(
                f"{name}, line {number}: its values are separated by {other}, but must be by commas. Convert it, for "
                "example with pandas: read_csv(FILE, sep=…).to_csv(OUT, index=False)."
            )
        if not layouts and sum(map(is_number, header)) < len(header) / 2:
            named_columns(f"{name}, line {number}", header, f"line {number}", dataset, fields)  # tells what is missing
        found = f"{name}, line {number}: found {column_count(values)}, the first one {excerpt(values[0].strip())}"
        raise UserError(f"{found}, but {_expected(dataset, layouts)}")
    columns = FileColumns(layouts[len(values)], f"line {number}", fields)
    return Delimited(columns.names, separator, quoted=is_quoted(line, separator)), columns, False


def with_names(dataset: DatasetSpec, names: Sequence[str]) -> DatasetSpec:
    """Return a data set whose files without a header have columns of these names, in this order, labels or not.

    Raises:
        UserError: A feature is not among them, or is there twice.
    """
    columns = named_columns("--names", names, "--names", dataset, fields_of(dataset, labelled=False)).names
    others = (name for name in (*dataset.labels, *dataset.context_columns) if name not in columns)
    return replace(dataset, layout=(*columns, *others))


def is_quoted(line: str, separator: str) -> bool:
    """Return whether some values of a line that is no header stand in double quotes.

    Whoever quotes texts, as a spreadsheet does, quotes them in each line.
    """
    plain = values_of(line.rstrip("\r\n"), separator, quoted=False)
    return any(len(value) > 1 and value[0] == value[-1] == '"' for value in plain)


def plain_values(line: str, separator: str) -> list[str]:
    """Return the values of a line that is no header."""
    return values_of(line.rstrip("\r\n"), separator, quoted=is_quoted(line, separator))


def _refuse_other_case(location: str, header: Sequence[str], dataset: DatasetSpec) -> None:
    """Raise a UserError if a line names columns of the data set, but in capitals where it has none or the reverse."""
    names = {column.name.casefold(): column.name for column in dataset.columns}
    known = [name for name in header if name.casefold() in names]
    if len(known) >= min(2, len(names)):
        raise UserError(
            f"{location}: names the column {known[0]}, but in {dataset.name} it is {names[known[0].casefold()]}. Give "
            "the columns the data set's names."
        )


def _other_separator(line: str, by_commas: int, widths: Collection[int]) -> str | None:
    """Return the words for what separates the values of a line, None if that is likely a comma."""
    for separator, words in {";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}.items():
        values = len(line.split(separator))
        if values > max(by_commas, 2) and (values in widths or by_commas == 1):
            return words
    return None


def _layouts(dataset: DatasetSpec, fields: Sequence[Field]) -> dict[int, tuple[str, ...]]:
    """Return the columns of files without a header, by their number: what else is at the end may be missing."""
    read = {field.name for field in fields}
    unlabelled = tuple(name for name in dataset.layout if name not in dataset.labels)
    layouts: dict[int, tuple[str, ...]] = {}
    for layout in (dataset.layout, unlabelled):
        for width in range(len(layout), 0, -1):
            if not read <= set(layout[:width]):
                break
            layouts.setdefault(width, layout[:width])
    return layouts


def _expected(dataset: DatasetSpec, layouts: dict[int, tuple[str, ...]]) -> str:
    """Return what a file without a header should have had."""
    if not layouts:
        return f"files of {dataset.name} name their columns in the first line. Add such a line, or give a Parquet file."
    features = {column.name for column in dataset.columns}
    described = []
    for width, layout in sorted(layouts.items()):
        others = [name for name in layout if name not in features]
        described.append(f"{width} ({'with ' + ' and '.join(others) if others else 'the features'})")
    return (
        f"{dataset.name} has {' or '.join(described)}, separated by commas. Give a file in one of these layouts, a "
        "text file whose first line names the columns, or a Parquet file."
    )
