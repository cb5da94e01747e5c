"""The first thing that is wrong in a data file, looked for once it is known that something is."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from nids.datasets.io.rules import broken_rule, broken_rule_of_numbers, column_count, shown
from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nids.datasets.io.content import Content
    from nids.datasets.schema import Dataset

Check = Callable[[str], str | None]

_CORRECT = "Correct or remove the line."
_COPY = "Copy or download it again."


def first_fault(content: Content, dataset: Dataset, classes: Mapping[str, str]) -> UserError | None:
    """Return the message about the first value of a file that cannot be read, or ``None`` if all can.

    Args:
        content: The file.
        dataset: What its columns mean.
        classes: The class of each known attack.
    """
    try:
        text = content.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _undecodable(content, error)
    lines = [
        (number, line.removesuffix("\n").split(","))
        for number, line in enumerate(io.StringIO(text, newline=None), start=1)
        if line != "\n"
    ]
    first_number, first_line = lines[0]
    layout = next((layout for layout in dataset.layouts if len(layout) == len(first_line)), None)
    if layout is None:
        return _wrong_width(content, first_number, first_line, dataset)
    checks = _checks(dataset, classes)
    checks_of_layout = [checks[name] for name in layout]
    for number, values in lines:
        if len(values) != len(layout):
            return _ragged(content, number, values, first_number, first_line, is_last=number == lines[-1][0])
        for position, (check, value) in enumerate(zip(checks_of_layout, values, strict=True)):
            if rule := check(value):
                name = layout[position]
                remedy = "Remove this line: files have no header." if value.strip() == name else _CORRECT
                return UserError(
                    f"{content.name}, line {number}, column {position + 1} ({name}): "
                    f"found {shown(value)}, but {rule}. {remedy}"
                )
    return None


def _checks(dataset: Dataset, classes: Mapping[str, str]) -> dict[str, Check]:
    """Return for each column the function from a value to the rule that it breaks, if it breaks one.

    They remember their answers, because a file has millions of values, but few different ones.
    """

    def attack(value: str) -> str | None:
        if value.strip() in classes:
            return None
        close = difflib.get_close_matches(value.strip().lower(), classes, n=3)
        return "this is no known attack name" + (f" (close ones: {', '.join(close)})" if close else "")

    return {
        **{feature.name: cache(partial(broken_rule, feature)) for feature in dataset.features},
        **{name: cache(broken_rule_of_numbers) for name in dataset.dropped},
        "attack": cache(attack),
    }


def _undecodable(content: Content, error: UnicodeDecodeError) -> UserError:
    before = content.data[: error.start]
    line = before.count(b"\n") + 1
    column = before.rpartition(b"\n")[2].count(b",") + 1
    return UserError(
        f"{content.name}, line {line}, column {column}: found the byte 0x{content.data[error.start]:02x}, "
        "but the file must be UTF-8 text. Save it as UTF-8, or copy or download it again."
    )


def _wrong_width(content: Content, number: int, values: Sequence[str], dataset: Dataset) -> UserError:
    layouts = " or ".join(
        f"{len(layout)} ({len(dataset.features)} features, {', '.join(layout[len(dataset.features) :])})"
        for layout in reversed(dataset.layouts)
    )
    return UserError(
        f"{content.name}, line {number}: found {column_count(values)}, but {dataset.name} has {layouts}, "
        f"separated by commas. Give a file in this layout."
    )


def _ragged(
    content: Content,
    number: int,
    values: Sequence[str],
    first_number: int,
    first: Sequence[str],
    *,
    is_last: bool,
) -> UserError:
    found = f"{content.name}, line {number}: found {column_count(values)}, but line {first_number} has {len(first)}"
    if is_last and len(values) < len(first):
        return UserError(f"{found}: the file is cut off. {_COPY}")
    return UserError(f"{found}. {_CORRECT}")
