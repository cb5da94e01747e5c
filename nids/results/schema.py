"""The tables of a run: their columns and types."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nids.training.timer import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nids.metrics.measure import Direction

FORMAT = 4
# Formats that are read. In 3, some columns had other names.
READABLE = (3, 4)
_RENAMED = {
    old + suffix: new + suffix
    for old, new in (
        ("unseen_flagged", "unseen_detection_rate"),
        ("unseen_recognized", "unseen_recall"),
        ("false_alarms", "false_alarm_rate"),
    )
    for suffix in ("", "_std")
}
_ADDED = {"system_attrs"}  # to tables, without a new format
# The measures of runs whose manifest does not name them, with their directions.
UNNAMED_MEASURES: Mapping[str, Direction] = MappingProxyType(
    {
        "log_loss": "min",
        "accuracy": "max",
        "macro_f1": "max",
        "weighted_precision": "max",
        "weighted_recall": "max",
        "weighted_f1": "max",
        "unseen_macro_f1": "max",
        "unseen_detection_rate": "max",
        "unseen_recall": "max",
        "false_alarm_rate": "min",
    }
)
TRIALS_A_PART = 100

# What a fold's epoch took: in all, and by part.
SECONDS = ("seconds", *(f"{part}_seconds" for part in PARTS))

Rows = dict[str, list[dict[str, Any]]]

_TIME = pa.timestamp("ms", tz="UTC")
_SCHEMAS: dict[str, list[tuple[str, pa.DataType]]] = {
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
        ("flagged", pa.int64()),
        ("recognized", pa.int64()),
    ],
    "curves": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("epoch", pa.int32()),
        ("training_loss", pa.float64()),
    ],
}
TABLES = tuple(_SCHEMAS)


def part_name(number: int) -> str:
    """Return the file name of a table's part, the one of trials from ``number × TRIALS_A_PART`` on."""
    return f"part-{number:05d}.parquet"


def with_present_names(table: pa.Table) -> pa.Table:
    """Return a table in which columns that an earlier format called otherwise have their present names."""
    return table.rename_columns([_RENAMED.get(name, name) for name in table.column_names])


def in_present_form(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a part of a table as the present format has it; a column that is newer is empty.

    Raises:
        ValueError: A column is missing or has another type.
    """
    table = with_present_names(table)
    for name in _ADDED.intersection(schema.names).difference(table.column_names):
        table = table.add_column(schema.get_field_index(name), name, pa.nulls(len(table), schema.field(name).type))
    return table.cast(schema)


def schemas(space: Mapping[str, Any], measures: Iterable[str]) -> dict[str, pa.Schema]:
    """Return the schema of each table of a run.

    Args:
        space: As in its manifest; gives the columns ``params_…``.
        measures: Names of those that its folds were judged by, as in its manifest; each has columns.
    """
    figures = [(name, pa.float64()) for name in measures]
    means = [(name + suffix, kind) for name, kind in figures for suffix in ("", "_std")]
    kinds = {"FloatDistribution": pa.float64(), "IntDistribution": pa.int64()}
    params = []
    for name, distribution in space.items():
        choices = distribution["attributes"].get("choices", ())
        params.append((f"params_{name}", pa.array(choices).type if choices else kinds[distribution["name"]]))
    seconds = [(name, pa.float64()) for name in SECONDS]
    columns = {
        **_SCHEMAS,
        "trials": _SCHEMAS["trials"] + means + params,
        "curves": _SCHEMAS["curves"] + figures + seconds,
    }
    return {table: pa.schema(columns[table]) for table in TABLES}
