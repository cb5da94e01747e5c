"""A data set that a user describes, in a TOML file."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from nids import toml_text
from nids.datasets.column import Column
from nids.datasets.schema import SPECS, DatasetSpec
from nids.datasets.source_file import ROLES
from nids.errors import UserError, beginning, did_you_mean, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUFFIX = ".toml"
LARGEST = 1 << 20  # bytes of a description
# The keys of each kind of table, those that only published data sets have left out.
_KEYS = {
    "columns": [field.name for field in fields(Column)],
    "label_maps": ["benign", "classes"],
    "": [field.name for field in fields(DatasetSpec) if field.name not in ("mirrors", "synthetic", "published")],
}


def is_description(name: str) -> bool:
    """Return whether a job names a data set by the file that describes it."""
    return name.casefold().endswith(SUFFIX)


def read(path: Path) -> DatasetSpec:
    """Return the data set that a TOML file describes.

    The keys are those of ``nids.datasets.schema.DatasetSpec``, with tables where it has tuples of named things:

    - ``[columns]``: each column by its name, such as ``bytes = { kind = "count", transform = "log1p" }``;
    - ``[label_maps.NAME]``: ``benign``, and ``classes``: either their names, which are then the labels, or each with
      its list of labels;
    - ``[aliases]``: each column with the list of its other names;
    - ``[files]``: the training files or folders of files, ``training = ["flows.csv"]``, which are parts of one set of
      rows unless the key ``parts`` is false, and the ``held-out`` ones.

    ``name`` is that of the file unless it is given.

    Raises:
        UserError: The file cannot be read, is not TOML, or does not describe a data set; the message names the key.
    """
    try:
        values = toml_text.parse(toml_text.read_text(path, LARGEST, "utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file. Give a description of a data set, which `nids data describe FILE` writes, to a job "
            "by --set data.dataset=FILE.toml."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}). Give a text file in TOML.") from None
    except toml_text.TomlError as error:
        raise UserError(f"{path}: not valid TOML: {error}.") from None
    try:
        described = _as_fields({"name": path.stem, **values})
        return SPECS.validate_python(described)
    except ValidationError as error:
        raise toml_text.refusal(path, error, lambda each: _explained(each, described)) from None
    except _ShapeError as error:
        raise UserError(f"{path}:\n  {error}") from None


def differences(begun: DatasetSpec, now: DatasetSpec) -> list[str]:
    """Return what decides about folds and is not the same in two descriptions, such as "column bytes"."""
    before, after = ({column.name: column for column in each.columns} for each in (begun, now))
    changed = [f"column {name}" for name in {**before, **after} if before.get(name) != after.get(name)]
    if not changed and [*before] != [*after]:
        changed.append("the order of the columns")
    maps = [f"label map {each.name}" for each in begun.label_maps if each not in now.label_maps]
    names = (
        *("label_column", "attack_column", "aliases", "layout", "hold_out", "hold_out_by"),
        *("time_column", "time_format", "group_column"),
    )
    return [*changed, *maps, *(name for name in names if getattr(begun, name) != getattr(now, name))]


class _ShapeError(Exception):
    """A key is of another shape than it should be."""


def _as_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a description as those of the fields of ``DatasetSpec``."""
    columns = _table(values, "columns", 'such as bytes = { kind = "count" }')
    label_maps = _table(values, "label_maps", "such as [label_maps.binary]")
    aliases = _table({"aliases": {}, **values}, "aliases", 'such as label = ["class"]')
    named = [*columns, values.get("label_column"), values.get("attack_column")]
    if "label_column" in values and (strange := sorted(name for name in aliases if name not in named)):
        raise _ShapeError(
            f"aliases.{beginning(strange[0])}: there is no column or label of this name to give other names to."
        )
    files = _table({"files": {}, **values}, "files", 'such as training = ["flows.csv"]')
    if strange := [role for role in files if role not in ROLES]:
        raise _ShapeError(_no_such_key(["files", strange[0]]))
    time_format = _texts("time_format", values.get("time_format", []))
    return {
        "parts": True,
        **values,
        "time_format": time_format,
        "columns": [{**_mapping(f"columns.{name}", about), "name": name} for name, about in columns.items()],
        "label_maps": [_label_map(name, _mapping(f"label_maps.{name}", about)) for name, about in label_maps.items()],
        "aliases": {name: _texts(f"aliases.{name}", others) for name, others in aliases.items()},
        "files": [
            {"name": filename, "filename": filename, "role": role}
            for role, names in files.items()
            for filename in _texts(f"files.{role}", names)
        ],
    }


def _label_map(name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    if "dropped" in about:  # that is for a search to decide
        raise _ShapeError(_no_such_key(["label_maps", name, "dropped"]))
    classes = about.get("classes")
    if isinstance(classes, list) and any(str(each) != str(each).strip() for each in classes):
        raise _ShapeError(f"label_maps.{name}.classes: labels are read without spaces at their ends. Remove these.")
    if not isinstance(classes, dict):
        return {"name": name, **about}
    class_of: dict[str, str] = {}
    for of_class, labels in classes.items():
        for label in _texts(f"label_maps.{name}.classes.{of_class}", labels):
            if label in class_of:
                both = f"{beginning(class_of[label])} and in {beginning(of_class)}"
                raise _ShapeError(f"label_maps.{beginning(name)}.classes: {excerpt(label)} is in {both}.")
            class_of[label] = of_class
    return {"name": name, **about, "classes": list(classes), "class_of": class_of}


def _table(values: Mapping[str, Any], key: str, example: str) -> Mapping[str, Any]:
    if key not in values:
        raise _ShapeError(f"{key}: is missing. Add a table of that name, {example}.")
    return _mapping(key, values[key], example)


def _texts(key: str, value: object) -> list[str]:
    """Return a list of texts; one alone may stand for a list of one."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _ShapeError(f'{key}: found {excerpt(value)}, but a list of texts is expected, such as ["one", "other"].')
    return texts


def _mapping(key: str, value: object, example: str = "such as { … }") -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _ShapeError(f"{key}: found {excerpt(value)}, but a table is expected, {example}.")
    return value


def _no_such_key(names: Sequence[str]) -> str:
    """Return the message for a key that does not exist, given with the names of the tables that it is in."""
    known = ROLES if names[0] == "files" else _KEYS.get(names[0] if len(names) > 1 else "", ())
    return f"{beginning('.'.join(names))}: there is no such key{did_you_mean(names[-1], known)}"


def _explained(error: Any, described: Mapping[str, Any]) -> str:
    """Return the key, what was found and what is allowed."""
    # Of a column, say, the name rather than its position.
    part: Any = described
    names = []
    for each in error["loc"]:
        part = part[each] if isinstance(part, list) or (isinstance(part, dict) and each in part) else None
        is_named = isinstance(each, int) and isinstance(part, dict) and "name" in part
        names.append(part["name"] if is_named else str(each))
    key = beginning(".".join(names))
    if error["type"] == "missing":
        return f"{key}: is missing"
    if error["type"] == "unexpected_keyword_argument":
        return _no_such_key(names)
    message = error["msg"].removeprefix("Value error, ").replace("valid tuple", "list")
    return f"{key}: {message}" if key else message
