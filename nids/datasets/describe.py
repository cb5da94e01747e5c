"""What a data file holds, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.datasets.fingerprints import combined, fingerprints
from nids.datasets.held_out_guard import guarded
from nids.datasets.io.archive import data_path
from nids.datasets.io.content import data_files
from nids.datasets.io.load import parts
from nids.datasets.label_encoding import REMARK, has_names_usually, is_label_encoded
from nids.datasets.traffic import joined
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nids.datasets.io.content import DataPath
    from nids.datasets.schema import DatasetSpec
    from nids.datasets.source_file import SourceFile
    from nids.datasets.traffic import Traffic

# Rows of a class below which cross-validation, with the default number of folds, has little of it to judge by.
FEWEST = 10
# Different values of a column of numbers above which they stand for no names.
_FEW_VALUES = 1_000


@dataclass(frozen=True)
class Check:
    """What was found in a data file.

    Attributes:
        name: Name of the file.
        dataset: What its columns were taken for.
        sha256: Of its uncompressed content, hexadecimal.
        identity: Which published file it is, or that it is none.
        rows: Number of rows.
        classes: Rows by class, in the data set's order.
        attacks: Rows by attack with the attack's class, by class and then the most frequent first.
        oddities: What can be read but should be known, a sentence each.
        time: The first and the last time, such as "2017-07-03 08:55:00", or seconds where the file has such; ``None``:
            no column tells the time.
        groups: Number of groups; ``None``: no column tells them.
    """

    name: str
    dataset: DatasetSpec
    sha256: str
    identity: str
    rows: int
    classes: Mapping[str, int]
    attacks: Mapping[tuple[str, str], int]
    oddities: tuple[str, ...]
    time: tuple[str, str] | None = None
    groups: int | None = None


def check(path: DataPath, dataset: DatasetSpec, class_map: str | None = None) -> Check:
    """Return what a file holds.

    Args:
        path: The file, on disk or inside a zip archive, see ``nids.datasets.io.archive.data_path``; or a folder.
        dataset: What its columns mean.
        class_map: Name of the label map; ``None`` for the first.

    Raises:
        UserError: The file cannot be read, see ``nids.datasets.io.load.load``; or it is not a published file, and some
            of its rows are held out.
    """
    spec, source = dataset.led_by(class_map), data_path(path, dataset)
    traffic = joined([part for file in data_files(source) for part in _guarded(file, spec)])
    published = traffic.dataset.file_with(traffic.sha256)
    classes = traffic.dataset.classes
    by_class = np.bincount(traffic.label, minlength=len(classes))
    pairs = pd.DataFrame({"label": traffic.label, "attack": traffic.attack}).value_counts().rename("rows")
    by_attack = pairs.reset_index().sort_values(["label", "rows", "attack"], ascending=[True, False, True])
    return Check(
        name=path.name,
        dataset=traffic.dataset,
        sha256=traffic.sha256,
        identity=_identity((str(path), str(source)), traffic, published),
        rows=len(traffic.label),
        classes=dict(zip(classes, by_class.tolist(), strict=True)),
        attacks={(classes[label], attack): rows for label, attack, rows in by_attack.itertuples(index=False)},
        oddities=(
            *_small_classes(traffic),
            *_label_encoded(traffic),
            *_outside_definition(traffic),
            *_constant(traffic),
            *_repeated(traffic),
        ),
        time=_time(traffic),
        groups=None if traffic.group is None else traffic.group.nunique(),
    )


def _guarded(path: DataPath, dataset: DatasetSpec) -> Iterator[Traffic]:
    """Yield the rows of a file; only a published file may hold rows that are held out."""
    read = list(parts(path, dataset))
    return iter(read) if dataset.file_with(read[0].sha256) else guarded(read, path)


def _identity(names: tuple[str, ...], traffic: Traffic, published: SourceFile | None) -> str:
    if published:
        held_out = ", which is held out: no search may see it" if published.role == "held-out" else ""
        return f"exactly the published {published.filename}{held_out}"
    rows = combined(fingerprints(traffic.features)) if any(file.features for file in traffic.dataset.files) else ""
    if same := next((file for file in traffic.dataset.files if rows and file.features == rows), None):
        return f"the rows of the published {same.filename} in another form"
    named = next(filter(None, map(traffic.dataset.file_at, names)), None)
    if named and not named.sha256:
        return f"which the description {traffic.dataset.name} names"
    if named:
        return f"not the published {named.filename}, whose SHA-256 is {named.sha256}"
    return f"none of the published files of {traffic.dataset.name}"


def _time(traffic: Traffic) -> tuple[str, str] | None:
    if traffic.time is None:
        return None
    first, last = float(traffic.time.min()), float(traffic.time.max())
    if traffic.dated:
        return str(pd.Timestamp(first, unit="s")), str(pd.Timestamp(last, unit="s"))
    return f"{first:.15g}", f"{last:.15g}"


def _small_classes(traffic: Traffic) -> Iterator[str]:
    counts = np.bincount(traffic.label, minlength=len(traffic.dataset.classes))
    by_class = dict(zip(traffic.dataset.classes, counts.tolist(), strict=True))
    if absent := [name for name, rows in by_class.items() if not rows]:
        yield f"classes without a row: {', '.join(absent)}"
    few = [f"{name} ({counted(rows, 'row')})" for name, rows in by_class.items() if 0 < rows < FEWEST]
    if few:
        yield (
            f"classes with hardly any rows: {', '.join(few)}; a class needs a row in each fold, and at least two to be "
            "resampled"
        )


def _label_encoded(traffic: Traffic) -> Iterator[str]:
    for column in traffic.dataset.columns:
        if not has_names_usually(column.name):
            continue
        values = traffic.features[column.name].dropna().unique()
        texts = values if column.kind == "categorical" else [f"{value:g}" for value in values[:_FEW_VALUES]]
        if is_label_encoded(column.name, list(texts)):
            yield f"{column.name} holds {len(texts)} different whole numbers {REMARK}"


def _outside_definition(traffic: Traffic) -> Iterator[str]:
    for feature in traffic.dataset.numeric:
        if feature.kind == "binary":
            values = traffic.features[feature.name]
            for value, rows in values[values > 1].value_counts().sort_index().items():
                yield f"{feature.name} is 0 or 1 by definition, but is {value:.0f} in {counted(rows, 'row')}"


def _constant(traffic: Traffic) -> Iterator[str]:
    constant = traffic.features.loc[:, traffic.features.nunique(dropna=False) == 1]
    if not constant.empty:
        values = (value if isinstance(value, str) else f"{value:g}" for value in constant.iloc[0])
        named = (f"{name} ({value})" for name, value in zip(constant.columns, values, strict=True))
        yield f"the same in all rows: {', '.join(named)}"


def _repeated(traffic: Traffic) -> Iterator[str]:
    vectors = pd.Series(fingerprints(traffic.features))
    if repeated := int(vectors.duplicated().sum()):
        verb = "repeats" if repeated == 1 else "repeat"
        yield f"{counted(repeated, 'row')} {verb} the features of an earlier row"
    attacks = traffic.attack.groupby(vectors.to_numpy()).nunique()
    conflicting = vectors.isin(attacks.index[attacks > 1])
    if conflicting.any():
        yield (
            f"{counted(int(conflicting.sum()), 'row')} conflict: same features, but different attacks "
            f"(groups of such rows: {int((attacks > 1).sum()):,})"
        )
