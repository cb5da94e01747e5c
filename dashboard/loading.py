"""All reading of the dashboard. What was read is kept, under what tells a file from its earlier content.

A run may change at any moment. Each look asks for its files' times and sizes, and of the tables and verdicts only files
that have changed are read again: in a live run, one part of each table. Files that cannot be read are passed over and
named in ``faults``, and the next look asks again: the storage may have been out of reach for a moment.
"""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pandas as pd
import pyarrow as pa
import streamlit as st

from nids import report
from nids.errors import UserError
from nids.report.importances import importances
from nids.results import ASKED_AT_ONCE, Run, run_names
from nids.space import space_from
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

DEMONSTRATION = Path(__file__).parent / "demonstration"

# Complete trials that are asked for importances.
MOST_RANKED = 500

# The states that a run can be in, for those who look at it.
STATES = ("running", "finished", "interrupted", "failed")

# What is read of final/ and baselines/ must have these, or something else has written it.
KEYS_OF_EVALUATION = {"final": {"trial", "members", "folds", "held_out"}, "baselines": {"held_out"}}
COLUMNS_OF_BASELINES = {"model", "resampled", "fold", "confusion"}

# Object stores tell times in whole seconds: what changes twice in one would look the same.
SECOND = 1_000_000_000
UNSETTLED = 2 * SECOND

# What files that something else has written may come to in a program that expects its own.
FOREIGN = (KeyError, TypeError, ValueError, AttributeError, IndexError, pa.ArrowException, OSError)

Version = tuple[int, ...]


class IncompleteError(Exception):
    """Carries what was made of the parts that could be read, past the cache: what lacks something is not kept."""

    def __init__(self, made: Any) -> None:
        super().__init__()
        self.made = made


class KeptRun(Run):
    """A run at one look: its folder is listed once, its parts are read once, and a damaged part is passed over.

    What is shown at one look is of one moment, and whatever several parts of a page ask for is made once.

    Attributes:
        versions: Path in the run's folder → what tells the file from its earlier content.
        faults: What could not be read, and why.
        misses: How often something could not be read.
    """

    def __init__(self, folder: Folder) -> None:
        self.versions = {path: _settled(version) for path, version in folder.versions().items()}
        self.faults: list[str] = []
        self.misses = 0
        self._made: dict[str, Any] = {}
        if not self.has("manifest.json"):
            place, _, name = folder.uri.rpartition("/")
            raise UserError(f"{place} holds no run named {name!r}.")
        super().__init__(folder)

    def has(self, path: str) -> bool:
        """Return whether the run had a file when its folder was listed."""
        return path in self.versions

    def json(self, path: str) -> dict[str, Any]:
        """Return what a file of JSON holds, which the run has; see ``Run``."""
        return _json(self.uri, path, self.versions[path], self)

    def key(self, *tables: str) -> str:
        """Return what tells the present content of some of ``TABLES`` from what they held earlier."""
        folders = tuple(f"{table}/" for table in tables)
        # As text: of nested tuples, Streamlit's caches take a millisecond for each hundred.
        return repr([entry for entry in self.versions.items() if entry[0].startswith(folders)])

    def parts(self, name: str, only: str | None = None) -> Iterator[pa.Table]:
        """Yield the parts of one of ``TABLES``, or the one of a name, without those that cannot be read."""
        if self.has(name):
            self.note(f"{self.uri}/{name}: this is a file, where a folder with the parts of a table belongs.")
        for path, version in self.versions.items():
            folder, _, part = path.rpartition("/")
            if folder == name and part.endswith(".parquet") and only in (None, part):
                try:
                    yield _part(self.uri, name, part, version, self)
                except UserError as error:
                    self.note(error)

    def trials(self) -> pd.DataFrame:
        """Return a row a trial, ordered by trial."""
        return self.once("trials", lambda: _complete_or_not(_trials, self.uri, self.key("trials"), self))

    def once(self, what: str, make: Callable[[], T]) -> T:
        """Return what was made under a name at this look, or make it."""
        if what not in self._made:
            self._made[what] = make()
        made: T = self._made[what]
        return made

    def baselines(self) -> pd.DataFrame:
        """Return a row a baseline × fold; empty if there are none, or if they cannot be read."""
        try:
            version = self.versions.get("baselines/folds.parquet")
            return _baselines(self.uri, version, self) if version else pd.DataFrame()
        except (UserError, *FOREIGN) as error:
            self.note(f"{self.uri}/baselines/folds.parquet: cannot be read ({error}).")
            return pd.DataFrame()

    def evaluation(self, of: Literal["final", "baselines"]) -> dict[str, Any] | None:
        """Return what the held-out rows said; None if not asked yet, or if it cannot be read."""
        try:
            found = super().evaluation(of)
        except UserError as error:
            self.note(error)
            return None
        lacking = KEYS_OF_EVALUATION[of] - {*(found if isinstance(found, dict) else ())}
        if self.has(f"{of}/evaluation.json") and lacking:
            named = f"{self.uri}/{of}/evaluation.json"
            self.note(f"{named}: not as this program writes it (it lacks {', '.join(sorted(lacking))}).")
            return None
        return found

    def note(self, fault: object) -> None:
        """Remember what could not be read, once."""
        self.misses += 1
        if str(fault) not in self.faults:
            self.faults.append(str(fault))


