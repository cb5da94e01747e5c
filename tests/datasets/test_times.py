from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from nids.datasets.times import FORMATS, between_times, expected, fitting, refuse_format, seconds, times_of
from nids.errors import UserError

MORNING = 1_499_072_158.0  # 2017-07-03 08:55:58 UTC


@pytest.mark.parametrize(
    ("value", "formats", "found"),
    [
        pytest.param("1499072158.25", (), MORNING + 0.25, id="seconds"),
        pytest.param("-1", (), -1.0, id="seconds before"),
        pytest.param("2017-07-03 08:55:58", (), MORNING, id="ISO 8601"),
        pytest.param("2017-07-03T08:55:58.5Z", (), MORNING + 0.5, id="fraction and zone"),
        pytest.param("2017-07-03T10:55:58+02:00", (), MORNING, id="another zone"),
        pytest.param("2017/07/03 08:55", (), MORNING - 58, id="slashes"),
        pytest.param("20170703T085558", (), MORNING, id="basic form"),
        pytest.param("03/07/2017 08:55:58", ("%d/%m/%Y %H:%M:%S",), MORNING, id="day first"),
        pytest.param("7/3/2017 8:55", ("%m/%d/%Y %H:%M",), MORNING - 58, id="month first, no zeros"),
        pytest.param("3/7/2017 8:55", ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"), MORNING - 58, id="the second form"),
        pytest.param("3/7/2017 8:55:58 AM", ("%d/%m/%Y %I:%M:%S %p",), MORNING, id="twelve hours"),
        *(pytest.param(text, (), math.nan, id=repr(text)) for text in ("", "nan", "inf", "now", "3/7/2017", "08:55")),
        pytest.param("31/31/2017 08:55", ("%d/%m/%Y %H:%M",), math.nan, id="no such month"),
        pytest.param("today", ("%d/%m/%Y %H:%M",), math.nan, id="today"),
        pytest.param("2017-07-03", ("%d/%m/%Y",), math.nan, id="another form"),
    ],
)
def test_seconds(value: str, formats: tuple[str, ...], found: float) -> None:
    times = seconds(pd.Series([value, value], dtype="str"), formats)
    np.testing.assert_array_equal(times, [found, found])


def test_numbers_are_seconds_as_they_are() -> None:
    np.testing.assert_array_equal(seconds(pd.Series([3, 2.5, np.inf, np.nan])), [3, 2.5, np.nan, np.nan])
    assert times_of(pd.Series([3, 1]), (), "flows.csv").tolist() == [3.0, 1.0]


def test_numbers_and_dates_have_no_common_order() -> None:
    message = "flows.csv: column ts holds numbers, such as '0', and dates, such as '2017-07-03', so its rows have no"
    with pytest.raises(UserError, match=f"^{re.escape(message)}"):
        times_of(pd.Series(["2017-07-03", "0", "0"], name="ts", dtype="str"), (), "flows.csv")


@pytest.mark.parametrize(
    ("position", "found"),
    [(0, 2), (1, 2), (2, 2), (3, 2), (4, 5), (5, 5), (6, 6), (7, 6), (8, 6)],
)
def test_between_times(position: int, found: int) -> None:
    assert between_times(np.array([1.0, 1, 2, 2, 2, 3, 4, 4]), position) == found
    assert between_times(np.ones(8), position) == 0


def test_expected() -> None:
    assert expected() == (
        "times are numbers of seconds or ISO 8601 text, such as 2017-07-03 08:55:58; others need a time_format"
    )
    assert expected(("%d/%m/%Y", "%Y")) == "times here have the form %d/%m/%Y or %Y (time_format)"


@pytest.mark.parametrize(
    ("values", "formats"),
    [
        pytest.param(["2017-07-03 08:55:58", "2017-07-04"], ("",), id="ISO 8601"),
        pytest.param(["13/7/2017 8:55", "3/7/2017 18:55"], ("%d/%m/%Y %H:%M",), id="day first"),
        pytest.param(["3/7/2017 8:55", "4/7/2017 8:55"], ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"), id="either first"),
        pytest.param(["3/7/2017 8:55", "tcp"], (), id="not all"),
        pytest.param(["2017-07-03", "7"], (), id="dates and numbers"),
    ],
)
def test_fitting(values: list[str], formats: tuple[str, ...]) -> None:
    assert fitting(pd.Series(values, dtype="str"), ("", *FORMATS)) == formats


def test_refuse_format() -> None:
    for form in FORMATS:
        refuse_format(form)
    with pytest.raises(ValueError, match=r"time_format: 'Q' is a bad directive in format '%Q'\. Give a form of strpt"):
        refuse_format("%Q")
    with pytest.raises(ValueError, match=r"time_format is 'ISO', but must be a form of strptime, such as '%d/%m/%Y %H"):
        refuse_format("ISO")
