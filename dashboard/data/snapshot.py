"""A run as it was at one read. What was read of it is kept, under what tells a file from its earlier content.

A run may change at any moment. Each read asks for its files' times and sizes, and only files that have changed are read
again: in a live run, one part of each table. Files that cannot be read are passed over and named in ``faults``, and the
next read asks again: the storage may have been out of reach for a moment.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import streamlit as st

from nids.errors import RunNotFoundError, UserError
from nids.results import Run
from nids.results.gaps import gaps_of
from nids.results.notes import Notes, notes_of
from nids.results.ranking import with_feasibility, with_repeats
from nids.results.run import COLUMNS_OF_REPEATS, REPEATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from nids.report import RunSummary
    from nids.results.evaluation import EvaluationFile
    from nids.storage import Folder

T = TypeVar("T")

# Object stores tell times in whole seconds: what changes twice in one would look the same.
SECOND = 1_000_000_000
UNSETTLED = 2 * SECOND

Version = tuple[int, ...]


class IncompleteError(Exception):
    """Carries what was made of the parts that could be read, past the cache: what lacks something is not kept."""

    def __init__(self, made: Any) -> None:
        super().__init__()
        self.made = made


class KeptRun(Run):
    """A run at one read: its files are listed once, its parts are read once, and what is damaged is passed over.

    The writer writes a trial's row after all other rows of it. So the trials are read first, and only then the other
    files are listed: whatever trial is told to have ended has all of its rows.

    Attributes:
        versions: Path in the run's folder → what tells the file from its earlier content.
        faults: What could not be read, and why.
        summary: What the report says of it, as soon as it has been asked: see ``nids.dashboard.data.cache.summarize``.
    """

    def __init__(self, folder: Folder) -> None:
        self.faults: list[str] = []
        self.summary: RunSummary | None = None
        self.versions = self._listed(folder)
        if not self.has_file("manifest.json"):
            storage, _, name = folder.uri.rpartition("/")
            raise RunNotFoundError(f"{storage} holds no run named {name!r}.")
        super().__init__(folder)
        if self.status_fault:
            self.note(self.status_fault)
        self._trials = complete_or_not(_trials, self.uri, self.key("trials", REPEATS), self)
        first = {path: version for path, version in self.versions.items() if path.startswith("trials/")}
        self.versions = self._listed(folder) | first

    def _listed(self, folder: Folder) -> dict[str, Version]:
        faults: list[str] = []
        versions = {path: _settled(version) for path, version in folder.versions(faults).items()}
        for fault in faults:
            self.note(fault)
        return versions

    def has_file(self, path: str) -> bool:
        """Return whether the run had a file when its folder was listed."""
        return path in self.versions

    def read_json(self, path: str) -> dict[str, Any]:
        """Return what a file of JSON holds, which the run has; see ``Run``."""
        return _json(self.uri, path, self.versions[path], self)

    def key(self, *names: str) -> str:
        """Return what tells the present content of some of the run's files and folders from their earlier one."""
        folders = tuple(f"{name}/" for name in names)
        # As text: of nested tuples, Streamlit's caches take a millisecond for each hundred.
        return repr([entry for entry in self.versions.items() if entry[0].startswith(folders) or entry[0] in names])

    def parts(self, name: str, only: str | None = None) -> Iterator[pa.Table]:
        """Yield the parts of one of ``TABLES``, or the one of a name, without those that cannot be read."""
        if self.has_file(name):
            self.note(f"{self.uri}/{name}: this is a file, where a folder with the parts of a table belongs.")
        for part in self.part_names(name):
            if only in (None, part):
                try:
                    yield _part(self.uri, name, part, self.versions[f"{name}/{part}"], self)
                except UserError as error:
                    self.note(error)

    def part_names(self, name: str) -> list[str]:
        """Return the file names of the parts of one of ``TABLES`` as they were when its folder was listed."""
        split = (path.rpartition("/") for path in self.versions if path.endswith(".parquet"))
        return [part for folder, _, part in split if folder == name]

    def trials(self) -> pd.DataFrame:
        """Return a row a trial, ordered by trial; not to be changed."""
        return self._trials

    def repeats(self) -> pd.DataFrame:
        """Return a row for each time that a trial was trained again; empty if that cannot be read."""
        try:
            return super().repeats()
        except UserError as error:
            self.note(error)
            return pd.DataFrame(columns=[*COLUMNS_OF_REPEATS])

    def baselines(self) -> pd.DataFrame:
        """Return a row a baseline × fold; empty if there are none, or if they cannot be read."""
        try:
            version = self.versions.get("baselines/folds.parquet")
            return _baselines(self.uri, version, self) if version else pd.DataFrame()
        except UserError as error:
            self.note(error)
            return pd.DataFrame()

    def evaluation(self, kind: type[EvaluationFile], path: str) -> EvaluationFile | None:
        """Return one of both files of evaluations; None if the run does not have it, or if it cannot be read."""
        try:
            return super().evaluation(kind, path)
        except UserError as error:
            self.note(error)
            return None

    def notes(self) -> Notes:
        """Return what is said of the run; nothing if it cannot be read."""
        try:
            return notes_of(self)
        except UserError as error:
            self.note(error)
            return Notes()

    def lost(self) -> str:
        """Return which trials are lost, and the cure, if some are and nothing that was passed over explains it.

        Unlike a fault, it does not pass: what is there has been read.
        """
        return "" if self.faults else gaps_of(self, self._trials, by_row=False).lost_in_words(self.uri)

    def note(self, fault: object) -> None:
        """Remember what could not be read, once."""
        if str(fault) not in self.faults:
            self.faults.append(str(fault))

    def predictions(self, name: str) -> pd.DataFrame | None:
        """Return predictions, as ``Run`` does; None if they cannot be read."""
        try:
            version = self.versions.get(f"final/{name}.parquet")
            return _predictions(self.uri, name, version, self) if version else None
        except UserError as error:
            self.note(error)
            return None


