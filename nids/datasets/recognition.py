"""The public data set that a file is of, or a part of, by the names of its columns and what they hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nids.datasets import registry
from nids.datasets.column import WHOLE
from nids.datasets.io.checks import Field, fields_of
from nids.datasets.label_encoding import is_label_encoded
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from nids.datasets.column import Column
    from nids.datasets.labels import LabelMap
    from nids.datasets.profile import ColumnProfile, Profile
    from nids.datasets.schema import DatasetSpec

# A file is of a data set, or a part of it, from this share of the data set's columns, or of its own, on.
_ENOUGH = 0.8
_FEWEST = 8
_NAMED = 5  # columns that a message names


@dataclass(frozen=True)
class Recognized:
    """What is known of a file.

    Attributes:
        dataset: The data set that it looks like.
        names: The data set's columns and label that are there: the file's name of each by the data set's.
    """

    dataset: DatasetSpec
    names: Mapping[str, str]

    @property
    def columns(self) -> Mapping[str, Column]:
        """What the data set says of the file's columns, by the file's names."""
        return {self.names[each.name]: each for each in self.dataset.columns if each.name in self.names}

    @property
    def missing(self) -> tuple[str, ...]:
        """The data set's columns that the file lacks, and its label if that is not there."""
        names = (*(column.name for column in self.dataset.columns), *self.dataset.labels)
        return tuple(name for name in names if name not in self.names)

    @property
    def label(self) -> str | None:
        """The file's name of the label."""
        return self.names.get(self.dataset.label_column)

    def label_maps(self, labels: Collection[str]) -> tuple[LabelMap, ...]:
        """Return the label maps that know all of some labels."""
        return tuple(each for each in self.dataset.label_maps if None not in self.classes(each, labels).values())

    def classes(self, label_map: LabelMap, labels: Collection[str]) -> dict[str, str | None]:
        """Return the class of each label by one of the label maps, ``None`` if it does not know the label."""
        fields = fields_of(self.dataset.labelled_by(label_map.name), labelled=True)
        field = next(field for field in fields if field.known is not None)
        return {label: label_map.class_of_label.get(field.label(label)) for label in labels}


def with_rows(label_map: LabelMap, classes: Collection[str | None]) -> LabelMap:
    """Return a label map without the classes of which there is no row; as it is, if no two would be left.

    Args:
        label_map: The label map.
        classes: Those of which there is a row.
    """
    left = tuple(name for name in label_map.classes if name in classes or name == label_map.benign)
    if len(left) < 2:
        return label_map
    class_of = {label: name for label, name in label_map.class_of_label.items() if name in left}
    return replace(label_map, classes=left, class_of=None if label_map.class_of is None else class_of)


def recognize(names: Collection[str]) -> Recognized | None:
    """Return the data set of the catalog that a file's columns are those of, with others or not; ``None``: of none."""
    found = [
        (_share(each, names), each)
        for each in (Recognized(dataset, _own_names(dataset, names)) for dataset in registry.shipped())
        if not registry.is_generated(each.dataset)
    ]
    share, best = max(found, key=lambda each: each[0])
    return best if share > 0 else None


def _own_names(dataset: DatasetSpec, names: Collection[str]) -> dict[str, str]:
    """Return the file's names of the data set's columns and labels that are there."""
    found = {}
    for name in (*(column.name for column in dataset.columns), *dataset.labels):
        there = [each for each in (name, *dataset.aliases.get(name, ())) if each in names]
        if there:
            found[name] = there[0]
    return found


def _share(known: Recognized, names: Collection[str]) -> float:
    """Return how many of both's columns are common to both, from 0 to 1; 0 if too few are to tell."""
    common = len(known.columns)
    others = set(names) - set(known.names.values()) - set(known.dataset.ignored)
    own, all_of_both = common + len(others), len(known.dataset.columns) + len(others)
    if common < _FEWEST or common < _ENOUGH * min(own, len(known.dataset.columns)):
        return 0
    return common / all_of_both


def told(known: Recognized, looked: Profile, maps: Sequence[LabelMap], files: int = 1) -> Iterator[str]:
    """Yield what a user should know of a file that was recognized, a sentence each.

    Args:
        known: What it was recognized as.
        looked: What it holds.
        maps: The data set's label maps that know all of its labels.
        files: Number of files.
    """
    dataset, columns = known.dataset, known.columns
    yield f"This looks like {dataset.name}: {len(columns)} of its {counted(len(dataset.columns), 'column')} are there."
    misfits = {name: misfit(column, name, looked.columns[name]) for name, column in columns.items()}
    against = [f"{name} holds {why}" for name, why in misfits.items() if why]
    if known.missing:
        first = ", ".join(known.missing[:_NAMED]) + (" and others" if len(known.missing) > _NAMED else "")
        against.append(f"it lacks {counted(len(known.missing), 'column')} ({first})")
    if known.label is not None and not maps:
        against.append(f"none of its label maps knows all the labels in {known.label}")
    if looked.separator != dataset.separator:
        against.append(f"its values are separated by {looked.separator!r}, not by {dataset.separator!r}")
    if looked.repeated_headers and dataset.repeated_headers == "refuse":
        against.append("lines in the middle name the columns once more")
    if against:
        yield f"As it is, it cannot be read by data.dataset = {dataset.name!r}: {'; '.join(against)}."
        return
    default = maps[0] == dataset.label_maps[0]
    class_map = "" if default else f" and data.class_map = {maps[0].name!r}"
    if files > 1:
        yield (
            f"As it is, each file by itself is read by data.dataset = {dataset.name!r}{class_map}, with --data FILE. "
            "For all of them together, use the description that was written."
        )
        return
    yield (
        f"As it is, it is read by data.dataset = {dataset.name!r}{class_map}, with --data FILE. The description that "
        "was written is for changing something of that."
    )


def misfit(column: Column, name: str, values: ColumnProfile) -> str | None:
    """Return what a file's column holds that a data set's column cannot, in words; ``None`` if there is nothing.

    Args:
        column: The data set's column.
        name: The file's name of it.
        values: What the file's column holds.
    """
    if column.kind == "categorical" and is_label_encoded(name, values.spellings, named=True):
        return "whole numbers where the data set has names: they look label-encoded"
    field = Field(column)
    ends = (f"{end:.17g}" for end in (values.low, values.high) if math.isfinite(end))
    for text in (*sorted(values.texts), *values.missing, *ends):
        if rule := field.broken_rule(text):
            return f"{text!r}, but {rule}"
    return None if values.whole or column.kind not in WHOLE else f"other than whole numbers, but {column.rule}"
