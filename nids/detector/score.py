"""A detector on new traffic: for every row its class, its probabilities and whether it is an alert."""

from __future__ import annotations

import csv
import io
import math
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from nids.datasets.io.content import written_whole
from nids.datasets.io.stream import ROWS, stream
from nids.errors import UserError
from nids.metrics.detection import attack_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from nids.datasets.io.chunks import Reject
    from nids.datasets.schema import DatasetSpec

DEFAULT_FALSE_POSITIVE_RATE = 0.01
SECONDS_BETWEEN_LINES = 30.0

_WRITERS: Mapping[str, Callable[[IO[bytes], pa.Schema], Any]] = {
    ".parquet": pq.ParquetWriter,
    ".csv": pyarrow.csv.CSVWriter,
}


class Detector(Protocol):
    """What is needed of a trained detector.

    Attributes:
        dataset: What the columns of its input mean.
        classes: Names of its classes.
        benign: Position of the benign class among them.
        thresholds: From the false-positive rate that was aimed at to the threshold on the attack score.
    """

    @property
    def dataset(self) -> DatasetSpec: ...  # noqa: D102
    @property
    def classes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def benign(self) -> int: ...  # noqa: D102
    @property
    def thresholds(self) -> Mapping[float, float]: ...  # noqa: D102

    def probabilities(self, features: pd.DataFrame) -> np.ndarray:
        """Return the probability of each class, float32 of shape (rows, classes)."""
        ...


@dataclass(frozen=True)
class Result:
    """What was scored.

    Attributes:
        rows: Rows with a score.
        rejected: Rows that could not be read.
        by_class: Rows by the class with the highest probability, in the detector's order.
        alerts: Rows whose attack score is above the threshold.
        seconds: From the start to the end.
        out: The file with the scores.
    """

    rows: int
    rejected: int
    by_class: Mapping[str, int]
    alerts: int
    seconds: float
    out: Path


def score(
    detector: Detector,
    paths: Sequence[Path],
    out: Path,
    console: Console,
    *,
    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    rejects: Path | None = None,
    overwrite: bool = False,
    rows: int = ROWS,
) -> Result:
    """Score the rows of all files and write the scores; both files appear once all is done, and else neither.

    The scores have the columns file, line (that of the text, or the row's number in a Parquet file, from 1), class,
    p_<class> for each class, attack_score and alert; the rejects have file, line, reason and raw.

    Args:
        detector: The detector.
        paths: Files, and folders whose files are meant; see ``nids.datasets.io.stream.stream`` for their forms.
        out: The file to write: Parquet or CSV, by its ending.
        console: Where progress is shown.
        false_positive_rate: One of those that the detector has a threshold for.
        rejects: CSV file for the rows that cannot be read. Without it, the first one ends everything.
        overwrite: Whether ``out`` and ``rejects`` may exist.
        rows: Most rows that are held at once.

    Raises:
        UserError: The detector has no such threshold, a path is not what it should be, a file cannot be read or
            written, or a row cannot be read and there is no ``rejects``.
    """
    threshold = _threshold(detector, false_positive_rate)
    files = find_files(paths)
    _refuse_ending(out)
    refuse_targets([out] if rejects is None else [out, rejects], files, overwrite)
    started = time.perf_counter()
    schema = _schema(detector.classes)
    by_class = np.zeros(len(detector.classes), dtype=np.int64)
    alerts = rejected = 0
    noted: set[tuple[str, ...]] = set()
    with ExitStack() as opened:
        # Closed in the other order: where the scores cannot be completed, there are no rejects either.
        set_aside = opened.enter_context(_rejects_file(rejects)) if rejects else _refuse_row
        write = opened.enter_context(_scores_file(out, schema))
        progress = opened.enter_context(_ScoringProgress(console, files))
        for path in files:
            for chunk in stream(path, detector.dataset, rows):
                if chunk.unused and chunk.unused not in noted:
                    noted.add(chunk.unused)
                    progress.say(f"{path.name}: not used: {', '.join(name or '(no name)' for name in chunk.unused)}")
                set_aside(path, chunk.rejects)
                rejected += len(chunk.rejects)
                if len(chunk.table):
                    probabilities = detector.probabilities(chunk.table)
                    predicted = probabilities.argmax(axis=1)
                    scores = attack_scores(probabilities, detector.benign)
                    above = scores > threshold
                    write(
                        _table(schema, detector.classes, path, chunk.numbers, probabilities, predicted, scores, above)
                    )
                    by_class += np.bincount(predicted, minlength=len(by_class))
                    alerts += int(above.sum())
                progress.update(path, int(by_class.sum()), chunk.bytes_read)
            progress.end(path)
    return Result(
        rows=int(by_class.sum()),
        rejected=rejected,
        by_class=dict(zip(detector.classes, by_class.tolist(), strict=True)),
        alerts=alerts,
        seconds=time.perf_counter() - started,
        out=out,
    )


