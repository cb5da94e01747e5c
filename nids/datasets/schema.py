"""What a data set is: columns, labels and files, as plain data that travels with all that is made from its rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field, replace
from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from nids.datasets.column import Column  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.labels import LabelMap  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.published import PublishedResult  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.source_file import SourceFile  # noqa: TC001 - pydantic reads the annotation
from nids.errors import UserError, unknown


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class DatasetSpec:
    """A data set as its authors describe it; the rows themselves are ``nids.datasets.traffic.Traffic``.

    Attributes:
        name: Such as "nsl-kdd".
        columns: All features, in the order that models see them in.
        label_column: Name of the column that ``label_maps`` read.
        label_maps: The ways to classify its rows; the first one is the default.
        attack_column: Name of the column with the type of attack; ``None``: the label column tells it.
        layout: Names of all columns, in the order of a file without a header; empty if all files have one. Labels may
            be missing where they are not needed, and at the end, columns that are neither features nor labels.
        ignored: Names of further columns, which are known and not read. Of several columns of one name, the second one
            is called "NAME.1" here and so on.
        aliases: Other names of columns and labels, by the name here; one of them counts where a file lacks the column
            itself.
        separator: What stands between the values of its text files.
        repeated_headers: What is done with a line in the middle of a text that names the columns once more: "refuse"
            the file, or "skip" the line.
        loose_labels: Whether labels are told by their ASCII letters and digits alone, in capitals or not, so that
            "smurf." is smurf, whatever else stands between or after them.
        files: The published files; none of a generated data set.
        hold_out: Where none of the files is held out, the share of rows that are kept from every search instead, chosen
            by a hash of their features; ``None``: no row.
        mirrors: Addresses to download them from, in order, with ``{filename}`` in each.
        synthetic: Whether rows are generated rather than captured.
        citation: Where the data come from.
        published: Figures that others have published about it.
    """

    name: str
    columns: tuple[Column, ...]
    label_column: str
    label_maps: tuple[LabelMap, ...]
    attack_column: str | None = None
    layout: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    separator: str = ","
    repeated_headers: Literal["refuse", "skip"] = "refuse"
    loose_labels: bool = False
    files: tuple[SourceFile, ...] = ()
    hold_out: float | None = None
    mirrors: tuple[str, ...] = ()
    synthetic: bool = False
    citation: str = ""
    published: tuple[PublishedResult, ...] = ()

    def __post_init__(self) -> None:
        names = [*(column.name for column in self.columns), *self.labels]
        if repeated := sorted({name for name in (*names, *self.layout) if names.count(name) > 1}):
            raise ValueError(f"data set {self.name!r} has more than one column named {repeated[0]!r}")
        if self.layout and (missing := set(names) - set(self.layout)):
            raise ValueError(f"the layout of data set {self.name!r} lacks {sorted(missing)}")
        if self.hold_out is not None and not 0 < self.hold_out < 1:
            raise ValueError(f"hold_out is {self.hold_out}, but must be a share of the rows, between 0 and 1")
        if self.hold_out is not None and self.held_out_files:
            raise ValueError(f"data set {self.name!r} has both hold_out and held-out files. Remove one of them.")
        if twice := {file.filename for file in self.files if file.role == "training"} & {
            file.filename for file in self.held_out_files
        }:
            raise ValueError(f"{sorted(twice)[0]} is a training file and held out")
        if both := {column.name for column in self.columns} & set(self.ignored):
            raise ValueError(f"column {sorted(both)[0]!r} is described and ignored")
        if not self.columns or not self.label_maps:
            raise ValueError(f"data set {self.name!r} needs at least one column and one label map")
        if len(self.separator) != 1 or not self.separator.isascii() or self.separator in '\r\n"':
            raise ValueError(f"the separator {self.separator!r} is not one ASCII character other than a quotation mark")
        self._check_spellings(names)

    def _check_spellings(self, names: list[str]) -> None:
        others = [other for others in self.aliases.values() for other in others]
        if clash := sorted({other for other in others if other in names or others.count(other) > 1}):
            raise ValueError(f"{clash[0]!r} is another name (aliases) of more than one column")
        if self.loose_labels:
            for label_map in self.label_maps:
                label_map.refuse_alike()

    @property
    def categorical(self) -> tuple[Column, ...]:
        """Columns whose values are names."""
        return tuple(column for column in self.columns if column.kind == "categorical")

    @property
    def numeric(self) -> tuple[Column, ...]:
        """Columns whose values are numbers."""
        return tuple(column for column in self.columns if column.kind != "categorical")

    @property
    def encoded_numbers(self) -> tuple[str, ...]:
        """Names of the numbers that a model sees: those of the columns, and whether one is missing where one may be."""
        indicators = (f"{column.name} is missing" for column in self.numeric if column.missing)
        return (*(column.name for column in self.numeric), *indicators)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns of labels: of the class, and of the type of attack where that is another one."""
        return tuple(dict.fromkeys((self.label_column, self.attack_column or self.label_column)))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of the first label map."""
        return self.label_maps[0].classes

    @property
    def benign(self) -> str:
        """The class of traffic that is no attack, of the first label map."""
        return self.label_maps[0].benign

    @property
    def benign_label(self) -> int:
        """Position of the benign class among the classes."""
        return self.label_maps[0].benign_label

    def labelled_by(self, label_map: str | None = None) -> Self:
        """Return the data set with one of its label maps alone; ``None`` stands for the first one.

        Raises:
            UserError: There is no such label map.
        """
        chosen = self.led_by(label_map)
        return replace(chosen, label_maps=chosen.label_maps[:1])

    def led_by(self, label_map: str | None = None) -> Self:
        """Return the data set with one of its label maps as the first; ``None`` stands for the one that is.

        Raises:
            UserError: There is no such label map.
        """
        maps = {of_name.name: of_name for of_name in self.label_maps}
        if label_map is not None and label_map not in maps:
            raise UserError(unknown(label_map, f"label map of {self.name}", maps))
        first = self.label_maps[0] if label_map is None else maps[label_map]
        return replace(self, label_maps=(first, *(each for each in self.label_maps if each != first)))

    @property
    def held_out_files(self) -> tuple[SourceFile, ...]:
        """The files that no search may see."""
        return tuple(file for file in self.files if file.role == "held-out")

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
        name = Path(filename).name.casefold().removesuffix(".gz")
        names = {Path(file.filename).name.casefold().removesuffix(".gz"): file for file in reversed(self.files)}
        return names.get(name)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides, beside the rows, about folds: columns and transforms, labels, what is held out."""
        values = SPECS.dump_python(self, mode="json")
        for column in values["columns"]:
            if not column["missing"]:
                del column["missing"]  # as it was before columns had it
        if self.hold_out is not None:
            values["hold_out"] = {"share": self.hold_out, "by": "fingerprints"}  # before, it was by other hashes
        names = ["columns", "label_column", "attack_column", "label_maps", "hold_out"]
        # Those of a data set with known files do not change by themselves; elsewhere, another column may be the label.
        if self.aliases and not any(file.sha256 for file in self.files):
            names.append("aliases")
        decisive = json.dumps({name: values[name] for name in names}, sort_keys=True)
        return hashlib.sha256(decisive.encode()).hexdigest()

    def to_json(self) -> str:
        """Return the description as JSON; what has its default value is left out."""
        return SPECS.dump_json(self, indent=2, exclude_defaults=True).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> DatasetSpec:
        """Return the description that ``to_json`` wrote.

        Raises:
            ValueError: The text is no description of a data set.
        """
        return SPECS.validate_json(text)


SPECS = TypeAdapter(DatasetSpec)
