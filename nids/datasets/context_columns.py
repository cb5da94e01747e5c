"""The columns of a file that tell when a row was and what it belongs to, as the lines of its description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nids.datasets.description_text import quoted
from nids.datasets.not_read import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nids.datasets.profile import ColumnProfile, Profile

_SOURCES = re.compile(
    r"(src|source|orig|client)[ _]?(ip|ip[ _]?addr(ess)?|addr|host)|id\.orig_h|saddr|ipv[46]_src_addr"
    r"|host([ _]?(name|id|ip))?|device[ _]?(name|id|ip)",
    re.IGNORECASE,
)


def context_column_lines(looked: Profile, ignored: Iterable[str], remarks: list[str]) -> Iterator[str]:
    """Yield the lines that name the columns of time and group, both among those that no model sees."""
    times = {name: _time_formats(name, looked.columns[name]) for name in ignored}
    if time := next((name for name, formats in times.items() if formats), None):
        yield f'time_column = {quoted(time)} # read, though no feature; folds.scheme = "time" and hold_out_by need it'
        form, *others = times[time]
        if form:
            yield f"time_format = {quoted(form)}" + (f" # guessed: {others[0]} fits all values too" if others else "")
        remarks.append(
            f'{time} tells when a row was: with folds.scheme = "time", folds train on earlier rows than they validate '
            'on, and with hold_out_by = "time", the last rows are held out.'
            + (" Check in time_format whether the day or the month comes first: both fit." if others else "")
        )
    if source := next((name for name in ignored if _SOURCES.fullmatch(name)), None):
        yield f'# group_column = {quoted(source)} # for folds.scheme = "group": a host is trained on or validated on'


def _time_formats(name: str, values: ColumnProfile) -> tuple[str, ...]:
    """Return the formats in which an ignored column tells times; none if it does not."""
    is_time = TIMES.fullmatch(name) or values.texts
    return values.time_formats if is_time and values.rows and not values.missing else ()
