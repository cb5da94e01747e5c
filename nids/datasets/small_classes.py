"""Attack classes of which there are hardly any training rows, merged into one or dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nids.datasets.traffic import only
from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nids.config import Data
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic

OTHER_ATTACKS = "Other attacks"


def without_small_classes(traffic: Traffic, data: Data) -> Traffic:
    """Return training rows with their small classes as a job asks for them.

    Small is a class of attacks with fewer than ``data.smallest_class`` rows, or none. With "merge", it is part of the
    class ``OTHER_ATTACKS``; with "drop", its rows are left out, and it is none of the classes. The label map of the
    result's data set says so: held-out rows that are read by it are classified or left out alike, without deciding
    anything. Rows that are so classified already stay as they are.

    Args:
        traffic: Training rows alone, since they decide which classes are small.
        data: The job's section of that name.

    Raises:
        UserError: With "drop", no class of attacks is left.
    """
    if data.small_classes == "keep":
        return traffic
    classes = traffic.dataset.classes
    counts = np.bincount(traffic.label, minlength=len(classes))
    large = [name for name, count in zip(classes, counts, strict=True) if count >= data.smallest_class]
    dataset = reclassified(traffic.dataset, data, large)
    if dataset is traffic.dataset:
        return traffic
    label_map = dataset.label_maps[0]
    if label_map.classes == (label_map.benign,):
        raise UserError(
            f"{traffic.source}: no class of attacks has as many as {counted(data.smallest_class, 'row')}, so "
            'data.small_classes = "drop" leaves none. Lower data.smallest_class, or merge them ("merge").'
        )
    position = {name: label_map.classes.index(name) for name in label_map.classes}
    position |= {name: -1 - place for place, name in enumerate(label_map.dropped_classes)}
    of_class = [position[name] if name in position else position[OTHER_ATTACKS] for name in classes]
    label = np.array(of_class, dtype=np.int8)[traffic.label]
    return without_dropped(replace(traffic, dataset=dataset, label=label))


def reclassified(dataset: DatasetSpec, data: Data, kept: Collection[str]) -> DatasetSpec:
    """Return a data set of one label map without its classes of attacks, but for those to be kept, as a job asks."""
    match data.small_classes:
        case "merge":
            return _merged(dataset, kept)
        case "drop":
            return _dropped(dataset, kept)
    return dataset


def without_dropped(traffic: Traffic) -> Traffic:
    """Return the rows that are of a class, with the number of the others by the class that was dropped."""
    left_out = traffic.label < 0
    if not left_out.any():
        return traffic
    names = traffic.dataset.label_maps[0].dropped_classes
    counts = np.bincount(-1 - traffic.label[left_out], minlength=len(names))
    dropped = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    return replace(only(traffic, ~left_out), dropped={**traffic.dropped, **dropped})


def dropped_rows(traffic: Traffic) -> dict[str, int]:
    """Return the number of rows of each class that was dropped, which may be none."""
    return {name: traffic.dropped.get(name, 0) for name in traffic.dataset.label_maps[0].dropped_classes}


def in_words(rows_of: Mapping[str, int]) -> str:
    """Return "Worms (44 rows), Shellcode (1 row)"."""
    return ", ".join(f"{name} ({counted(rows, 'row')})" for name, rows in rows_of.items())


def told(begun: DatasetSpec, traffic: Traffic, data: Data) -> str:
    """Return what became of the small classes of training rows, for who starts a search; empty if nothing did.

    Args:
        begun: The data set with all of its classes.
        traffic: What ``without_small_classes`` returned.
        data: The job's section of that name.
    """
    few = f"fewer than {counted(data.smallest_class, 'row')}"
    if traffic.dataset.label_maps[0].dropped:
        return f"{few}, so dropped: {in_words(dropped_rows(traffic))}"
    if merged := [name for name in begun.classes if name not in traffic.dataset.classes]:
        return f"{few}, so part of the class {OTHER_ATTACKS!r}: {', '.join(merged)}"
    return ""


def _merged(dataset: DatasetSpec, kept: Collection[str]) -> DatasetSpec:
    label_map = dataset.label_maps[0]
    stays = {*kept, label_map.benign, OTHER_ATTACKS}
    if stays.issuperset(label_map.classes):
        return dataset
    classes = tuple(dict.fromkeys([*(name for name in label_map.classes if name in stays), OTHER_ATTACKS]))
    class_of = {label: name if name in stays else OTHER_ATTACKS for label, name in label_map.class_of_label.items()}
    return replace(dataset, label_maps=(replace(label_map, classes=classes, class_of=class_of),))


def _dropped(dataset: DatasetSpec, kept: Collection[str]) -> DatasetSpec:
    label_map = dataset.label_maps[0]
    stays = {*kept, label_map.benign}
    if stays.issuperset(label_map.classes):
        return dataset
    class_of = label_map.class_of_label
    left = replace(
        label_map,
        classes=tuple(name for name in label_map.classes if name in stays),
        class_of={label: name for label, name in class_of.items() if name in stays},
        dropped={**(label_map.dropped or {}), **{label: name for label, name in class_of.items() if name not in stays}},
    )
    return replace(dataset, label_maps=(left,))
