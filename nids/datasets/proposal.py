"""A data file → a description of it, as a first proposal that its user then corrects."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nids.datasets.column import LARGEST_PORT, Column
from nids.datasets.context_columns import context_column_lines
from nids.datasets.describe import FEWEST
from nids.datasets.description_text import column_line, label_map_lines, quoted, quoted_list
from nids.datasets.io.content import data_files
from nids.datasets.label_encoding import REMARK, is_label_encoded
from nids.datasets.not_read import LABELS, ignore_leaks, not_read
from nids.datasets.profile import MOST_LABELS, profile
from nids.datasets.recognition import misfit, recognize, told, with_rows
from nids.errors import UserError, excerpt
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nids.datasets.column import Kind, Transform
    from nids.datasets.io.chunks import Unit
    from nids.datasets.profile import ColumnProfile
    from nids.datasets.recognition import Recognized

BENIGN = ("normal", "benign", "background", "legitimate", "good", "0")
_PORT = re.compile(r"(.*[ _.])?[sd]?port([ _.]?(no|num|number))?|id\.(orig|resp)_p", re.IGNORECASE)
_SAMPLE = 10_000  # rows on which leaks are looked for, or somewhat more
_LONG_TAIL = 1_000  # a column whose values reach further than this is transformed


@dataclass(frozen=True)
class Proposal:
    """A description of a file.

    Attributes:
        text: The description, TOML with comments.
        remarks: What its user should look at, a sentence each.
        rows: Rows of the file.
    """

    text: str
    remarks: tuple[str, ...]
    rows: int


def propose(
    paths: Sequence[Path],
    name: str,
    label: str | None = None,
    folder: Path | None = None,
    names: Sequence[str] = (),
) -> Proposal:
    """Return a description of files in any forms that ``nids.datasets.io.stream.stream`` reads.

    All of them are read, in memory that does not grow with them.

    Args:
        paths: The files, see ``nids.datasets.io.archive.data_path`` of zip archives, or folders of files; all with the
            same columns.
        name: Name of the data set.
        label: Name of the column with the labels; ``None``: it is guessed.
        folder: Where the description is to be; ``None``: beside the first file.
        names: Names of the columns, where the files do not tell them.

    Raises:
        UserError: A file cannot be read so, or there is no column that could be that of the labels.
    """
    path, folder = paths[0], folder or paths[0].parent
    files = [file for each in paths for file in data_files(each)]
    looked = profile(files, _SAMPLE, names)
    columns = looked.columns
    known = recognize(columns)
    found = _label(path, columns, label, known)
    maps = known.label_maps(columns[found].labels) if known and known.label == found else ()
    remarks = list(told(known, looked, maps, len(files))) if known else []
    ignored = not_read(looked, found, known, remarks)
    kept = {each: values for each, values in columns.items() if each not in ignored and each != found}
    if not kept:
        raise UserError(f"{path}: no column is left to learn from. Name the column of the labels with --label.")
    ignore_leaks(looked, found, known, kept, ignored, remarks)
    by_map = [known.classes(each, columns[found].labels) for each in maps] if known else []
    remarks += _rare(columns[found].spellings, by_map[0] if by_map else {})
    maps = tuple(with_rows(each, [*by_label.values()]) for each, by_label in zip(maps, by_map, strict=True))
    remarks += _encoded(kept, known)
    if not (several := len(columns[found].labels) > 1):
        remarks.append(
            f"All rows have one label, {columns[found].labels[0]!r}: nothing can be learned from them alone."
        )
    text = [
        f"# What {_named(paths)} holds: {counted(looked.rows, 'row')}. A proposal, made from all of them: lines that",
        "# end in a comment were guessed, so look at those first.",
        *([f"# Columns that {known.dataset.name} has too are as they are there."] if known else []),
        *(["# So are the label maps, without the classes of which there is no row."] if maps and several else []),
        f"name = {quoted(name)}",
        f"label_column = {quoted(found)}" + ("" if label or maps else " # guessed by its name and its values"),
        *([] if looked.separator == "," else [f"separator = {quoted(looked.separator)}"]),
        *([f"layout = {quoted_list(columns)}"] if names else []),
        *(['repeated_headers = "skip"'] if looked.repeated_headers else []),
        *(["loose_labels = true"] if known and maps and known.dataset.loose_labels else []),
        "hold_out = 0.2 # share of the rows that no search sees; the same ones as long as the columns stay the same",
        *context_column_lines(looked, ignored, remarks),
        "",
        "# No features: what identifies a record rather than describes it, or gives its label away.",
        *(["ignored = ["] if ignored else ["ignored = []"]),
        *(f"    {quoted(each)}, # {why}" for each, why in ignored.items()),
        *(["]"] if ignored else []),
        "",
        "[files]",
        f"training = {quoted_list(Path(os.path.relpath(each, folder)).as_posix() for each in paths)}",
        "",
        *(line for each in maps for line in label_map_lines(each)),
        *([] if maps else _label_maps(found, columns[found], remarks)),
        "# kind: categorical, or of numbers binary, count (whole, >= 0), integer, port, rate (0 to 1) or real.",
        "# transform: log1p where values span orders of magnitude, arcsinh where some of them are negative.",
        "# missing: what stands for no value; the training part's median takes its place, and a flag says so.",
        "[columns]",
        *(_column_line(each, values, known) for each, values in kept.items()),
    ]
    missing = {each: values.missing for each, values in kept.items() if values.missing and values.is_numeric}
    if missing:
        listed = ", ".join(f"{each} ({', '.join(map(repr, spelled))})" for each, spelled in missing.items())
        remarks.append(f"Some values are missing in {listed}.")
    remarks += _texts_among_numbers(kept, looked.unit)
    return Proposal("\n".join(text) + "\n", tuple(remarks), looked.rows)


def _named(paths: Sequence[Path]) -> str:
    return f"{paths[0].name} and {counted(len(paths) - 1, 'other')}" if len(paths) > 1 else paths[0].name


def _label(path: Path, columns: dict[str, ColumnProfile], wanted: str | None, known: Recognized | None) -> str:
    if wanted is not None:
        if wanted not in columns:
            raise UserError(f"{path}: has no column {wanted!r}. Its columns: {', '.join(columns)}.")
        if not columns[wanted].labels:
            raise UserError(f"{path}: {wanted} has more than {MOST_LABELS} different values, too many for classes.")
        return wanted
    if known and known.label and columns[known.label].labels:
        return known.label
    # One that names several kinds of attack rather than one that says "attack" or not.
    candidates = [each for likely in LABELS for each in columns if each.casefold() == likely and columns[each].labels]
    if candidates:
        return max(candidates, key=lambda each: len(columns[each].labels))
    raise UserError(
        f"{path}: no column looks like that of the labels (such as {', '.join(LABELS[:4])}). Name it with --label."
    )


def _rare(labels: Mapping[str, int], classes: Mapping[str, str | None]) -> Iterator[str]:
    by_class: Counter[str] = Counter()
    for label, rows in labels.items():
        by_class[classes.get(label) or label] += rows
    few = [f"{name!r} ({counted(rows, 'row')})" for name, rows in by_class.items() if rows < FEWEST]
    if few:
        yield (
            f"Classes with hardly any rows: {', '.join(few)}. A class needs a row in each fold: put them into one "
            "class with others, or take more rows."
        )


def _encoded(kept: Mapping[str, ColumnProfile], known: Recognized | None) -> Iterator[str]:
    for name, values in kept.items():
        if not (known and name in known.columns) and is_label_encoded(name, values.spellings):
            yield f"{name} holds {len(values.spellings)} different whole numbers {REMARK}."


def _label_maps(label: str, values: ColumnProfile, remarks: list[str]) -> list[str]:
    labels = values.labels
    benign = next((each for known in BENIGN for each in labels if each.casefold() == known), None)
    if benign is None and "" in labels:
        benign = ""
    if benign is None:
        benign = labels[0]
        remarks.append(
            f"None of the labels in {label} is known as that of benign traffic: {benign!r} was taken. Check it."
        )
    names = {each: each or "Unlabelled" for each in labels}
    attack = "Attack" if "Attack" not in names[benign] else "Any attack"
    if set(labels) == {"0", "1"}:
        names = {"0": "Benign", "1": "Attack"}
    ordered = [benign, *(each for each in labels if each != benign)]
    lines = [
        "[label_maps.as-they-are]",
        f"benign = {quoted(names[benign])} # guessed",
        "[label_maps.as-they-are.classes]",
    ]
    lines += [f"{quoted(names[each])} = [{quoted(each)}]" for each in ordered]
    if len(labels) > 2:
        others = ", ".join(quoted(each) for each in ordered[1:])
        lines += ["", "[label_maps.binary]", f"benign = {quoted(names[benign])}", "[label_maps.binary.classes]"]
        lines += [f"{quoted(names[benign])} = [{quoted(benign)}]", f"{quoted(attack)} = [{others}]"]
    return [*lines, ""]


def _texts_among_numbers(columns: dict[str, ColumnProfile], unit: Unit) -> Iterator[str]:
    """Yield what is no number in columns of numbers; of those with the same places, a sentence."""
    alike: dict[tuple[int, int], list[str]] = {}
    for name, values in columns.items():
        if values.is_numeric and values.first_text:
            alike.setdefault((values.no_numbers, values.first_text[1]), []).append(name)
    for (number, line), names in alike.items():
        others = f" and {counted(len(names) - 1, 'other column')}" if names[1:] else ""
        first = columns[names[0]].first_text
        assert first is not None
        yield (
            f"{names[0]}{others}: no number in {counted(number, 'row')}, the first time in {unit} {line:,}, which has "
            f"{excerpt(first[0])}. Add what stands for no value to missing, or correct the file."
        )


def _column_line(name: str, values: ColumnProfile, known: Recognized | None) -> str:
    column = known.columns.get(name) if known else None
    if column is None:
        return column_line(name, _guess(name, values), "guessed" if known else "")
    why = misfit(column, name, values)
    if not known or why is None:
        return column_line(name, column)
    if column.kind == "categorical":
        guess = replace(column, missing=("",) if "" in values.missing else column.missing)
    else:
        guess = _guess(name, values)
    return column_line(name, guess, f"guessed, as it holds {why}")


def _guess(name: str, values: ColumnProfile) -> Column:
    if not values.is_numeric:
        return Column(name, "categorical", missing=("",) if "" in values.missing else ())
    kind: Kind = "real"
    if values.whole:
        kind = "integer" if values.low < 0 else "binary" if values.high <= 1 else "count"
        if _PORT.fullmatch(name) and kind == "count" and values.high <= LARGEST_PORT:
            kind = "port"
    transform: Transform | None = None
    if kind != "port" and max(values.high, -values.low) > _LONG_TAIL:
        transform = "log1p" if values.low >= 0 else "arcsinh"
    minimum = 0 if kind == "real" and values.low >= 0 else None
    return Column(name, kind, transform, minimum=minimum, missing=tuple(values.missing))
