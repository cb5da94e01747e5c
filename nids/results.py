"""The run store: one folder a run, that anyone may read at any moment while one driver writes it.

==============================  ========================================================================================
``manifest.json``               what was searched: job, data and their hashes, folds, space, versions, machine, seed
``status.json``                 where the search stands; renewed every few seconds while it runs
``trials/part-*.parquet``       a row a trial: state, value, hyperparameters, means over the folds and their spread
``classes/part-*.parquet``      a row a trial × fold × class, at the trial's best epoch
``confusions/part-*.parquet``   a row a trial × fold × actual class × predicted class, at the trial's best epoch
``curves/part-*.parquet``       a row a trial × fold × epoch
``study.journal``               the Optuna study, for Optuna's own tools (``JournalStorage``)
==============================  ========================================================================================

Writer: the driver of the search, and nobody else. Readers: any number, with no code of this project if they like
(``pandas.read_parquet("RUN/trials")``). Each file appears by rename, or as one object, so whatever a reader opens is
complete; files of different tables may differ by the trial that is just being written. A part holds
``TRIALS_A_PART`` trials and is rewritten when one of them changes, so that the cost of a change does not grow with the
number of trials.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nids import config
from nids.errors import UserError
from nids.metrics import SUMMARY
from nids.stopwatch import PARTS
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

FORMAT = 2
TRIALS_A_PART = 100
# A driver renews its status far more often than this: one that did not is gone.
SILENCE = timedelta(seconds=60)

# What a fold's epoch took: in all, and by part.
SECONDS = ("seconds", *(f"{part}_seconds" for part in PARTS))

Rows = dict[str, list[dict[str, Any]]]

_TIME = pa.timestamp("ms", tz="UTC")
_FIGURES = [(name, pa.float64()) for name in SUMMARY]
_SCHEMAS: dict[str, list[tuple[str, pa.DataType]]] = {
    "trials": [
        ("trial", pa.int32()),
        ("state", pa.string()),
        ("value", pa.float64()),
        ("best_epoch", pa.int32()),
        ("epochs", pa.int32()),
        ("started", _TIME),
        ("ended", _TIME),
        ("seconds", pa.float64()),
        ("error", pa.string()),
        *((name + suffix, pa.float64()) for name in SUMMARY for suffix in ("", "_std")),
    ],
    "classes": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("class", pa.string()),
        ("precision", pa.float64()),
        ("recall", pa.float64()),
        ("f1", pa.float64()),
        ("false_positive_rate", pa.float64()),
        ("support", pa.int64()),
    ],
    "confusions": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("actual", pa.string()),
        ("predicted", pa.string()),
        ("count", pa.int64()),
    ],
    "curves": [
        ("trial", pa.int32()),
        ("fold", pa.int32()),
        ("epoch", pa.int32()),
        ("training_loss", pa.float64()),
        *_FIGURES,
        *((name, pa.float64()) for name in SECONDS),
    ],
}
TABLES = tuple(_SCHEMAS)


def schemas(space: Mapping[str, Any]) -> dict[str, pa.Schema]:
    """Return the schema of each table of a run; ``space`` as in its manifest gives the columns ``params_…``."""
    kinds = {"FloatDistribution": pa.float64(), "IntDistribution": pa.int64()}
    params = []
    for name, distribution in space.items():
        choices = distribution["attributes"].get("choices", ())
        params.append((f"params_{name}", pa.array(choices).type if choices else kinds[distribution["name"]]))
    return {table: pa.schema(_SCHEMAS[table] + (params if table == "trials" else [])) for table in TABLES}


class RunWriter:
    """Writes a run's folder. At most one at a time may exist for a run.

    Args:
        folder: The run's folder.
        manifest: Written at once.
    """

    def __init__(self, folder: Folder, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        self._schemas = schemas(manifest["space"])
        self._parts: dict[int, dict[int, dict[str, pa.Table]]] = {}
        self._full: set[int] = set()
        folder.write("manifest.json", json.dumps(manifest, indent=2).encode())

    def write_status(self, state: str, trials: Mapping[str, int], owner: Mapping[str, Any], message: str = "") -> None:
        """Say where the search stands: its state, its trials by state, the process that runs it."""
        status = {
            "state": state,
            "updated": datetime.now(UTC).isoformat(),
            "trials": dict(trials),
            "owner": dict(owner),
            "message": message,
        }
        self.folder.write("status.json", json.dumps(status, indent=2).encode())

    def take_over(self, run: Run) -> None:
        """Go on with what an earlier driver wrote of this run."""
        tables = {name: run.arrow(name) for name in TABLES}
        for trial in tables["trials"]["trial"].to_pylist():
            rows = {name: table.filter(pc.field("trial") == trial) for name, table in tables.items()}
            self._parts.setdefault(trial // TRIALS_A_PART, {})[trial] = rows
        for number in list(self._parts):
            self._forget_if_full(number)

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
            # Dictionaries make the small parts no smaller, and take longer to write than all the rest.
            pq.write_table(pa.concat_tables([part[trial][table] for trial in sorted(part)]), sink, use_dictionary=False)
            self.folder.write(f"{table}/part-{number:05d}.parquet", sink.getbuffer())
        self._forget_if_full(number)
        return range(number * TRIALS_A_PART, (number + 1) * TRIALS_A_PART)

    def _forget_if_full(self, number: int) -> None:
        """Drop a part that no longer changes, so that memory does not grow with the number of trials."""
        states = [tables["trials"]["state"][0].as_py() for tables in self._parts[number].values()]
        if len(states) == TRIALS_A_PART and "RUNNING" not in states:
            del self._parts[number]
            self._full.add(number)


class Run:
    """Reads a run's folder, while it is written or afterwards.

    Attributes:
        name: The run's name.
        path: Its folder, as text.
        manifest: What was searched.
        status: Where the search stood when this was made.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.path = folder.path
        self.name = folder.path.rpartition("/")[2]
        self.manifest: dict[str, Any] = _json(folder, "manifest.json")
        if self.manifest.get("format") != FORMAT:
            raise UserError(
                f"{self.path}: the run has format {self.manifest.get('format')}, this version reads format {FORMAT}."
            )
        self.status: dict[str, Any] = (
            _json(folder, "status.json") if folder.exists("status.json") else {"state": "interrupted", "trials": {}}
        )

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``interrupted`` or ``failed``; a driver that fell silent is interrupted."""
        state: str = self.status["state"]
        silent = state == "running" and datetime.now(UTC) - datetime.fromisoformat(self.status["updated"]) > SILENCE
        return "interrupted" if silent or (state == "running" and _is_gone(self.status["owner"])) else state

    def trials(self) -> pd.DataFrame:
        """Return a row a trial."""
        return self.table("trials")

    def classes(self) -> pd.DataFrame:
        """Return a row a trial × fold × class."""
        return self.table("classes")

    def confusions(self) -> pd.DataFrame:
        """Return a row a trial × fold × actual class × predicted class."""
        return self.table("confusions")

    def curves(self) -> pd.DataFrame:
        """Return a row a trial × fold × epoch."""
        return self.table("curves")

    def table(self, name: str) -> pd.DataFrame:
        """Return one of ``TABLES``, empty where nothing is there yet; see ``arrow``."""
        return self.arrow(name).to_pandas()

    def arrow(self, name: str) -> pa.Table:
        """Return one of ``TABLES`` as an Arrow table.

        Raises:
            UserError: A part cannot be read.
        """
        schema = schemas(self.manifest["space"])[name]
        parts = [schema.empty_table()]
        folder = self.folder.folder(name)
        for part in folder.names(".parquet"):
            try:
                parts.append(pq.read_table(io.BytesIO(folder.read(part))).cast(schema))
            except (pa.ArrowException, ValueError, OSError) as error:
                raise UserError(
                    f"{folder.path}/{part}: this is no part of the run's table ({error}). "
                    f"Move it away: nids resume runs the trials that it held again."
                ) from None
        return pa.concat_tables(parts)


def open_run(storage: str, name: str) -> Run:
    """Return a run of a storage.

    Raises:
        UserError: There is no such run, or it cannot be read.
    """
    folder = Folder.at(storage).folder(name)
    if not folder.exists("manifest.json"):
        known = ", ".join(run_names(storage)) or "none"
        raise UserError(
            f"{storage} holds no run named {name!r}. Runs there: {known}. Another place is named with --storage."
        )
    return Run(folder)


def new_run(storage: str, name: str) -> Folder:
    """Return the folder of a run that is yet to be made.

    Raises:
        UserError: That is no name for a run, or the storage has a run of that name.
    """
    if not re.fullmatch(config.NAME, name):
        raise UserError(
            f"--name {name!r}: a run's name has letters, digits and . _ - only, and does not begin with . or -."
        )
    folder = Folder.at(storage).folder(name)
    if folder.exists("manifest.json"):
        raise UserError(
            f"{folder.path} already holds a run. Go on with it by `nids resume {name}`, or give another --name."
        )
    return folder


def owner() -> dict[str, Any]:
    """Return what tells this process from all others, for a run's status."""
    return {"host": socket.gethostname(), "pid": os.getpid()}


def _is_gone(driver: Mapping[str, Any]) -> bool:
    """Return whether a driver is known to have ended: one of this machine, whose process is no more."""
    if driver.get("host") != socket.gethostname():
        return False
    try:
        os.kill(driver["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def run_names(storage: str) -> list[str]:
    """Return the names of all runs of a storage."""
    root = Folder.at(storage)
    return [name for name in root.names() if root.exists(f"{name}/manifest.json")]


def _json(folder: Folder, name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(folder.read(name))
        return content
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"{folder.path}/{name}: cannot be read ({error}). The run is damaged.") from None
