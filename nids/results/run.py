"""Reads a run's folder."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from nids import foreign_json
from nids.errors import DamagedFileError, NotAFileError, StorageError
from nids.metrics.measures import ON_FOLDS
from nids.results.cures import damaged, with_cure
from nids.results.driver_process import is_gone
from nids.results.evaluation import BaselinesEvaluation, EvaluationFile, FinalEvaluation, evaluation_from
from nids.results.manifest import manifest_from
from nids.results.parquet_files import LARGEST_FILE, LARGEST_PART, bounded, read_table
from nids.results.ranking import with_feasibility, with_repeats
from nids.results.schema import TRIALS_A_PART, in_present_form, part_name, schemas, with_present_names
from nids.results.status import RunStatus
from nids.typed_file import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from nids.metrics.measure import Direction
    from nids.results.manifest import RunManifest
    from nids.results.status import State
    from nids.storage import Folder

# A driver renews its status far more often than this: one that did not is gone.
SILENCE = timedelta(seconds=60)
# Where the models of a finalization are that has not ended.
UNFINISHED = "final/unfinished"
# Where the rank correlation of validation and held-out figures is; format 3 had another name for it.
RANK_CORRELATION, _FORMER_RANK_CORRELATION = "rank_correlation", "foretelling"
# What baselines/folds.parquet has, beside a column for each measure.
COLUMNS_OF_BASELINES = ("model", "resampled", "fold", "training_rows", "validation_rows", "confusion")
# What was tried in the tuning of baselines.
TUNING, COLUMNS_OF_TUNING = "baselines/tuning.parquet", ("model", "trial", "value", "seconds", "hyperparameters")
# Trials that were trained again, and what is known of each.
REPEATS, COLUMNS_OF_REPEATS = "repeats.parquet", ("trial", "repeat", "seed", "value", "error")
# Files of an object store that are asked for at the same time.
ASKED_AT_ONCE = 16


class Run:
    """Reads a run's folder, while it is written or afterwards.

    >>> import nids
    >>> run = nids.open_run("runs", "demonstration")
    >>> run.name, run.state
    ('demonstration', 'finished')
    >>> classes = run.classes()  # a pandas table, as trials(), curves(), confusions() and attacks() are
    >>> len(classes) == classes.groupby(["trial", "fold", "class"]).ngroups
    True

    Attributes:
        name: The run's name.
        uri: Its folder: a path, or a URI.
        manifest: What was searched.
        status: Where the search stood when this was made; as if nobody had ever said, where its file is damaged.
        status_fault: What is wrong with the file of the status; empty if nothing is.

    Raises:
        UserError: The manifest cannot be read.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.uri = folder.uri
        self.name = folder.path.rpartition("/")[2]
        self.manifest: RunManifest = manifest_from(self.read_json("manifest.json"), self.uri)
        self.status, self.status_fault = RunStatus(), ""
        if self.has_file("status.json"):
            try:
                self.status = checked(RunStatus, self.read_json("status.json"), f"{self.uri}/status.json")
            except DamagedFileError as error:
                # A power cut can leave it so. It decides nothing that the tables do not tell: the run can go on.
                self.status_fault = with_cure(error, self.uri, "status.json")

    @property
    def state(self) -> State:
        """Where the search stands; one whose driver fell silent, or has died, is interrupted."""
        status = self.status
        if status.state != "running":
            return status.state
        silent = status.updated is None or datetime.now(UTC) - status.updated > SILENCE
        return "interrupted" if silent or (status.owner and is_gone(status.owner)) else "running"

    @property
    def seconds(self) -> float | None:
        """Seconds from the start of the search to its driver's last status, pauses included; None without a status."""
        updated = self.status.updated
        return None if updated is None else (updated - self.manifest.created).total_seconds()

    @property
    def direction(self) -> Direction:
        """Whether less of what the run searches for is better, or more."""
        return self.manifest.direction

    def trials(self) -> pd.DataFrame:
        """Return a row a trial, with ``feasible`` where the job has constraints, and ``repeated_value``, if any was."""
        trials = with_feasibility(self.table("trials"), self.manifest.job.search.limits)
        return with_repeats(trials, self.repeats(), self.direction)

    def repeats(self) -> pd.DataFrame:
        """Return a row for each time that a trial was trained again: trial, repeat, seed, value, error, the measures.

        Raises:
            UserError: The file cannot be read.
        """
        if not self.has_file(REPEATS):
            return pa.table({name: [] for name in COLUMNS_OF_REPEATS}).to_pandas()
        table = self._parquet(REPEATS)
        if missing := [name for name in COLUMNS_OF_REPEATS if name not in table.column_names]:
            raise damaged(self.uri, REPEATS, f"it has no column {', '.join(missing)}")
        return table.to_pandas()

    def classes(self) -> pd.DataFrame:
        """Return a row a trial × fold × class."""
        return self.table("classes")

    def confusions(self) -> pd.DataFrame:
        """Return a row a trial × fold × actual class × predicted class."""
        return self.table("confusions")

    def attacks(self) -> pd.DataFrame:
        """Return a row a trial × fold × attack type."""
        return self.table("attacks")

    def curves(self) -> pd.DataFrame:
        """Return a row a trial × fold × epoch."""
        return self.table("curves")

    def baselines(self) -> pd.DataFrame:
        """Return a row a baseline × fold, as the baselines had them; empty if there are none.

        Raises:
            UserError: The file cannot be read.
        """
        path = "baselines/folds.parquet"
        if not self.has_file(path):
            return pa.table({}).to_pandas()
        table = with_present_names(self._parquet(path)).to_pandas()
        if missing := [name for name in COLUMNS_OF_BASELINES if name not in table]:
            raise damaged(self.uri, path, f"it has no column {', '.join(missing)}")
        # Baselines of an older version lack newer measures.
        return table.assign(**{name: math.nan for name in (*ON_FOLDS, *self.manifest.measures) if name not in table})

    def tuning(self) -> pd.DataFrame:
        """Return a row a trial of a tuned baseline; empty if none was tuned.

        Raises:
            UserError: The file cannot be read.
        """
        if not self.has_file(TUNING):
            return pa.table({name: [] for name in COLUMNS_OF_TUNING}).to_pandas()
        table = self._parquet(TUNING).to_pandas()
        if missing := [name for name in COLUMNS_OF_TUNING if name not in table]:
            raise damaged(self.uri, TUNING, f"it has no column {', '.join(missing)}")
        return table

    def predictions(self, name: str) -> pd.DataFrame | None:
        """Return the finalized trial's predictions of ``final/NAME.parquet``; None where there is no such file.

        Raises:
            UserError: The file cannot be read.
        """
        path = f"final/{name}.parquet"
        return self._parquet(path).to_pandas() if self.has_file(path) else None

    def final_evaluation(self) -> FinalEvaluation | None:
        """Return what was found when a trial was finalized; None if none was.

        Raises:
            UserError: The file cannot be read.
        """
        return self.evaluation(FinalEvaluation, "final/evaluation.json")

    def baselines_evaluation(self) -> BaselinesEvaluation | None:
        """Return what the held-out files say of the baselines; None if there are none. Errors as above."""
        return self.evaluation(BaselinesEvaluation, "baselines/evaluation.json")

    def evaluation(self, kind: type[EvaluationFile], path: str) -> EvaluationFile | None:
        """Return one of both files of evaluations; None if the run does not have it. Errors as above."""
        return evaluation_from(kind, self.read_json(path), self.uri, path) if self.has_file(path) else None

    def has_rank_correlation(self) -> bool:
        """Return whether the run's trials have been ranked by the held-out rows too."""
        return any(self.folder.folder(name).names(".png") for name in (RANK_CORRELATION, _FORMER_RANK_CORRELATION))

    def has_file(self, path: str) -> bool:
        """Return whether the run has a file."""
        return self.folder.exists(path)

    def read_json(self, path: str) -> dict[str, Any]:
        """Return what a file of JSON holds.

        Raises:
            UserError: It cannot be read.
        """
        try:
            content: dict[str, Any] = foreign_json.parsed(self.folder.read(path, foreign_json.LARGEST))
            return content
        except (ValueError, FileNotFoundError, NotAFileError) as error:
            raise damaged(self.uri, path, "cannot be read", error) from None

    def table(self, name: str, trial: int | None = None) -> pd.DataFrame:
        """Return one of ``TABLES``, or of it the rows of one trial; empty where nothing is there yet; see ``arrow``."""
        return self.arrow(name, trial).to_pandas()

    def arrow(self, name: str, trial: int | None = None) -> pa.Table:
        """Return one of ``TABLES`` as an Arrow table, or of it the rows of one trial: only its part is read then.

        Raises:
            UserError: A part cannot be read.
        """
        only = None if trial is None else part_name(trial // TRIALS_A_PART)
        parts = bounded(self.parts(name, only), f"{self.uri}/{name}")
        whole = pa.concat_tables([self.schema(name).empty_table(), *parts])
        return whole if trial is None else whole.filter(pc.field("trial") == trial)

    def parts(self, name: str, only: str | None = None) -> Iterator[pa.Table]:
        """Yield the parts of one of ``TABLES``, or the one of a name, if it is there; errors as for ``part``."""
        for part in self.part_names(name):
            if only in (None, part):
                yield self.part(name, part)

    def part_names(self, name: str) -> list[str]:
        """Return the file names of the parts of one of ``TABLES``; UserError if they cannot be listed."""
        folder = self.folder.folder(name)
        try:
            return folder.names(".parquet")
        except StorageError as error:
            if isinstance(error.__cause__, NotADirectoryError):
                reason = "this is a file, where a folder with the parts of a table belongs"
                raise damaged(self.uri, name, reason) from None
            raise

    def part(self, name: str, part: str) -> pa.Table:
        """Return one part of one of ``TABLES``.

        Raises:
            UserError: It cannot be read.
        """
        folder = self.folder.folder(name)
        try:
            table = read_table(folder.read(part, LARGEST_PART), LARGEST_PART)
            return in_present_form(table, self.schema(name), self.manifest.space)
        except (pa.ArrowException, ValueError, KeyError, OSError, NotAFileError) as error:
            raise damaged(self.uri, f"{name}/{part}", "this is not a part of the run's table", error) from None

    def _parquet(self, path: str) -> pa.Table:
        try:
            return read_table(self.folder.read(path, LARGEST_FILE), LARGEST_FILE)
        except (pa.ArrowException, ValueError, OSError, NotAFileError) as error:
            raise damaged(self.uri, path, "cannot be read", error) from None

    def schema(self, name: str) -> pa.Schema:
        """Return the columns of one of ``TABLES`` and their types."""
        return schemas(self.manifest.space, self.manifest.measures)[name]
