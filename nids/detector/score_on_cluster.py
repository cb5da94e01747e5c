"""Many files of new traffic through a saved detector, side by side on the cluster with Ray Data."""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import ray.data

from nids.cluster import connection
from nids.datasets.io.content import partial_files
from nids.detector import score as scoring
from nids.detector import score_files
from nids.detector.bundle import load
from nids.errors import UserError
from nids.interruption import undone
from nids.models import backend
from nids.progress import ProgressDisplay
from nids.storage import Folder
from nids.terminal import TerminalConsole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from nids.detector.bundle import Bundle

# What a result's name adds to that of its file.
ENDING, REJECTS = ".parquet", ".csv"


@dataclass(frozen=True)
class _Settings:
    """How each file is scored.

    Attributes:
        bundle: The detector's folder, as every node sees it.
        out: Folder of the scores, as every node sees it.
        rejects: Folder of the rejects, None if a bad row is to end everything.
        false_positive_rate: Of the alerts.
        overwrite: Whether results may exist.
        names: Of the columns, where files do not tell them.
    """

    bundle: str
    out: Path
    rejects: Path | None
    false_positive_rate: float
    overwrite: bool
    names: tuple[str, ...]


def score(
    bundle: str,
    paths: Sequence[Path],
    out: Path,
    address: str | None,
    console: Console,
    *,
    false_positive_rate: float = scoring.DEFAULT_FALSE_POSITIVE_RATE,
    rejects: Path | None = None,
    overwrite: bool = False,
    names: Sequence[str] = (),
) -> scoring.ScoreResult:
    """Score each file into one of its own, as ``nids.detector.score.score`` does; every node has to see all paths.

    Args:
        bundle: The detector's folder or URI.
        paths: Files, and folders whose files are meant.
        out: Folder for the scores: of NAME, NAME.parquet.
        address: A running cluster, as for ``nids.cluster.connection.connected``.
        console: Where progress is shown.
        false_positive_rate: One of those that the detector has a threshold for.
        rejects: Folder for the rows that cannot be read: of NAME, NAME.csv. Without it, such a row ends everything.
        overwrite: Whether results may exist.
        names: As for ``nids.detector.score.score``.

    Raises:
        UserError: As for ``nids.detector.score.score``. Files that were scored before stay.
    """
    started = time.perf_counter()
    files = score_files.find_files(paths)
    backend.configure_alone()
    detector = load(Folder.from_uri(bundle))
    threshold = scoring.threshold_of(detector, false_positive_rate)  # refused here, not by each process
    _refuse_same_names(files)
    for folder, ending in ((out, ENDING), (rejects, REJECTS)):
        if folder is not None:
            _make(folder)
            score_files.refuse_targets([folder / f"{file.name}{ending}" for file in files], files, overwrite)
    settings = _Settings(
        bundle if "://" in bundle else str(Path(bundle).resolve()),
        out.resolve(),
        rejects and rejects.resolve(),
        false_positive_rate,
        overwrite,
        tuple(names),
    )
    scoring.warn_if_synthetic(detector)
    with undone(lambda: _remove_partial_files(settings, files)), connection.connected(address):
        # Progress is shown here, and of its own Ray Data would tell a page.
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.WARNING)
        files_of = ray.data.from_items(
            [{"file": str(file.absolute())} for file in files], override_num_blocks=len(files)
        )
        slots = max(1, min(len(files), int(ray.cluster_resources()["CPU"])))
        scored = files_of.map(
            _Scorer, fn_constructor_args=(settings,), num_cpus=1, compute=ray.data.ActorPoolStrategy(size=slots)
        )
        by_class = np.zeros(len(detector.classes), dtype=np.int64)
        rejected = alerts = 0
        with ProgressDisplay(console, len(files), "files") as display:
            for row in scored.iter_rows():
                if row["error"]:
                    raise UserError(row["error"])
                by_class += row["by_class"]
                rejected += row["rejected"]
                alerts += row["alerts"]
                display.advance()
    return scoring.ScoreResult(
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


class _Scorer:
    """Loads the detector once for all files that its process scores."""

    def __init__(self, settings: _Settings) -> None:
        backend.configure(1, 0)
        self._settings = settings

    @functools.cached_property
    def _detector(self) -> Bundle:
        # Not at once: what is raised there would not reach the user as the message that it is.
        return load(Folder.from_uri(self._settings.bundle))

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        path, settings = Path(row["file"]), self._settings
        try:
            result = scoring.score(
                self._detector,
                [path],
                settings.out / f"{path.name}{ENDING}",
                TerminalConsole(quiet=True),
                false_positive_rate=settings.false_positive_rate,
                rejects=settings.rejects and settings.rejects / f"{path.name}{REJECTS}",
                overwrite=settings.overwrite,
                names=settings.names,
            )
        except UserError as error:
            return {"error": str(error), "by_class": [], "rejected": 0, "alerts": 0}
        return {
            "error": "",
            "by_class": list(result.by_class.values()),
            "rejected": result.rejected,
            "alerts": result.alerts,
        }


def _refuse_same_names(files: Sequence[Path]) -> None:
    """Files of one folder may have the names of another's: their scores would stand in the same place."""
    names: dict[str, Path] = {}
    for file in files:
        if (other := names.setdefault(file.name, file)) != file:
            raise UserError(f"{other} and {file} have the same name, so would their scores. Score them apart.")


def _remove_partial_files(settings: _Settings, files: Sequence[Path]) -> None:
    """Remove what the processes that scored were about to write when they were ended."""
    for folder, ending in ((settings.out, ENDING), (settings.rejects, REJECTS)):
        if folder is not None:
            for file in files:
                for partial in partial_files(folder / f"{file.name}{ending}"):
                    partial.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot create this folder: {error.strerror}. Name another one.") from None
