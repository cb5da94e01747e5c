"""The files of scoring: those that are scored, the scores, and the rows that cannot be read."""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from nids.datasets.io.archive import is_member
from nids.datasets.io.content import written_whole
from nids.errors import UserError
from nids.spreadsheet import text_cell, text_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from nids.datasets.io.chunks import Reject

_WRITERS: Mapping[str, Callable[[IO[bytes], pa.Schema], Any]] = {
    ".parquet": pq.ParquetWriter,
    ".csv": pyarrow.csv.CSVWriter,
}


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths stand for, each once, in order of name.

    Args:
        paths: Files, also inside a zip archive as ARCHIVE/MEMBER, and folders, whose files are meant: those in it,
            hidden ones and sub-folders left out.

    Raises:
        UserError: A path does not exist, or a folder holds no file.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            inside = [child for child in path.iterdir() if _is_plain(child)] if path.is_dir() else [path]
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}. Name another folder.") from error
        if not inside:
            raise UserError(f"{path}: holds no files. Give a file, or a folder that holds some itself.")
        if inside == [path] and not path.is_file() and not is_member(path):
            raise UserError(f"{path}: there is no such file or folder. Give the path of a data file, or of a folder.")
        for file in inside:
            files.setdefault(file.resolve(), file)
    return sorted(files.values())


def refuse_ending(out: Path) -> None:
    """Raise a UserError if a file for scores has a name that says no form in which they can be written."""
    if out.suffix.casefold() not in _WRITERS:
        raise UserError(f"{out}: scores are written as {' or '.join(_WRITERS)}. Give a name that ends so.")


def refuse_targets(targets: Sequence[Path], files: Sequence[Path], overwrite: bool) -> None:
    """Refuse results that would be written over each other, over what is scored, or unasked over what is there.

    Raises:
        UserError: One of them would.
    """
    read = {file.resolve() for file in files}
    if len({target.resolve() for target in targets}) < len(targets):
        raise UserError(f"{targets[0]}: is named for the scores and for the rejects. Give two names.")
    for target in targets:
        if target.resolve() in read:
            raise UserError(f"{target}: is among the files to be scored. Write it elsewhere, outside their folder.")
        if target.is_dir():
            raise UserError(f"{target}: is a folder. Give the name of a file.")
        if not target.parent.is_dir():
            raise UserError(f"{target}: there is no folder {target.parent}. Make it, or name another one.")
        if target.exists() and not overwrite:
            raise UserError(f"{target}: exists. Name another file, or replace it with --overwrite.")


@contextmanager
def scores_file(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield the function that writes some rows; in CSV, no text of theirs is a formula."""
    is_parquet = path.suffix.casefold() == ".parquet"
    with (
        _naming(path),
        written_whole(path) as stream,
        _WRITERS[path.suffix.casefold()](stream, schema) as writer,
    ):

        def write(table: pa.Table) -> None:
            with _naming(path):
                writer.write_table(table if is_parquet else text_cells(table))

        yield write


@contextmanager
def rejects_file(path: Path) -> Iterator[Callable[[Path, Sequence[Reject]], None]]:
    """Yield the function that sets rows of a file aside."""
    with _naming(path), written_whole(path) as stream:
        stream.write(_csv([("file", "line", "reason", "raw")]))

        def set_aside(file: Path, rejects: Sequence[Reject]) -> None:
            with _naming(path):
                stream.write(_csv([(file, reject.number, reject.reason, reject.raw) for reject in rejects]))
                stream.flush()  # a full disk is to be found before the scores are there

        yield set_aside


def _csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([map(text_cell, map(str, row)) for row in rows])
    return _utf_8(text.getvalue())


def _utf_8(text: str) -> bytes:
    """Return text as UTF-8; bytes of lines and of file names that were none stand as escapes."""
    return text.encode("utf-8", "backslashreplace")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}. Make room for it, or name another place."
        ) from error


def schema_of(classes: Sequence[str]) -> pa.Schema:
    """Return the columns of a file of scores."""
    return pa.schema(
        [
            ("file", pa.string()),
            ("line", pa.int64()),
            ("class", pa.string()),
            *((f"p_{name}", pa.float32()) for name in classes),
            ("attack_score", pa.float64()),
            ("alert", pa.bool_()),
        ]
    )


def table_of(
    schema: pa.Schema,
    classes: Sequence[str],
    path: Path,
    numbers: np.ndarray,
    probabilities: np.ndarray,
    predicted: np.ndarray,
    scores: np.ndarray,
    alerts: np.ndarray,
) -> pa.Table:
    """Return scores as a table.

    Args:
        schema: As ``schema_of`` returns it.
        classes: Names of the classes.
        path: The file that the rows are of.
        numbers: The line of each row, or its number; of shape (rows,), as all that follow but the probabilities.
        probabilities: Of each class, of shape (rows, classes).
        predicted: Position of the most probable class.
        scores: Attack scores.
        alerts: Whether the row is an alert.
    """
    columns = [
        pa.repeat(_utf_8(str(path)).decode(), len(numbers)),
        pa.array(numbers),
        pa.array(classes).take(pa.array(predicted)),
        *(pa.array(column) for column in np.asarray(probabilities.T, dtype=np.float32)),
        pa.array(scores),
        pa.array(alerts),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