def _settled(version: Version) -> Version:
    """Return what tells a file from its earlier content; anew each time as long as that may still change unseen."""
    now = time.time_ns()
    if version[0] % SECOND == 0 and now - version[0] < UNSETTLED:
        return (*version, now)
    return version


def complete_or_not(cached: Callable[..., T], *arguments: object) -> T:
    """Return what a cached function returns, or what it made of the parts that could be read."""
    try:
        return cached(*arguments)
    except IncompleteError as error:
        made: T = error.made
        return made


@st.cache_data(max_entries=1000, show_spinner=False)
def _json(run: str, path: str, version: Version, _run: Run) -> dict[str, Any]:
    return Run.read_json(_run, path)


# Arrow tables never change, so that all visitors may share one: no copy is made, which cache_data would.
@st.cache_resource(max_entries=1000, show_spinner=False)
def _part(path: str, table: str, part: str, version: Version, _run: Run) -> pa.Table:
    return _run.part(table, part)


@st.cache_data(max_entries=32, show_spinner=False)
def _trials(path: str, versions: str, _run: KeptRun) -> pd.DataFrame:
    table: pd.DataFrame = _run.arrow("trials").to_pandas()
    table = table.sort_values("trial", ignore_index=True)
    if len(_run.manifest.folds.used) == 1:
        # One fold has no spread; the zero that is stored would read as certainty.
        table = table.assign(**{name: math.nan for name in table.columns if name.endswith("_std")})
    table = with_repeats(with_feasibility(table, _run.manifest.job.search.limits), _run.repeats(), _run.direction)
    if _run.faults:
        raise IncompleteError(table)
    return table


@st.cache_data(max_entries=8, show_spinner=False)
def _baselines(path: str, version: Version, _run: KeptRun) -> pd.DataFrame:
    return Run.baselines(_run)


@st.cache_data(max_entries=4, show_spinner=False)
def _predictions(path: str, name: str, version: Version, _run: KeptRun) -> pd.DataFrame | None:
    return Run.predictions(_run, name)
