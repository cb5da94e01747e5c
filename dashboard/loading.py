"""All reading of the dashboard. What was read is kept, under what tells a file from its earlier content.

A run may change at any moment. Each look asks for its files' times and sizes, and only files that have changed are read
again: in a live run, one part of each table. Files that cannot be read are passed over, and named in ``faults``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa
import streamlit as st

from nids import report
from nids.errors import UserError
from nids.report.importances import importances
from nids.results import Run, run_names
from nids.space import space_from
from nids.storage import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

DEMONSTRATION = Path(__file__).parent / "demonstration"

# Complete trials that are asked for importances.
MOST_RANKED = 500

Version = tuple[int, int]


class KeptRun(Run):
    """A run whose parts are read once, and of which a damaged part is passed over.

    Attributes:
        faults: What could not be read, and why.
    """

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self.faults: list[str] = []

    def versions(self, name: str) -> dict[str, Version]:
        """Return the parts of one of ``TABLES``, each with what tells it from its earlier content."""
        return self.folder.folder(name).versions(".parquet")

    def parts(self, name: str, only: str | None = None) -> Iterator[pa.Table]:
        """Yield the parts of one of ``TABLES``, or the one of a name, without those that cannot be read."""
        for part, version in self.versions(name).items():
            if only in (None, part):
                try:
                    yield _part(self.uri, name, part, version, self)
                except UserError as error:
                    self.note(error)

    def trials(self) -> pd.DataFrame:
        """Return a row a trial, ordered by trial."""
        versions = self.versions("trials")
        frame, faults = _trials(self.uri, tuple(versions.items()), self)
        self.faults += [fault for fault in faults if fault not in self.faults]
        return frame

    def baselines(self) -> pd.DataFrame:
        """Return a row a baseline × fold; empty if there are none, or if they cannot be read."""
        version = self.folder.folder("baselines").versions(".parquet").get("folds.parquet")
        try:
            return _baselines(self.uri, version, self) if version else pd.DataFrame()
        except (UserError, pa.ArrowException, OSError, ValueError) as error:
            self.note(f"{self.uri}/baselines/folds.parquet: cannot be read ({error}).")
            return pd.DataFrame()

    def evaluation(self, of: Literal["final", "baselines"]) -> dict[str, Any] | None:
        """Return what the held-out rows said; None if not asked yet, or if it cannot be read."""
        version = self.folder.folder(of).versions(".json").get("evaluation.json")
        try:
            return _evaluation(self.uri, of, version, self) if version else None
        except UserError as error:
            self.note(error)
            return None

    def note(self, fault: object) -> None:
        """Remember what could not be read, once."""
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
    found = [one(storage, name) for name in names(storage)]
    return sorted(found, key=lambda each: each.run.manifest.get("created", "") if each.run else "", reverse=True)


def one(storage: str, name: str) -> Found:
    """Return a run of a storage, as it is now."""
    folder = Folder.at(storage).folder(name)
    try:
        if not folder.exists("manifest.json"):
            raise UserError(f"{storage} holds no run named {name!r}.")
        run = KeptRun(folder)
        _check(run)
    except UserError as error:
        return Found(name, None, str(error))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fault = f"manifest.json or status.json is not as this program writes it ({type(error).__name__}: {error})"
        return Found(name, None, f"{folder.uri}: {fault}. The run is damaged, or no run of this program.")
    return Found(name, run)


def tables(run: KeptRun) -> report.Tables:
    """Return what the report says of a run, without importances, in its present state."""
    versions = tuple(tuple(run.versions(name).items()) for name in ("trials", "classes", "attacks"))
    found, faults = _tables(run.uri, versions, str(run.manifest), run)
    for fault in faults:
        run.note(fault)
    return replace(found, state=run.state, message=run.status.get("message") or "")


def ranked(run: KeptRun, trials: pd.DataFrame) -> tuple[dict[str, float], str]:
    """Return the importances of the hyperparameters and a sentence on their basis, from a run's complete trials.

    Asking takes a millisecond for each trial. So of many trials a sample is asked, and asked anew only when there are a
    fiftieth more.
    """
    complete = trials[(trials["state"] == "COMPLETE") & trials["value"].notna()]
    step = max(1, len(complete) // 50)
    asked = complete.sample(min(len(complete), MOST_RANKED), random_state=0)
    found, note = _importances(run.uri, run.manifest["created"], len(complete) // step, asked, run)
    if len(asked) < len(complete):
        note = f"{note} They are drawn by chance from {len(complete):,}."
    return found, note


def held_out_predictions(run: KeptRun, file: str) -> pd.DataFrame | None:
    """Return the finalized trial's predictions of ``final/NAME.parquet``; None where there is no such file."""
    version = run.folder.folder("final").versions(".parquet").get(f"{file}.parquet")
    try:
        return _predictions(run.uri, file, version, run) if version else None
    except (UserError, pa.ArrowException, OSError, ValueError) as error:
        run.note(f"{run.uri}/final/{file}.parquet: cannot be read ({error}).")
        return None


def _check(run: Run) -> None:
    """Raise an error unless the manifest has what the pages ask for: something else may have written it."""
    manifest = run.manifest
    for section, key in (("job", "search"), ("job", "folds"), ("data", "classes"), ("folds", "used")):
        manifest[section][key]
    for value in (manifest["created"], run.status["state"], run.status["trials"]):
        len(value)
    space_from(manifest["space"])
    len(run.state + run.mode)


# Arrow tables never change, so that all visitors may share one: no copy is made, which cache_data would.
@st.cache_resource(max_entries=1000, show_spinner=False)
def _part(path: str, table: str, part: str, version: Version, _run: Run) -> pa.Table:
    return _run.part(table, part)


@st.cache_data(max_entries=8, show_spinner=False)
def _trials(path: str, versions: tuple[tuple[str, Version], ...], _run: KeptRun) -> tuple[pd.DataFrame, list[str]]:
    frame: pd.DataFrame = _run.arrow("trials").to_pandas()
    return frame.sort_values("trial", ignore_index=True), list(_run.faults)


@st.cache_data(max_entries=8, show_spinner=False)
def _baselines(path: str, version: Version, _run: KeptRun) -> pd.DataFrame:
    return Run.baselines(_run)


@st.cache_data(max_entries=16, show_spinner=False)
def _evaluation(path: str, of: Literal["final", "baselines"], version: Version, _run: KeptRun) -> dict[str, Any]:
    return Run.evaluation(_run, of) or {}


@st.cache_data(max_entries=8, show_spinner=False)
def _tables(path: str, versions: object, manifest: str, _run: KeptRun) -> tuple[report.Tables, list[str]]:
    return report.tables(_run, _run.trials(), rank=False), list(_run.faults)


@st.cache_data(max_entries=8, show_spinner=False)
def _importances(
    path: str, created: str, step: int, _trials: pd.DataFrame, _run: KeptRun
) -> tuple[dict[str, float], str]:
    return importances(_trials, space_from(_run.manifest["space"]), _run.mode)


@st.cache_data(max_entries=4, show_spinner=False)
def _predictions(path: str, file: str, version: Version, _run: KeptRun) -> pd.DataFrame:
    import io

    return pd.read_parquet(io.BytesIO(_run.folder.folder("final").read(f"{file}.parquet")))
