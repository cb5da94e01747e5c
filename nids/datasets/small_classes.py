"""Attack classes of which there are hardly any training rows, merged into one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from nids.config import Data
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.traffic import Traffic

OTHER_ATTACKS = "Other attacks"


def with_small_classes_merged(traffic: Traffic, data: Data) -> Traffic:
    """Return training rows with their small classes as a job asks for them.

    With "merge", every class of attacks with fewer than ``data.smallest_class`` rows, or none, is part of the class
    ``OTHER_ATTACKS``. The label map of the result's data set says so: held-out rows that are read by it are classified
    alike, without deciding anything. Rows that are so classified already stay as they are.

    Args:
        traffic: Training rows alone, since they decide which classes are small.
        data: The job's section of that name.
    """
    if data.small_classes == "keep":
        return traffic
    classes = traffic.dataset.classes
    counts = np.bincount(traffic.label, minlength=len(classes))
    large = [name for name, count in zip(classes, counts, strict=True) if count >= data.smallest_class]
    dataset = merged(traffic.dataset, large)
    if dataset is traffic.dataset:
        return traffic
    position = [dataset.classes.index(name if name in dataset.classes else OTHER_ATTACKS) for name in classes]
    return replace(traffic, dataset=dataset, label=np.array(position, dtype=np.int8)[traffic.label])


def merged(dataset: DatasetSpec, kept: Collection[str]) -> DatasetSpec:
    """Return a data set of one label map with its classes of attacks in ``OTHER_ATTACKS``, but for those to be kept."""
    label_map = dataset.label_maps[0]
    stays = {*kept, label_map.benign, OTHER_ATTACKS}
    if stays.issuperset(label_map.classes):
        return dataset
    classes = tuple(dict.fromkeys([*(name for name in label_map.classes if name in stays), OTHER_ATTACKS]))
    class_of = {label: name if name in stays else OTHER_ATTACKS for label, name in label_map.class_of_label.items()}
    return replace(dataset, label_maps=(replace(label_map, classes=classes, class_of=class_of),))