def show(result: Result, console: Console) -> None:
    """Print what was scored."""
    table = Table("class", title="Rows by class")
    table.add_column("rows", justify="right")
    table.add_column("share", justify="right")
    for name, rows in result.by_class.items():
        table.add_row(name, f"{rows:,}", f"{rows / result.rows:.2%}" if result.rows else "–")
    console.print(table)
    console.print(
        f"{result.rows:,} rows scored in {result.seconds:.1f} s, {result.alerts:,} alerts, "
        f"{result.rejected:,} rows rejected\nScores: {result.out}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths stand for, each once, in order of name.

    Args:
        paths: Files, and folders, whose files are meant: those in it, hidden ones and sub-folders left out.

    Raises:
        UserError: A path does not exist, or a folder holds no file.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        try:
            found = [child for child in path.iterdir() if _is_plain(child)] if path.is_dir() else [path]
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}. Name another folder.") from error
        if not found:
            raise UserError(f"{path}: holds no files. Give a file, or a folder that holds some itself.")
        if found == [path] and not path.is_file():
            raise UserError(f"{path}: there is no such file or folder. Give the path of a data file, or of a folder.")
        for file in found:
            files.setdefault(file.resolve(), file)
    return sorted(files.values())


class _ScoringProgress:
    """A live bar in a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, files: Sequence[Path]) -> None:
        self._console = console
        self._sizes = {path: path.stat().st_size for path in files}
        self._done = 0
        self._rows = 0
        self._started = self._last_line = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} % · {task.fields[rows]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=sum(self._sizes.values()), rows="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(line, highlight=False, soft_wrap=True, markup=False)

    def update(self, path: Path, rows: int, bytes_read: int) -> None:
        """Take in how many rows are scored in all, and how much of a file is read."""
        self._rows = rows
        now = time.monotonic()
        text = f"{rows:,} rows · {rows / max(now - self._started, 1e-9):,.0f} rows/s"
        done = self._done + min(bytes_read, self._sizes[path])
        self._bar.update(self._task, description=path.name, completed=done, rows=text)
        if not self._console.is_terminal and now - self._last_line > SECONDS_BETWEEN_LINES:
            self.say(f"{path.name}: {text}")
            self._last_line = now

    def end(self, path: Path) -> None:
        """Take in that a file is read."""
        self._done += self._sizes[path]
        self._bar.update(self._task, completed=self._done)


def _threshold(detector: Detector, rate: float) -> float:
    for aimed_at, threshold in detector.thresholds.items():
        if math.isclose(aimed_at, rate):
            return threshold
    known = ", ".join(f"{aimed_at:g}" for aimed_at in sorted(detector.thresholds))
    raise UserError(
        f"the detector has no threshold for a false-positive rate of {rate:g}. Give one of those that it has one for: "
        f"{known or 'none'}."
    )


def _refuse_ending(out: Path) -> None:
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


def _refuse_row(path: Path, rejects: Sequence[Reject]) -> None:
    if rejects:
        raise UserError(
            f"{path.name}, {rejects[0].location}: {rejects[0].fault}. Correct or remove the {rejects[0].unit}, or have "
            "such rows set aside with --rejects FILE."
        )


@contextmanager
def _scores_file(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield the function that writes some rows."""
    with (
        _naming(path),
        written_whole(path) as stream,
        _WRITERS[path.suffix.casefold()](stream, schema) as writer,
    ):

        def write(table: pa.Table) -> None:
            with _naming(path):
                writer.write_table(table)

        yield write


@contextmanager
def _rejects_file(path: Path) -> Iterator[Callable[[Path, Sequence[Reject]], None]]:
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
    csv.writer(text, lineterminator="\n").writerows(rows)
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


def _schema(classes: Sequence[str]) -> pa.Schema:
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


def _table(
    schema: pa.Schema,
    classes: Sequence[str],
    path: Path,
    numbers: np.ndarray,
    probabilities: np.ndarray,
    predicted: np.ndarray,
    scores: np.ndarray,
    alerts: np.ndarray,
) -> pa.Table:
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
