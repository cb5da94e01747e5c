"""JSON lines: one object a line, whose keys are the columns' names."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from nids.datasets.io.form import LineError, Opening, by_pieces, typed
from nids.errors import UserError, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

# Numbers stay as they are spelled.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
# Half of a pair, which no text in UTF-8 can have; bytes that are no UTF-8 are told of elsewhere.
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_LONGEST_NAME = 1_000
_CONSTANTS = {None: "", True: "1", False: "0"}


@dataclass(frozen=True)
class JsonLines:
    """Objects with some of the columns; what is absent is an empty text.

    Attributes:
        names: Names of the columns.
        called: What the objects call them.
    """

    names: tuple[str, ...]
    called: tuple[str, ...]

    def table(self, lines: Sequence[str], types: Mapping[str, pa.DataType]) -> pa.Table | None:
        """As for ``nids.datasets.io.form.Form``."""
        keys = dict(zip(self.names, self.called, strict=True))

        def read(piece: Sequence[str]) -> pa.Table | None:
            try:
                # At once, as an object may have thousands of other keys.
                rows = [[row.get(keys[name], "") for name in types] for row in map(values_by_name, piece)]
            except LineError:
                return None
            return typed(dict(zip(types, map(list, zip(*rows, strict=True)), strict=True)), types)

        return by_pieces(lines, read)

    def values(self, line: str) -> list[str]:
        """As for ``nids.datasets.io.form.Form``."""
        values = values_by_name(line)
        return [values.get(key, "") for key in self.called]


def opening(name: str, lines: Iterator[tuple[int, str]]) -> Opening:
    """Return what the first line tells; further columns may come later.

    Raises:
        UserError: It holds no object.
    """
    number, line = next(lines)
    try:
        names = tuple(values_by_name(line))
    except LineError as error:
        raise UserError(f"{name}, line {number}: {error}. Convert it, for example with `jq -c . FILE`.") from None

    def form(told: tuple[str, ...]) -> JsonLines:
        # Further columns, which the first object lacks, follow its own.
        return JsonLines(told, (*names, *told[len(names) :]))

    rows = itertools.chain([(number, line)], lines)
    return Opening(names, f"line {number}", form, rows, open_ended=True)


def values_by_name(line: str) -> dict[str, str]:
    """Return the values of an object as text by their names, those of an object in it as "NAME.NAME".

    Flags are 1 and 0, null is an empty text, and a list is its JSON.

    Raises:
        LineError: The line holds no object.
    """
    try:
        found = _DECODER.decode(line)
        if isinstance(found, dict):
            return found if _is_plain(line, found) else dict(_flattened(found, ""))
    except (json.JSONDecodeError, RecursionError):
        pass
    raise LineError(f"found {excerpt(line.strip())}, but each line must hold one JSON object")


def _is_plain(line: str, found: Mapping[str, object]) -> bool:
    """Return whether an object has nothing but text under names without spaces at their ends: most have."""
    return "\\u" not in line and {*map(type, found.values())} <= {str} and _are_trimmed(tuple(found))


@lru_cache(64)
def _are_trimmed(names: tuple[str, ...]) -> bool:
    return all(name == name.strip() for name in names)


def _flattened(values: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = prefix + key.strip()
        if len(name) > _LONGEST_NAME:  # each would have all of the names that it is in
            raise LineError(f"found the key {excerpt(name)}, but keys have at most {_LONGEST_NAME:,} characters")
        if isinstance(value, dict):
            yield from _flattened(value, f"{name}.")
        elif isinstance(value, list):
            yield name, json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str):
            yield name, value if value.isascii() else _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
        else:
            yield name, _CONSTANTS[value]  # type: ignore[index]
