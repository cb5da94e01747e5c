from __future__ import annotations

import pytest

from nids import foreign_json


def test_parsed_returns_what_json_says() -> None:
    content = '{"a": [1, 2.5, null, true], "b": {"c": "d, [e]"}, "\\ud83d\\ude00": "ü"}'.encode()
    expected = {"a": [1, 2.5, None, True], "b": {"c": "d, [e]"}, "\N{GRINNING FACE}": "ü"}
    assert foreign_json.parsed(content) == expected
    assert foreign_json.parsed(b"7") == 7


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_parsed_bounds_the_depth(opening: bytes) -> None:
    closing = b"".join({91: b"]", 123: b"}"}[each] for each in reversed(opening) if each in b"[{")
    most = foreign_json.DEEPEST // len(closing)
    assert foreign_json.parsed(opening * most + b"1" + closing * most)
    for times in (most + 1, 500, 100_000):
        with pytest.raises(ValueError, match="lists and objects stand more than 50 deep in one another"):
            foreign_json.parsed(opening * times + b"1" + closing * times)


def test_parsed_bounds_the_number_of_values() -> None:
    assert foreign_json.parsed(b"[[],{}]", most_values=5) == [[], {}]
    with pytest.raises(ValueError, match="5 values, where at most 4 are expected"):
        foreign_json.parsed(b"[[],{}]", most_values=4)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"a": ', id="cut off"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', id="half a character in UTF-8"),
        pytest.param(b'{"\\ud800": 1}', id="half a character as an escape"),
        pytest.param(b"9" * 5000, id="a number of 5,000 digits"),
    ],
)
def test_parsed_refuses_what_is_no_json(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of Python's library
        foreign_json.parsed(content)
