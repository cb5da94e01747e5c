"""Writes a run's folder."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nids.results.checkpoints import Checkpoints, delete_checkpoint, delete_checkpoints
from nids.results.ownership import Ownership, locked
from nids.results.parquet_files import LARGEST_PART
from nids.results.run import Run
from nids.results.schema import TABLES, TRIALS_A_PART, Rows, part_name, schemas
from nids.results.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pandas as pd

    from nids.results.manifest import HeldOutAccess, RunManifest
    from nids.results.status import Node, Owner, State, TrialCounts
    from nids.storage import Folder

JOURNAL = "study.journal"


class RunWriter:
    """Writes a run's folder, which it takes for this process: whatever wrote it before can do so no longer.

    Args:
        folder: The run's folder.
        manifest: Written at once, with the accesses to held-out rows that are recorded in the folder.
        instead_of: As for ``Ownership``.

    Attributes:
        folder: The run's folder.
        checkpoints: Where this driver's trials keep theirs.

    Raises:
        LostRunError: Here or with any write: another process has taken the run.
        StorageError: Likewise: the folder cannot be written to, perhaps only for now.
    """

    def __init__(self, folder: Folder, manifest: RunManifest, instead_of: str | None = None) -> None:
        self.folder = folder
        self._ownership = Ownership(folder, instead_of)
        self.checkpoints = Checkpoints(folder, self._ownership.token)
        self._schemas = schemas(manifest.space, manifest.measures)
        self._parts: dict[int, dict[int, dict[str, pa.Table]]] = {}
        self._full: set[int] = set()
        with self._ownership.held():
            # Held-out rows may have been read since it was opened.
            accesses = Run(folder).manifest.test_set_accesses if folder.exists("manifest.json") else ()
            if len(accesses) > len(manifest.test_set_accesses):
                manifest = manifest.model_copy(update={"test_set_accesses": accesses})
            folder.write("manifest.json", manifest.to_json())

    def write_status(
        self,
        state: State,
        trials: TrialCounts,
        owner: Owner,
        message: str = "",
        nodes: Iterable[Node] = (),
        updated: datetime | None = None,
    ) -> None:
        """Say where the search stands, now unless another time is given: see ``RunStatus``."""
        status = RunStatus(
            state=state,
            updated=updated or datetime.now(UTC),
            trials=trials,
            owner=owner,
            message=message,
            nodes=tuple(nodes),
        )
        self._write("status.json", status.to_json())

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the run."""
        self._write(name, content)

    def write_journal(self, content: bytes) -> None:
        """Keep the Optuna study."""
        self._write(JOURNAL, content)

    def delete_checkpoint(self, trial: int) -> None:
        """Delete the checkpoint of a trial whose end is written."""
        with self._ownership.held():
            delete_checkpoint(self.folder, trial)

    def delete_checkpoints(self) -> None:
        """Delete all of them: every trial has ended."""
        with self._ownership.held():
            delete_checkpoints(self.folder)

    def move(self, name: str, to: str) -> None:
        """Move a file of the run to another place in its folder; see ``nids.storage.Folder.move``."""
        with self._ownership.held():
            self.folder.move(name, to)

    def go_on_with(self, run: Run, again: Collection[int] = ()) -> None:
        """Go on with what an earlier driver wrote of this run; parts of an earlier form are written anew.

        Args:
            run: The run.
            again: Trials that are to be run again, as results of theirs are lost.
        """
        tables = {name: run.arrow(name) for name in TABLES}
        for trial in tables["trials"]["trial"].to_pylist():
            rows = {name: table.filter(pc.field("trial") == trial) for name, table in tables.items()}
            self._parts.setdefault(trial // TRIALS_A_PART, {})[trial] = _begun(rows) if trial in again else rows
        for number, part in list(self._parts.items()):
            if part.keys().isdisjoint(again) and _is_current(run, part_name(number)):
                self._forget_if_full(number)
            else:
                self.flush(min(part))

    def put(self, trial: int, rows: Rows) -> None:
        """Set all rows of a trial, in each of ``TABLES``; they are written with ``flush``."""
        number = trial // TRIALS_A_PART
        if number in self._full:
            raise ValueError(f"trial {trial} has ended, as all others of its part: its rows no longer change")
        tables = {name: pa.Table.from_pylist(rows[name], schema) for name, schema in self._schemas.items()}
        self._parts.setdefault(number, {})[trial] = tables

    def flush(self, trial: int, tables: Sequence[str] = TABLES) -> range:
        """Write the part that holds a trial, of all tables or of those that have changed; return the part's trials.

        The table of trials comes last: whoever finds there that a trial has ended finds all of its rows.
        """
        number = trial // TRIALS_A_PART
        part = self._parts[number]
        for table in sorted(tables, key="trials".__eq__):
            sink = io.BytesIO()
            # In one piece: each of the trials' would be encoded by itself, which takes three times as long.
            whole = pa.concat_tables([part[trial][table] for trial in sorted(part)]).combine_chunks()
            # Dictionaries make the small parts no smaller, and take longer to write than all the rest.
            pq.write_table(whole, sink, use_dictionary=False)
            self._write(f"{table}/{part_name(number)}", sink.getbuffer())
        self._forget_if_full(number)
        return range(number * TRIALS_A_PART, (number + 1) * TRIALS_A_PART)

    def missing(self, total: int) -> list[int]:
        """Return which of the run's trials, of so many, have not ended by its tables, or have a part that is gone."""
        there = set.intersection(*({*self.folder.folder(name).names(".parquet")} for name in TABLES))
        ended = {
            trial
            for part in self._parts.values()
            for trial, tables in part.items()
            if tables["trials"]["state"][0].as_py() != "RUNNING"
        }
        return [
            trial
            for trial in range(total)
            if (trial not in ended and trial // TRIALS_A_PART not in self._full)
            or part_name(trial // TRIALS_A_PART) not in there
        ]

    def _write(self, name: str, content: bytes | memoryview) -> None:
        with self._ownership.held():
            self.folder.write(name, content)

    def _forget_if_full(self, number: int) -> None:
        """Drop a part that no longer changes, so that memory does not grow with the number of trials."""
        states = [tables["trials"]["state"][0].as_py() for tables in self._parts[number].values()]
        if len(states) == TRIALS_A_PART and "RUNNING" not in states:
            del self._parts[number]
            self._full.add(number)


def _begun(rows: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the rows of a trial as of one that has only been begun, with the same hyperparameters."""
    (trial,) = rows["trials"].to_pylist()
    kept = {name: value for name, value in trial.items() if name in {"trial", "started"} or name.startswith("params_")}
    begun = pa.Table.from_pylist([{**kept, "state": "RUNNING", "epochs": 0}], rows["trials"].schema)
    return {name: begun if name == "trials" else table.slice(0, 0) for name, table in rows.items()}


def _is_current(run: Run, part: str) -> bool:
    """Return whether a part has, in each of ``TABLES``, the columns that it would be written with today."""
    for name in TABLES:
        folder = run.folder.folder(name)
        if not folder.exists(part):
            return False
        if pq.read_schema(io.BytesIO(folder.read(part, LARGEST_PART))) != run.schema(name):
            return False
    return True


def file_name(source: str) -> str:
    """Return a data file's name as part of another's."""
    return "".join(letter if letter.isalnum() or letter in "+-" else "_" for letter in source)


def write_table(folder: Folder, name: str, table: pd.DataFrame) -> None:
    """Write a table as one Parquet file."""
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    folder.write(name, sink.getbuffer())


def record_test_access(folder: Folder, access: HeldOutAccess) -> None:
    """Add to a run's manifest that held-out rows are about to be read.

    Not while a driver may write the manifest, which it does when it starts.
    """
    with locked(folder):
        manifest = Run(folder).manifest
        accesses = (*manifest.test_set_accesses, access)
        folder.write("manifest.json", manifest.model_copy(update={"test_set_accesses": accesses}).to_json())
