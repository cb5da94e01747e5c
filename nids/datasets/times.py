"""When a row was: numbers or text → seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Day first before month first, as CICFlowMeter writes its times; hours without leading zeros are read too.
FORMATS = tuple(
    f"{date} {time}"
    for date in ("%d/%m/%Y", "%m/%d/%Y")
    for time in ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")
)
# What begins like this is no number. pandas also takes "now" and "today" for times, but a time in a file has digits.
_ISO, _DIGIT = r"\d{4}[-/]\d|\d{8}T\d", r"\d"


def seconds(values: pd.Series, formats: Sequence[str] = ()) -> np.ndarray:
    """Return times in seconds, float64 of shape (rows,), NaN where a value is no time.

    Without formats, a number counts as seconds, from whatever moment on, and text as ISO 8601. Seconds of text are
    those since 1970; text without a time zone counts as UTC.

    Args:
        values: Numbers or text of shape (rows,).
        formats: Forms of text, as ``strptime`` has them; the first one that a value has counts.
    """
    if values.dtype.kind in "iuf":
        numbers = values.to_numpy(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    # Flows begin in the same second as others, so there are fewer different times than rows.
    codes, distinct = pd.factorize(values)
    texts = pd.Series(distinct, dtype="str")
    found = np.full(len(texts), np.nan)
    if formats:
        for each in formats:
            rest = np.isnan(found) & texts.str.contains(_DIGIT).to_numpy(bool)
            found[rest] = _since_1970(texts[rest], each)
    else:
        is_text = _is_iso(texts)
        found[is_text] = _since_1970(texts[is_text], "ISO8601")
        numbers = pd.to_numeric(texts[~is_text], errors="coerce").to_numpy(np.float64)
        found[~is_text] = np.where(np.isfinite(numbers), numbers, np.nan)
    return found[codes]


def times_of(values: pd.Series, formats: Sequence[str], source: str) -> np.ndarray:
    """Return the times of a whole column as ``seconds`` does, all of one form.

    Raises:
        UserError: Some are numbers and others ISO 8601 text, which have no order; ``source`` says where.
    """
    if values.dtype.kind not in "iuf" and not formats:
        distinct = pd.Series(pd.unique(values), dtype="str")
        is_text = _is_iso(distinct)
        if is_text.any() and not is_text.all():
            raise UserError(
                f"{source}: column {values.name} holds numbers, such as {distinct[~is_text].iloc[0]!r}, and dates, "
                f"such as {distinct[is_text].iloc[0]!r}, so its rows have no order in time. Write them in one form."
            )
    return seconds(values, formats)


def are_dates(values: pd.Series, formats: Sequence[str] = ()) -> bool:
    """Return whether a column of times, all of one form, holds dates rather than numbers."""
    return bool(formats) or (values.dtype.kind not in "iuf" and bool(_is_iso(values[:1].astype("str")).any()))


def between_times(ordered: np.ndarray, position: int) -> int:
    """Return the position nearest to another one before which no row has the time of a row after it.

    It is never at an end, so that there are rows on both sides; 0 if all rows are of one time. Of two that are as near,
    it is the first.

    Args:
        ordered: Times in ascending order, float64 of shape (rows,).
        position: At which the rows would be parted if all times were different.
    """
    at = ordered[min(position, len(ordered) - 1)]
    start, end = (int(np.searchsorted(ordered, at, side)) for side in ("left", "right"))
    if start == 0 or (end < len(ordered) and end - position < position - start):
        return end % len(ordered)
    return start


def expected(formats: Sequence[str] = ()) -> str:
    """Return what a time must be, in words."""
    if formats:
        return f"times here have the form {' or '.join(formats)} (time_format)"
    return "times are numbers of seconds or ISO 8601 text, such as 2017-07-03 08:55:58; others need a time_format"


def fitting(values: pd.Series, formats: Sequence[str]) -> tuple[str, ...]:
    """Return the formats that all values of text, not all of them numbers, have; an empty one stands for ISO 8601."""
    if len(values) > 1:
        formats = fitting(values.iloc[:1], formats)  # which most columns of text fail at
    return tuple(
        each
        for each in formats
        if np.isfinite(seconds(values, (each,) if each else ())).all() and (each or _is_iso(values).all())
    )


def refuse_format(form: str) -> None:
    """Raise a ValueError if a form of times cannot be one."""
    try:
        pd.to_datetime(pd.Series(["1"]), format=form, errors="coerce")
    except ValueError as error:
        raise ValueError(f"time_format: {error}. Give a form of strptime, such as {FORMATS[0]!r}") from None
    if "%" not in form:
        raise ValueError(f"time_format is {form!r}, but must be a form of strptime, such as {FORMATS[0]!r}")


def _is_iso(texts: pd.Series) -> np.ndarray:
    return texts.str.match(_ISO).to_numpy(bool)


def _since_1970(texts: pd.Series, form: str) -> np.ndarray:
    read = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    since = read.dt.as_unit("us").astype("int64").to_numpy() / 1e6
    return np.where(read.isna(), np.nan, since)
