from __future__ import annotations

import itertools
import math

import pyarrow as pa
import pytest

from nids.datasets.io.delimited import csv_table
from nids.datasets.io.numbers import is_number, number_in, numbers_in

NUMBERS = {
    "1": 1.0,
    " +1.5e+3\t": 1500.0,
    "\n-.5\x0b\x0c\r": -0.5,
    "1.": 1.0,
    "1E400": math.inf,
    "-Infinity": -math.inf,
    "1e-400": 0.0,
    "9" * 400: math.inf,
}
NO_NUMBERS = [
    *("", " ", "0\x1c", "\x1d0", "0\x1e", "0\x1f", "0\x00", "0\x85", "\u00a00", "0\u2003", "\ufeff0"),
    *("1_0", "１", "٣", "0x10", "1e", ".", "+-1", "1,5", "true", "nan(1)", "NaN()", "-nan(ind)", "infinit", "1d5"),
]


def in_columns(text: str) -> float | None:
    """What the quick reader makes of a value."""
    table = csv_table(f"{text},a\n".encode(), 1, ("x", "y"), {"x": pa.float64()}, ",", quote=False)
    return None if table is None else float(table["x"][0].as_py())


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_a_number_is_the_same_wherever_it_is_read(text: str, number: float) -> None:
    assert (number_in(text), numbers_in(pa.array([text, None])).to_pylist()) == (number, [number, None])
    # That one leaves to the others what has more around it than blanks.
    assert in_columns(text) in (number, None)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_none_wherever_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number_in(text)
    with pytest.raises(pa.ArrowInvalid):
        numbers_in(pa.array(["1", text]))
    assert in_columns(text) is None


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quotation_marks_do_not_hide_what_is_no_number(quote: str) -> None:
    lines = f"{quote}NaN{quote}(1),a\n".encode()
    assert csv_table(lines, 1, ("x", "y"), {"x": pa.float64()}, ",", quote) is None


def test_all_short_texts_of_what_numbers_are_made_of_are_read_alike() -> None:
    texts = ["".join(each) for length in range(1, 6) for each in itertools.product("1.e-+ \x1c", repeat=length)]
    found = [text for text in texts if is_number(text.strip(" "))]
    assert len(found) > 100
    assert numbers_in(pa.array(found)).to_pylist() == [number_in(text) for text in found]
    for text in {*texts[:2_000]} - {*found}:
        with pytest.raises(pa.ArrowInvalid):
            numbers_in(pa.array([text]))


def test_many_digits_take_no_time_by_their_square() -> None:
    assert not is_number("1" * 131_000 + "x")
