"""What a data set is: columns, labels and files, as plain data that travels with all that is made from its rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field, replace
from typing import Literal, Self

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from nids.datasets.column import Column  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.labels import LabelMap  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.published import PublishedResult  # noqa: TC001 - pydantic reads the annotation
from nids.datasets.source_file import SourceFile, plain_parts
from nids.datasets.times import refuse_format
from nids.errors import UserError, excerpt, unknown

HoldOutBy = Literal["rows", "group", "time"]


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
        files: The published files; none of a generated data set. Each may be a folder of files.
        parts: Whether the training files are parts of one set of rows rather than different choices of rows.
        hold_out: Where none of the files is held out, the share of rows that are kept from every search instead;
            ``None``: no row.
        hold_out_by: What decides which ones: "rows", a hash of their features; "group", a hash of the group's name,
            so that it is a share of the groups; "time", which holds out the last ones.
        time_column: Name of the column that tells when a row was, in the forms of ``nids.datasets.times``; it is no
            feature unless ``columns`` has it too. ``None``: nothing does.
        time_format: The form of its text, as ``strptime`` has it, or several; empty: seconds or ISO 8601.
        group_column: Name of the column that tells what a row belongs to, such as a host; likewise no feature. Rows
            with an empty one are a group.
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
    parts: bool = False
    hold_out: float | None = None
    hold_out_by: HoldOutBy = "rows"
    time_column: str | None = None
    time_format: tuple[str, ...] = ()
    group_column: str | None = None
    mirrors: tuple[str, ...] = ()
    synthetic: bool = False
    citation: str = ""
    published: tuple[PublishedResult, ...] = ()

    def __post_init__(self) -> None:
        names = [*(column.name for column in self.columns), *self.labels]
        if repeated := sorted({name for name in (*names, *self.layout) if names.count(name) > 1}):
            raise ValueError(f"data set {excerpt(self.name)} has more than one column named {excerpt(repeated[0])}")
        if self.layout and (missing := {*names, *self.context_columns} - set(self.layout)):
            raise ValueError(f"the layout of data set {excerpt(self.name)} lacks {excerpt(sorted(missing))}")
        self._refuse_sides()
        self._refuse_hold_out()
        if twice := {file.filename for file in self.files if file.role == "training"} & {
            file.filename for file in self.held_out_files
        }:
            raise ValueError(f"{sorted(twice)[0]} is a training file and held out")
        if both := {column.name for column in self.columns} & set(self.ignored):
            raise ValueError(f"column {excerpt(sorted(both)[0])} is described and ignored")
        if not self.columns or not self.label_maps:
            raise ValueError(f"data set {excerpt(self.name)} needs at least one column and one label map")
        if len(self.separator) != 1 or not self.separator.isascii() or self.separator in '\r\n"':
            raise ValueError(
                f"the separator {excerpt(self.separator)} is not one ASCII character other than a quotation mark"
            )
        self._check_spellings(names)

    def _check_spellings(self, names: list[str]) -> None:
        others = [other for others in self.aliases.values() for other in others]
        if clash := sorted({other for other in others if other in names or others.count(other) > 1}):
            raise ValueError(f"{excerpt(clash[0])} is another name (aliases) of more than one column")
        if self.loose_labels:
            for label_map in self.label_maps:
                label_map.refuse_alike()

    def _refuse_sides(self) -> None:
        """Raise a ValueError where the columns of time and group cannot be such."""
        for key, name in (("time_column", self.time_column), ("group_column", self.group_column)):
            if name in self.labels:
                raise ValueError(f"{key} is {excerpt(name)}, which is a label. Name another column")
        described = {column.name: column for column in self.columns}
        if time := described.get(self.time_column or ""):
            if time.kind == "categorical" or time.missing:
                raise ValueError(
                    f"time_column is {excerpt(time.name)}, so that feature must be a number, and never missing"
                )
            if self.time_format:
                raise ValueError(f"time_format is for text, but the feature {excerpt(time.name)} is a number")
        if (group := described.get(self.group_column or "")) and group.kind != "categorical":
            raise ValueError(f"group_column is {excerpt(group.name)}, so that feature must be categorical")
        if self.time_format and self.time_column is None:
            raise ValueError("time_format says how a time is written, but there is no time_column")
        for form in self.time_format:
            refuse_format(form)

    def _refuse_hold_out(self) -> None:
        """Raise a ValueError where what is held out contradicts the rest."""
        if self.hold_out is not None and not 0 < self.hold_out < 1:
            raise ValueError(f"hold_out is {self.hold_out}, but must be a share of the rows, between 0 and 1")
        if self.hold_out is not None and self.held_out_files:
            raise ValueError(f"data set {excerpt(self.name)} has both hold_out and held-out files. Remove one of them.")
        if self.hold_out_by != "rows" and self.hold_out is None:
            raise ValueError(f"hold_out_by is {excerpt(self.hold_out_by)}, but hold_out does not say which share")
        for by, key in (("group", "group_column"), ("time", "time_column")):
            if self.hold_out_by == by and getattr(self, key) is None:
                raise ValueError(f"hold_out_by is {excerpt(by)}, but there is no {key}")

    @property
    def context_columns(self) -> tuple[str, ...]:
        """Names of the columns of time and group that are no features, in this order."""
        named = dict.fromkeys(name for name in (self.time_column, self.group_column) if name is not None)
        return tuple(name for name in named if name not in {column.name for column in self.columns})

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

    def file_at(self, path: str) -> SourceFile | None:
        """Return the published file that a file is named after, compressed or not, or ``None``.

        Where the data set's name has folders, the path ends in them too; without, the name counts if no other has it.
        """
        parts = plain_parts(path)
        names = [(plain_parts(file.filename), file) for file in self.files]
        by_path = [(len(name), file) for name, file in names if parts[-len(name) :] == name]
        if by_path:
            return max(by_path, key=lambda named: named[0])[1]
        by_name = [file for name, file in names if name[-1:] == parts[-1:]]
        return by_name[0] if len(by_name) == 1 else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides, beside the rows, about folds: columns and transforms, labels, what is held out."""
        values = SPECS.dump_python(self, mode="json")
        for column in values["columns"]:
            if not column["missing"]:
                del column["missing"]  # as it was before columns had it
        for label_map in values["label_maps"]:
            if not label_map["dropped"]:
                del label_map["dropped"]  # likewise
        if self.hold_out is not None:
            # Before, it was by other hashes.
            by = "fingerprints" if self.hold_out_by == "rows" else self.hold_out_by
            values["hold_out"] = {"share": self.hold_out, "by": by}
        names = ["columns", "label_column", "attack_column", "label_maps", "hold_out"]
        # As it was before there were such columns.
        names += [name for name in ("time_column", "time_format", "group_column") if values[name]]
        # Those of a data set with known files do not change by themselves; elsewhere, another column may be the label.
        if self.files and not any(file.sha256 for file in self.files):
            names += [name for name in ("aliases", "layout") if values[name]]
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
