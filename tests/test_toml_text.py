from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nids import toml_text
from nids.toml_text import TomlError, parse, read_text

if TYPE_CHECKING:
    from pathlib import Path

DEEP = ".".join("a" * 33)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b.'c d'.\"e\" = 1", {"a": {"b": {"c d": {"e": 1}}}}),
        (f"a = '{DEEP}' # {DEEP}", {"a": DEEP}),
        (f'a = """\n{DEEP}"""""\nb = 0.5', {"a": DEEP + '""', "b": 0.5}),
        ("a = [" + "0.5," * 99 + "]", {"a": [0.5] * 99}),
        (f"{DEEP[2:]} = 1", parse(f"{DEEP[2:]} = 1")),
    ],
)
def test_what_is_meant_well_is_read(text: str, values: dict[str, object]) -> None:
    assert parse(text) == values


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{DEEP} = 1", id="key"),
        pytest.param(f"[{DEEP}]", id="table"),
        pytest.param(f"a = {{{DEEP} = 1}}", id="inline table"),
        pytest.param(f"{DEEP.replace('.', ' . ')} = 1", id="with blanks"),
        pytest.param(DEEP.replace("a", "'a b'") + " = 1", id="in quotation marks"),
        pytest.param(f'x = ["""a"""", {{{DEEP} = 1}}] # "', id="after odd quotation marks"),
        pytest.param(f"x = [''' ' ''', {{{DEEP} = 1}}] # '", id="after other quotation marks"),
        pytest.param(".".join("a" * 20_000) + " = 1", id="the worst of 40 KB"),
    ],
)
def test_a_key_of_many_parts_is_refused(text: str) -> None:
    with pytest.raises(TomlError, match="a key has more than 32 parts"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 20_000, "nested too deep"),
        ("a = " + "{a=" * 20_000, "nested too deep"),
        ("a = " + "9" * 60_000, "Exceeds the limit"),
        ("a = ", "Invalid value"),
    ],
)
def test_what_is_no_toml_is_refused(text: str, words: str) -> None:
    with pytest.raises(TomlError, match=words):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a = "' + r"\"" * (1 << 19) + "\n", "Illegal character"),
        ('a = """' + r"\"" * (1 << 16) + "\\", r"Unescaped '\\' in a string"),
        ("a = '''" + "''x" * (1 << 16), "Expected \"'''\""),
        ("a = " + "'\n" * (1 << 16), "Found invalid character"),
        ("a = " + '"' * (1 << 17), "Expected newline"),
    ],
    ids=["a line", "lines", "literal lines", "literal", "quotation marks"],
)
def test_a_string_that_is_not_closed_is_looked_at_once(text: str, words: str) -> None:
    with pytest.raises(TomlError, match=words):
        parse(text)


def test_a_file_is_read_up_to_its_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1")
    assert read_text(path, 8, "utf-8-sig") == "a = 1"
    with pytest.raises(TomlError, match=r"^8 bytes, where a file of at most 7 belongs$"):
        read_text(path, 7)
    with pytest.raises(OSError, match="No such file"):
        toml_text.read_text(tmp_path / "b.toml", 8)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.toml")  # whoever opens it waits for somebody to write into it
    with pytest.raises(TomlError, match=r"^this is a device or a pipe, where a file belongs$"):
        read_text(tmp_path / "a.toml", 8)
    with pytest.raises(TomlError, match=r"^this is a folder, where a file belongs$"):
        read_text(tmp_path, 8)
