"""What a data set is: its columns, classes and files, and the labelled rows that are read from them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from nids.datasets.published import PublishedResult

Kind = Literal["categorical", "binary", "count", "rate"]
Role = Literal["training", "held-out"]

RULES: Mapping[Kind, str] = {
    "categorical": "categories are not empty",
    "binary": "flags are 0 or 1",
    "count": "counts are whole numbers >= 0",
    "rate": "rates lie between 0 and 1",
}


@dataclass(frozen=True)
class Feature:
    """One column of a data set.

    Attributes:
        name: Name of the column.
        kind: "categorical", "binary", "count" (a whole number >= 0) or "rate" (0 to 1).
        heavy_tailed: Whether the values span orders of magnitude, so that a model should see their logarithm.
    """

    name: str
    kind: Kind
    heavy_tailed: bool = False

    def allows(self, values: np.ndarray) -> np.ndarray:
        """Return which values of a numeric feature may be read, bool of the shape of ``values``.

        A flag above 1 is readable, since NSL-KDD itself holds some; ``nids.datasets.describe`` reports it.
        """
        highest = 1 if self.kind == "rate" else np.finfo(np.float64).max
        within: np.ndarray = (values >= 0) & (values <= highest)
        return within if self.kind == "rate" else within & (values == np.floor(values))


@dataclass(frozen=True)
class SourceFile:
    """One published file of a data set.

    Attributes:
        name: The name that a job gives, such as "KDDTrain+".
        filename: The name on disk, such as "KDDTrain+.txt".
        sha256: Of the uncompressed content, hexadecimal.
        rows: Number of rows.
        role: "training", or "held-out" for a file that no search may see.
    """

    name: str
    filename: str
    sha256: str
    rows: int
    role: Role


@dataclass(frozen=True)
class Dataset:
    """A data set as its authors describe it; the rows themselves are ``Traffic``.

    A file has one column a feature, then the attack's name, then ``dropped``; it has no header.

    Attributes:
        name: Such as "nsl-kdd".
        features: All features, in file order.
        classes: Names of the classes; a label is a position in them.
        class_maps: Named presets from attack name (that of benign traffic included) to class. The first one
            is the default.
        files: The published files; none for a generated data set.
        synthetic: Whether rows are generated rather than captured.
        citation: Where the data come from.
        dropped: Numeric columns after the attack's name that files may have or lack: checked, not kept.
        mirrors: Addresses to download from, in order, with ``{filename}`` in each.
        benign: The class of traffic that is no attack.
        published: Figures that others have published about it.
    """

    name: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    class_maps: Mapping[str, Mapping[str, str]] = field(hash=False)
    files: tuple[SourceFile, ...]
    synthetic: bool
    citation: str
    dropped: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    benign: str = "Normal"
    published: tuple[PublishedResult, ...] = ()

    def __post_init__(self) -> None:
        if self.benign not in self.classes:
            raise ValueError(f"{self.benign!r}, the benign class of {self.name}, is none of {self.classes}")
        for preset, class_map in self.class_maps.items():
            if strange := set(class_map.values()) - set(self.classes):
                raise ValueError(
                    f"class map {preset!r} leads to {sorted(strange)}, which are no classes of {self.name}"
                )

    @property
    def categorical(self) -> tuple[Feature, ...]:
        """Features whose values are names, in file order."""
        return tuple(feature for feature in self.features if feature.kind == "categorical")

    @property
    def numeric(self) -> tuple[Feature, ...]:
        """Features whose values are numbers, in file order."""
        return tuple(feature for feature in self.features if feature.kind != "categorical")

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The columns that a file may have, in order: without and with those that are dropped."""
        kept = (*(feature.name for feature in self.features), "attack")
        return (kept, kept + self.dropped) if self.dropped else (kept,)

    @property
    def benign_label(self) -> int:
        """Position of the benign class among the classes."""
        return self.classes.index(self.benign)

    @property
    def default_class_map(self) -> str:
        """Name of the class map that is used unless another one is asked for."""
        return next(iter(self.class_maps))

    def class_map(self, preset: str | None = None) -> Mapping[str, str]:
        """Return a class map by its name; ``None`` stands for the default.

        Raises:
            UserError: There is no such class map.
        """
        preset = self.default_class_map if preset is None else preset
        if preset not in self.class_maps:
            raise UserError(unknown(preset, f"class map of {self.name}", self.class_maps))
        return self.class_maps[preset]

    def file(self, name: str) -> SourceFile:
        """Return a published file by its name.

        Raises:
            UserError: There is no such file.
        """
        for file in self.files:
            if file.name == name:
                return file
        raise UserError(unknown(name, f"file of {self.name}", [file.name for file in self.files]))

    def file_with(self, sha256: str) -> SourceFile | None:
        """Return the published file with this content, or ``None``."""
        return next((file for file in self.files if file.sha256 == sha256), None)

    def file_at(self, filename: str) -> SourceFile | None:
        """Return the published file that a file is named after, compressed or not, or ``None``."""
        name = filename.casefold().removesuffix(".gz")
        return next((file for file in self.files if file.filename.casefold() == name), None)


@dataclass(frozen=True, eq=False)
class Traffic:
    """Labelled rows.

    Attributes:
        dataset: What the rows belong to.
        source: Such as "KDDTrain+" or "nsl-kdd-sample (synthetic, 6000 rows, seed 0)".
        features: Table of shape (rows, features), columns in the data set's order; numeric ones are float64,
            categorical ones str.
        attack: Name of each row's attack, str of shape (rows,).
        label: Class of each row, int8 of shape (rows,): positions in ``dataset.classes``.
        sha256: Of the uncompressed content of the file, or of the generated rows.
    """

    dataset: Dataset
    source: str
    features: pd.DataFrame
    attack: pd.Series[str]
    label: np.ndarray
    sha256: str


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: closest ones first, then all of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{name!r} is no {what}.{hint} Known: {', '.join(known) or 'none'}."
