"""What a description of a data set says, as the TOML that ``nids.datasets.description`` reads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nids.datasets.column import Column
    from nids.datasets.labels import LabelMap

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def quoted(text: str) -> str:
    """Return a text as TOML has it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def quoted_list(texts: Iterable[str]) -> str:
    """Return a list of texts as TOML has it."""
    return f"[{', '.join(map(quoted, texts))}]"


def column_line(name: str, column: Column, comment: str = "") -> str:
    """Return the line of a column, whose name in the file may be another one than the column's own."""
    return f"{quoted(name)} = {{ {', '.join(_keys(column))} }}" + (f" # {comment}" if comment else "")


def label_map_lines(label_map: LabelMap) -> Iterator[str]:
    """Yield the lines of a label map, and an empty one at the end."""
    name = label_map.name if _BARE.fullmatch(label_map.name) else quoted(label_map.name)
    yield f"[label_maps.{name}]"
    yield f"benign = {quoted(label_map.benign)}"
    if label_map.class_of is None:
        yield f"classes = {quoted_list(label_map.classes)}"
    else:
        yield f"[label_maps.{name}.classes]"
        for each in label_map.classes:
            labels = [label for label, of_label in label_map.class_of.items() if of_label == each]
            yield f"{quoted(each)} = {quoted_list(labels)}"
    yield ""


def _keys(column: Column) -> Iterator[str]:
    yield f"kind = {quoted(column.kind)}"
    for key in ("minimum", "maximum"):
        bound = getattr(column, key)
        if bound is not None:
            yield f"{key} = {float(bound)!r}".removesuffix(".0")
    if column.transform:
        yield f"transform = {quoted(column.transform)}"
    if column.missing:
        yield f"missing = {quoted_list(column.missing)}"
