"""The data sets by name, found in ``nids.datasets.catalog``: its Python modules, and its descriptions in TOML."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nids.datasets import catalog, description
from nids.datasets.traffic import Traffic
from nids.errors import UserError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import pandas as pd

    from nids.datasets.labels import LabelMap
    from nids.datasets.schema import DatasetSpec


def names() -> tuple[str, ...]:
    """Return the names of all data sets, sorted."""
    return tuple(sorted({*find(), *described()}))


def shipped() -> list[DatasetSpec]:
    """Return all data sets, sorted by name."""
    return [get(name) for name in names()]


def get(name: str) -> DatasetSpec:
    """Return a data set by its name, or by the path of the TOML file that describes it.

    Raises:
        UserError: There is no such data set, or the file describes none.
    """
    if description.is_description(name):
        dataset = description.read(Path(name))
        if dataset.name in names():
            raise UserError(f"{name}: there is a data set {dataset.name} already. Give another name.")
        return dataset
    if name in described():
        return described()[name]
    if name not in find():
        raise UserError(
            unknown(name, "data set", names()) + " For your own files, `nids data describe FILE` writes a description."
        )
    known: DatasetSpec = find()[name].DATASET
    return known


def other_label_maps(dataset: DatasetSpec) -> tuple[LabelMap, ...]:
    """Return the other label maps of a shipped data set with the classes of its first one.

    They know the labels that it knows, and give some of them another one of the classes.
    """
    if dataset.name not in names() or dataset.attack_column:
        return ()
    first = dataset.label_maps[0]
    return tuple(
        each
        for each in get(dataset.name).label_maps
        if each.name != first.name
        and (each.classes, each.benign) == (first.classes, first.benign)
        and {*first.positions} <= {*each.positions}
    )


def is_generated(dataset: DatasetSpec) -> bool:
    """Return whether the rows of a data set are generated here, and so are in no file."""
    return _generator(dataset) is not None


def generate(dataset: DatasetSpec, rows: int, seed: int) -> Traffic:
    """Return rows of a generated data set, labelled by its first label map.

    Raises:
        UserError: There are too few rows for all classes.
    """
    generator = _generator(dataset)
    assert generator is not None, dataset.name
    table = generator(rows, seed)
    source = f"{dataset.name} (synthetic, {rows} rows, seed {seed})"
    return Traffic.from_table(table, dataset.labelled_by(), source, _sha256(table, dataset))


def _generator(dataset: DatasetSpec) -> Callable[[int, int], pd.DataFrame] | None:
    return getattr(find().get(dataset.name), "generate", None)


@cache
def find() -> dict[str, ModuleType]:
    """Return the module of each data set that has one, by the data set's name."""
    modules = [
        importlib.import_module(f"{catalog.__name__}.{module.name}")
        for module in pkgutil.iter_modules(catalog.__path__)
    ]
    return {module.DATASET.name: module for module in modules}


@cache
def described() -> dict[str, DatasetSpec]:
    """Return each data set of the catalog that a TOML file describes, by its name, which is the file's too."""
    paths = (path for folder in catalog.__path__ for path in sorted(Path(folder).glob(f"*{description.SUFFIX}")))
    return {path.stem: description.read(path) for path in paths}


def _sha256(table: pd.DataFrame, dataset: DatasetSpec) -> str:
    """Return the hash of all values, column by column."""
    digest = hashlib.sha256()
    for name in (*(column.name for column in dataset.columns), *dataset.labels, *dataset.context_columns):
        values = table[name]
        is_text = values.dtype.kind != "f"
        digest.update("\n".join(values).encode() if is_text else values.to_numpy("<f8").tobytes())
    return digest.hexdigest()