@dataclass(frozen=True)
class Found:
    """A run of a storage, or a folder that should be one.

    Attributes:
        name: Its name.
        run: The run, None if it is damaged.
        fault: What is wrong with it; empty if nothing is.
    """

    name: str
    run: KeptRun | None
    fault: str = ""


@st.cache_data(ttl=2, max_entries=10, show_spinner=False)
def names(storage: str) -> list[str]:
    """Return the names of the runs of a storage, damaged ones included; looked for anew every other second."""
    return run_names(storage)


def find(storage: str) -> list[Found]:
    """Return all runs of a storage, the latest first, and the damaged ones after them."""
    # An object store takes a while for each answer, and gives many at once.
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        found = [*pool.map(partial(one, storage), names(storage))]
    return sorted(found, key=lambda each: each.run.manifest.get("created", "") if each.run else "", reverse=True)


def one(storage: str, name: str) -> Found:
    """Return a run of a storage, as it is now."""
    folder = _storage(storage).folder(name)
    try:
        run = KeptRun(folder)
        _check(run)
        tables(run)
    except UserError as error:
        return Found(name, None, str(error))
    except FOREIGN as error:
        fault = f"manifest.json or status.json is not as this program writes it ({type(error).__name__}: {error})"
        return Found(name, None, f"{folder.uri}: {fault}. The run is damaged, or no run of this program.")
    return Found(name, run)


def tables(run: KeptRun) -> report.Tables:
    """Return what the report says of a run, without importances, in its present state."""

    def make() -> report.Tables:
        key = run.key("trials", "classes", "attacks")
        found = _complete_or_not(_tables, run.uri, key, str(run.manifest), run)
        return replace(found, state=run.state, message=run.status.get("message") or "")

    return run.once("tables", make)


