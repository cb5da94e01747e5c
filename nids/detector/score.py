"""A detector on new traffic: for every row its class, its probabilities and whether it is an alert."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nids.datasets.io.archive import data_path
from nids.datasets.io.batches import text_batches
from nids.datasets.io.content import stored_size
from nids.datasets.io.layout import with_names
from nids.datasets.io.stream import ROWS, stream
from nids.detector.score_files import (
    find_files,
    refuse_ending,
    refuse_targets,
    rejects_file,
    schema_of,
    scores_file,
    table_of,
)
from nids.errors import UserError
from nids.interruption import held_back
from nids.metrics.detection import attack_scores
from nids.progress import ProgressDisplay
from nids.terminal import TerminalConsole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from rich.console import Console

    from nids.datasets.io.chunks import Reject
    from nids.datasets.schema import DatasetSpec
    from nids.detector.bundle import Bundle

DEFAULT_FALSE_POSITIVE_RATE = 0.01


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
class ScoreResult:
    """What was scored.

    Attributes:
        rows: Rows with a score.
        rejected: Rows that could not be read.
        by_class: Rows by the class with the highest probability, in the detector's order.
        alerts: Rows whose attack score is above the threshold.
        false_positive_rate: The target that the threshold is for.
        threshold: On the attack score.
        seconds: From the start to the end.
        out: The file with the scores.
        rejects: The file with the rows that could not be read, if they were set aside.
    """

    rows: int
    rejected: int
    by_class: Mapping[str, int]
    alerts: int
    false_positive_rate: float
    threshold: float
    seconds: float
    out: Path
    rejects: Path | None = None


def warn_if_synthetic(detector: Bundle) -> None:
    """Say on standard error that a detector has never seen real traffic, if so; no option silences that."""
    if detector.manifest.data.synthetic:
        words = "The detector was trained on synthetic rows: it knows no real traffic."
        TerminalConsole(stderr=True).print(words, style="bold yellow")


def score(
    detector: Detector,
    paths: Sequence[Path],
    out: Path,
    console: Console,
    *,
    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    rejects: Path | None = None,
    overwrite: bool = False,
    names: Sequence[str] = (),
    rows: int = ROWS,
) -> ScoreResult:
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
        names: Names of the columns, where the files do not tell them and the detector does not know them.
        rows: Most rows that are held at once.

    Raises:
        UserError: The detector has no such threshold, a path is not what it should be, a file cannot be read or
            written, or has other columns than the names, or a row cannot be read and there is no ``rejects``.
    """
    threshold = threshold_of(detector, false_positive_rate)
    files = find_files(paths)
    refuse_ending(out)
    refuse_targets([out] if rejects is None else [out, rejects], files, overwrite)
    dataset = with_names(detector.dataset, names) if names else detector.dataset
    started = time.perf_counter()
    schema = schema_of(detector.classes)
    by_class = np.zeros(len(detector.classes), dtype=np.int64)
    alerts = rejected = 0
    reported: set[tuple[str, ...]] = set()
    text = ""
    sources = [data_path(path, dataset) for path in files]
    for source in sources if names else ():
        text_batches(source, names)  # refuses a file that names its columns itself, or has more of them or fewer
    sizes = [stored_size(source) for source in sources]
    with ExitStack() as opened:
        # Closed in the other order: where the scores cannot be completed, there are no rejects either.
        set_aside = opened.enter_context(rejects_file(rejects)) if rejects else _refuse_row
        write = opened.enter_context(scores_file(out, schema))
        display = opened.enter_context(ProgressDisplay(console, sum(sizes)))
        for i, path in enumerate(files):
            for chunk in stream(sources[i], dataset, rows):
                if chunk.unused and chunk.unused not in reported:
                    reported.add(chunk.unused)
                    names = ", ".join(name or "(no name)" for name in chunk.unused)
                    display.print(f"{path.name}: ignored columns: {names}")
                set_aside(path, chunk.rejects)
                rejected += len(chunk.rejects)
                if len(chunk.table):
                    probabilities = detector.probabilities(chunk.table)
                    predicted = probabilities.argmax(axis=1)
                    scores = attack_scores(probabilities, detector.benign)
                    above = scores > threshold
                    write(
                        table_of(schema, detector.classes, path, chunk.numbers, probabilities, predicted, scores, above)
                    )
                    by_class += np.bincount(predicted, minlength=len(by_class))
                    alerts += int(above.sum())
                scored, seconds = int(by_class.sum()), time.perf_counter() - started
                text = f"{path.name} · {scored:,} rows · {scored / seconds:,.0f} rows/s"
                display.update(sum(sizes[:i]) + min(chunk.bytes_read, sizes[i]), text)
        display.update(sum(sizes), text)
        with held_back("the scores are written"):
            opened.close()
    return ScoreResult(
        rows=int(by_class.sum()),
        rejected=rejected,
        by_class=dict(zip(detector.classes, by_class.tolist(), strict=True)),
        alerts=alerts,
        false_positive_rate=false_positive_rate,
        threshold=threshold,
        seconds=time.perf_counter() - started,
        out=out,
        rejects=rejects,
    )


def threshold_of(detector: Detector, rate: float) -> float:
    """Return a detector's threshold for a false-positive rate; a UserError if it has none for that."""
    for aimed_at, threshold in detector.thresholds.items():
        if math.isclose(aimed_at, rate):
            return threshold
    known = ", ".join(f"{aimed_at:g}" for aimed_at in sorted(detector.thresholds))
    raise UserError(
        f"the detector has no threshold for a false-positive rate of {rate:g}. Give one of those that it has one for: "
        f"{known or 'none'}."
    )


def _refuse_row(path: Path, rejects: Sequence[Reject]) -> None:
    if rejects:
        raise UserError(
            f"{path.name}, {rejects[0].location}: {rejects[0].fault}. Correct or remove the {rejects[0].unit}, or have "
            "such rows set aside with --rejects FILE."
        )
