"""The tables of a run: their columns and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from optuna.distributions import CategoricalDistribution, IntDistribution

from nids.search_space import all_held
from nids.training.timer import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optuna.distributions import BaseDistribution

    from nids.search_space import Space

# What columns of format 3 are called today.
PRESENT_NAMES = {
    old + suffix: new + suffix
    for old, new in (
        ("unseen_flagged", "unseen_detection_rate"),
        ("unseen_recognized", "unseen_recall"),
        ("false_alarms", "false_alarm_rate"),
    )
    for suffix in ("", "_std")
} | {"flagged": "detected", "recognized": "correct"}
_ADDED = {"system_attrs", "duplicate_of"}  # to tables, without a new format
TRIALS_A_PART = 100

# What a fold's epoch took: in all, and by part.
SECONDS = ("seconds", *(f"{part}_seconds" for part in PARTS))

Rows = dict[str, list[dict[str, Any]]]

_TIME = pa.timestamp("ms", tz="UTC")
_COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    "trials": [
        ("trial", pa.int32()),
        ("state", pa.string()),
        ("value", pa.float64()),
        ("best_epoch", pa.int32()),
        ("epochs", pa.int32()),
        ("started", _TIME),
        ("ended", _TIME),
        ("seconds", pa.float64()),
        ("error", pa.string()),
        ("duplicate_of", pa.int32()),  # the trial at the same point, whose result it has without having been trained
        ("system_attrs", pa.string()),  # what the sampler noted of an ended trial, as JSON
    ],
    "classes": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("class", pa.string()),
        ("precision", pa.float64()),
        ("recall", pa.float64()),
        ("f1", pa.float64()),
        ("false_positive_rate", pa.float64()),
        ("support", pa.int64()),
    ],
    "confusions": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("actual", pa.string()),
        ("predicted", pa.string()),
        ("count", pa.int64()),
    ],
    "attacks": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("attack", pa.string()),
        ("class", pa.string()),
        ("unseen", pa.bool_()),
        ("rows", pa.int64()),
        ("detected", pa.int64()),
        ("correct", pa.int64()),
    ],
    "curves": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("epoch", pa.int32()),
        ("training_loss", pa.float64()),
    ],
}
TABLES = tuple(_COLUMNS)


def part_name(number: int) -> str:
    """Return the file name of a table's part, the one of trials from ``number × TRIALS_A_PART`` on."""
    return f"part-{number:05d}.parquet"


def with_present_names(table: pa.Table) -> pa.Table:
    """Return a table in which columns that an earlier format called otherwise have their present names."""
    return table.rename_columns([PRESENT_NAMES.get(name, name) for name in table.column_names])


def in_present_form(table: pa.Table, schema: pa.Schema, space: Space) -> pa.Table:
    """Return a part of a table as the present format has it; a column that is newer is empty.

    Raises:
        KeyError: A column is missing.
        ValueError: A column has another type, or has hyperparameters that are not in the space.
    """
    table = with_present_names(table)
    for name in _ADDED.intersection(schema.names).difference(table.column_names):
        table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
    table = table.select(schema.names).cast(schema)
    for name, distribution in space.items():
        column = f"params_{name}"
        if column in schema.names and not all_held(distribution, table[column]):
            raise ValueError(f"the column {column} has a value that is not in the search space")
    return table


def schemas(space: Space, measures: Iterable[str]) -> dict[str, pa.Schema]:
    """Return the schema of each table of a run: its measures and its space have columns of their own."""
    names = list(measures)
    own = {
        "trials": [
            *((name + suffix, pa.float64()) for name in names for suffix in ("", "_std")),
            *((f"params_{name}", _type_of(distribution)) for name, distribution in space.items()),
        ],
        "curves": [(name, pa.float64()) for name in (*names, *SECONDS)],
    }
    return {table: pa.schema([*columns, *own.get(table, ())]) for table, columns in _COLUMNS.items()}


def _type_of(distribution: BaseDistribution) -> pa.DataType:
    if isinstance(distribution, CategoricalDistribution):
        return pa.array(distribution.choices).type
    return pa.int64() if isinstance(distribution, IntDistribution) else pa.float64()