def ranked(run: KeptRun, trials: pd.DataFrame) -> tuple[dict[str, float], str]:
    """Return the importances of the hyperparameters and a sentence on their basis, from a run's complete trials.

    Asking takes a millisecond for each trial. So of many trials a sample is asked, and asked anew only when there are a
    fiftieth more.
    """
    complete = trials[(trials["state"] == "COMPLETE") & trials["value"].notna()]
    step = max(1, len(complete) // 50)
    asked = complete.sample(min(len(complete), MOST_RANKED), random_state=0)
    # The quotient alone comes back to the same numbers as the step grows.
    found, note = _importances(run.uri, run.manifest["created"], (step, len(complete) // step), asked, run)
    if len(asked) < len(complete):
        note = f"{note} They are drawn by chance from {len(complete):,}."
    return found, note


def held_out_predictions(run: KeptRun, file: str) -> pd.DataFrame | None:
    """Return the finalized trial's predictions of ``final/NAME.parquet``; None where there is no such file."""
    try:
        version = run.versions.get(f"final/{file}.parquet")
        return _predictions(run.uri, file, version, run) if version else None
    except (UserError, *FOREIGN) as error:
        run.note(f"{run.uri}/final/{file}.parquet: cannot be read ({error}).")
        return None


def _check(run: Run) -> None:
    """Raise an error unless the manifest has what the pages ask for: something else may have written it."""
    manifest = run.manifest
    for section, key in (("job", "search"), ("job", "folds"), ("data", "classes"), ("folds", "used")):
        manifest[section][key]
    int(manifest["job"]["search"].get("trials", 0))
    len(run.status["trials"])
    if run.state not in STATES:
        raise ValueError(f"its state is {run.state!r}")
    for when in (manifest["created"], run.status.get("updated", manifest["created"])):
        if pd.Timestamp(when).tzinfo is None:
            raise ValueError(f"the time {when!r} has no zone")
    if not all(isinstance(node, dict) for node in run.status.get("nodes") or []):
        raise TypeError("nodes that are no nodes")
    space_from(manifest["space"])
    len(run.mode)


def _settled(version: Version) -> Version:
    """Return what tells a file from its earlier content; anew each time as long as that may still change unseen."""
    now = time.time_ns()
    if version[0] % SECOND == 0 and now - version[0] < UNSETTLED:
        return (*version, now)
    return version


def _complete_or_not(cached: Callable[..., T], *arguments: object) -> T:
    """Return what a cached function returns, or what it made of the parts that could be read."""
    try:
        return cached(*arguments)
    except IncompleteError as error:
        made: T = error.made
        return made


# To connect to an object store takes longer than to ask it.
@st.cache_resource(max_entries=10, show_spinner=False)
def _storage(storage: str) -> Folder:
    return Folder.at(storage)


@st.cache_data(max_entries=1000, show_spinner=False)
def _json(run: str, path: str, version: Version, _run: Run) -> dict[str, Any]:
    return Run.json(_run, path)


# Arrow tables never change, so that all visitors may share one: no copy is made, which cache_data would.
@st.cache_resource(max_entries=1000, show_spinner=False)
def _part(path: str, table: str, part: str, version: Version, _run: Run) -> pa.Table:
    return _run.part(table, part)


@st.cache_data(max_entries=32, show_spinner=False)
def _trials(path: str, versions: str, _run: KeptRun) -> pd.DataFrame:
    misses = _run.misses
    table: pd.DataFrame = _run.arrow("trials").to_pandas()
    table = table.sort_values("trial", ignore_index=True)
    if _run.misses > misses:
        raise IncompleteError(table)
    return table


@st.cache_data(max_entries=8, show_spinner=False)
def _baselines(path: str, version: Version, _run: KeptRun) -> pd.DataFrame:
    found = Run.baselines(_run)
    if lacking := COLUMNS_OF_BASELINES - {*found.columns}:
        raise KeyError(f"it has no column {', '.join(sorted(lacking))}")
    return found


# More entries than there are runs in a folder that anyone looks through: the list of runs asks for each.
@st.cache_data(max_entries=64, show_spinner=False)
def _tables(path: str, versions: str, manifest: str, _run: KeptRun) -> report.Tables:
    misses = _run.misses
    found = report.tables(_run, _run.trials(), rank=False)
    if _run.misses > misses:
        raise IncompleteError(found)
    return found


@st.cache_data(max_entries=8, show_spinner=False)
def _importances(
    path: str, created: str, size: tuple[int, int], _trials: pd.DataFrame, _run: KeptRun
) -> tuple[dict[str, float], str]:
    return importances(_trials, space_from(_run.manifest["space"]), _run.mode)


@st.cache_data(max_entries=4, show_spinner=False)
def _predictions(path: str, file: str, version: Version, _run: KeptRun) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(_run.folder.folder("final").read(f"{file}.parquet")))
