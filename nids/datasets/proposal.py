"""A data file → a description of it, as a first proposal that its user then corrects."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nids.datasets.io.checks import shown
from nids.datasets.io.content import data_files
from nids.datasets.leaks import leaks
from nids.datasets.profile import MOST_CLASSES, profile
from nids.errors import UserError
from nids.metrics.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nids.datasets.io.chunks import Unit
    from nids.datasets.profile import ColumnProfile, Profile

LABELS = ("attack_cat", "attack", "category", "label", "class", "target", "outcome")
BENIGN = ("normal", "benign", "background", "legitimate", "good", "0")
# Names of columns that tell which record it is, or where and when it was made, rather than what it is like.
_IDENTIFIERS = re.compile(
    r"(.*[ _])?(id|uid|index|unnamed: 0)"
    r"|(src|dst|source|destination|orig|resp)?[ _]?(ip|ip ?addr(ess)?|addr|mac)|id\.(orig|resp)_h|srcip|dstip",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r".*(timestamp|time ?stamp).*|(start|end|stime|ltime|ts|date|datetime|time)",
    re.IGNORECASE,
)
_SOURCES = re.compile(r"(src|source|orig)[ _]?(ip|ip ?addr(ess)?|addr)|id\.orig_h|srcip", re.IGNORECASE)
MOST_CATEGORIES = 300
_ANOTHER_LABEL = "another label"
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
    looked = profile([file for each in paths for file in data_files(each)], _SAMPLE, names)
    columns, rows = looked.columns, looked.rows
    found = _label(path, columns, label)
    remarks: list[str] = []
    ignored = _ignored(looked, found, remarks)
    kept = {each: values for each, values in columns.items() if each not in ignored and each != found}
    if not kept:
        raise UserError(f"{path}: no column is left to learn from. Name the column of the labels with --label.")
    numeric = [each for each, values in kept.items() if values.is_numeric]
    for leak, accuracy in leaks(looked.sample, [*kept], numeric, found).items():
        ignored[leak] = f"alone, it gives the label away: balanced accuracy {accuracy:.1%} by its values"
        remarks.append(f"{leak} {ignored[leak]}. It is ignored; keep it only if a detector will have it in time.")
        kept.pop(leak, None)
    lines = [
        f"# What {_named(paths)} holds: {counted(rows, 'row')}. A proposal, made from all of them: lines that end in a",
        "# comment were guessed, so look at those first.",
        f"name = {_quoted(name)}",
        f"label_column = {_quoted(found)}" + ("" if label else " # guessed by its name and its values"),
        *([] if looked.separator == "," else [f"separator = {_quoted(looked.separator)}"]),
        *([f"layout = [{', '.join(map(_quoted, columns))}]"] if names else []),
        "hold_out = 0.2 # share of the rows that no search sees; the same ones as long as the columns stay the same",
        *_sides(looked, ignored, remarks),
        "",
        "# No features: what identifies a record rather than describes it, or gives its label away.",
        "ignored = [",
        *(f"    {_quoted(each)}, # {why}" for each, why in ignored.items()),
        "]",
        "",
        "[files]",
        f"training = [{', '.join(_quoted(Path(os.path.relpath(each, folder)).as_posix()) for each in paths)}]",
        "",
        *_label_maps(found, columns[found], remarks),
        "",
        "# kind: categorical, or of numbers binary, count (whole, >= 0), integer, rate (0 to 1) or real.",
        "# transform: log1p where values span orders of magnitude, arcsinh where some of them are negative.",
        "# missing: what stands for no value; the training part's median takes its place, and a flag says so.",
        "[columns]",
        *(f"{_quoted(each)} = {{ {', '.join(_column(values))} }}" for each, values in kept.items()),
    ]
    missing = {each: values.missing for each, values in kept.items() if values.missing and values.is_numeric}
    if missing:
        listed = ", ".join(f"{each} ({', '.join(map(repr, spelled))})" for each, spelled in missing.items())
        remarks.append(f"Some values are missing in {listed}.")
    remarks += _texts_among_numbers(kept, looked.unit)
    return Proposal("\n".join(lines) + "\n", tuple(remarks), rows)


def _named(paths: Sequence[Path]) -> str:
    return f"{paths[0].name} and {counted(len(paths) - 1, 'other')}" if len(paths) > 1 else paths[0].name


def _label(path: Path, columns: dict[str, ColumnProfile], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in columns:
            raise UserError(f"{path}: has no column {wanted!r}. Its columns: {', '.join(columns)}.")
        if not columns[wanted].labels:
            raise UserError(f"{path}: {wanted} has more than {MOST_CLASSES} different values, too many for classes.")
        return wanted
    # One that names several kinds of attack rather than one that says "attack" or not.
    candidates = [each for likely in LABELS for each in columns if each.casefold() == likely and columns[each].labels]
    if candidates:
        return max(candidates, key=lambda each: len(columns[each].labels))
    raise UserError(
        f"{path}: no column looks like that of the labels (such as {', '.join(LABELS[:4])}). Name it with --label."
    )


def _ignored(looked: Profile, label: str, remarks: list[str]) -> dict[str, str]:
    """Return the columns that no model should see, each with the reason."""
    ignored = {}
    for name, values in looked.columns.items():
        if name != label and (reason := _reason(name, values, looked)):
            ignored[name] = reason
            if reason == _ANOTHER_LABEL:
                remarks.append(f"{name} looks like another label: it is ignored.")
    if ignored:
        remarks.append(f"Ignored: {', '.join(ignored)}. The file says why.")
    return ignored


def _reason(name: str, values: ColumnProfile, looked: Profile) -> str | None:
    """Return why no model should see a column, ``None`` if one may."""
    step_by_row = values.whole and values.ascending and looked.rows > 2 and values.high - values.low == looked.rows - 1
    reasons = {
        f"the same as {looked.same.get(name)} in each row": name in looked.same,
        _ANOTHER_LABEL: name.casefold() in LABELS and bool(values.labels),
        "a time, which identifies a record": name in looked.times,
        "by its name, it identifies a record": bool(_IDENTIFIERS.fullmatch(name) or _TIMES.fullmatch(name)),
        "it numbers the rows": step_by_row,
        f"more than {MOST_CATEGORIES} different texts": not values.is_numeric and values.categories > MOST_CATEGORIES,
        "it has no value in any row": not values.rows,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _sides(looked: Profile, ignored: Iterable[str], remarks: list[str]) -> Iterator[str]:
    """Yield the lines that name the columns of time and group, both among those that no model sees."""
    times = {name: _time_formats(name, looked.columns[name]) for name in ignored}
    if time := next((name for name, formats in times.items() if formats), None):
        yield f'time_column = {_quoted(time)} # read, though no feature; folds.scheme = "time" and hold_out_by need it'
        form, *others = times[time]
        if form:
            yield f"time_format = {_quoted(form)}" + (f" # guessed: {others[0]} fits all values too" if others else "")
        remarks.append(
            f'{time} tells when a row was: with folds.scheme = "time", folds train on earlier rows than they validate '
            'on, and with hold_out_by = "time", the last rows are held out.'
            + (" Check in time_format whether the day or the month comes first: both fit." if others else "")
        )
    if source := next((name for name in ignored if _SOURCES.fullmatch(name)), None):
        yield f'# group_column = {_quoted(source)} # for folds.scheme = "group": a host is trained on or validated on'


def _time_formats(name: str, values: ColumnProfile) -> tuple[str, ...]:
    """Return the formats in which an ignored column tells times; none if it does not."""
    is_time = _TIMES.fullmatch(name) or values.texts
    return values.time_formats if is_time and values.rows and not values.missing else ()


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
        f"benign = {_quoted(names[benign])} # guessed",
        "[label_maps.as-they-are.classes]",
    ]
    lines += [f"{_quoted(names[each])} = [{_quoted(each)}]" for each in ordered]
    if len(labels) > 2:
        others = ", ".join(_quoted(each) for each in ordered[1:])
        lines += ["", "[label_maps.binary]", f"benign = {_quoted(names[benign])}", "[label_maps.binary.classes]"]
        lines += [f"{_quoted(names[benign])} = [{_quoted(benign)}]", f"{_quoted(attack)} = [{others}]"]
    return lines


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
            f"{shown(first[0])}. Add what stands for no value to missing, or correct the file."
        )


def _column(values: ColumnProfile) -> Iterator[str]:
    """Yield the keys of a column's line."""
    if not values.is_numeric:
        yield 'kind = "categorical"'
        if "" in values.missing:
            yield 'missing = [""]'
        return
    kind = "real"
    if values.whole:
        kind = "integer" if values.low < 0 else "binary" if values.high <= 1 else "count"
    yield f'kind = "{kind}"'
    tail = max(values.high, -values.low) > _LONG_TAIL
    if kind == "real" and values.low >= 0:
        yield "minimum = 0"
    if tail:
        yield f'transform = "{"log1p" if values.low >= 0 else "arcsinh"}"'
    if values.missing:
        yield f"missing = [{', '.join(map(_quoted, values.missing))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
