"""Makes a run's files what its tables tell, where something has damaged or deleted them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from nids.errors import DamagedFileError, NotAFileError
from nids.results import ASKED_AT_ONCE, TABLES, Run, RunWriter
from nids.results.cures import cure
from nids.results.driven import refuse_if_driven
from nids.results.driver_process import owner
from nids.results.gaps import gaps_at_rest
from nids.results.ownership import DRIVER
from nids.results.status import RunStatus, TrialCounts
from nids.results.writer import JOURNAL
from nids.search.budget import searched_seconds
from nids.search.learned import learned_of
from nids.search.study import first_number, resumed_study
from nids.search.temporary_folder import temporary_folder
from nids.threads import thread_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nids.results.gaps import Gaps

DAMAGED = "damaged"  # the folder of a run that keeps what cannot be read
STATUS = "status.json"
LARGEST_JOURNAL = 1 << 31  # bytes, of which a hundred thousand trials take less than half


def repair(run: Run, progress: Callable[[str], object]) -> list[str]:
    """Make again what the tables of a run tell, move away what cannot be read, and return what was done, in sentences.

    The status and the study are made again from the tables. Parts of tables that cannot be read are kept in
    ``DAMAGED``; the trials that they held are for ``nids resume`` to run again. Where nothing is wrong, nothing is
    written.

    Args:
        run: The run.
        progress: Called with a line of text when there is a minute to wait.

    Raises:
        UserError: The run has a driver, or its folder cannot be read or written to.
    """
    token = refuse_if_driven(run, progress)
    run = Run(run.folder)  # its status may have changed since it was opened
    damaged = _damaged(run)
    if not damaged:
        gaps = gaps_at_rest(run)
        if not _faults(run, gaps):
            return [*filter(None, [gaps.lost_in_words(run.uri)])]
    places = {path: _free(run, f"{DAMAGED}/{path}") for path in damaged}
    if DRIVER in places:  # nobody can take the run as long as it is there
        run.folder.move(DRIVER, places[DRIVER])
        token = ""
    writer = RunWriter(run.folder, run.manifest, token)
    for path in places.keys() - {DRIVER}:
        writer.move(path, places[path])
    done = [f"{fault} It is now {run.uri}/{places[path]}." for path, fault in damaged.items()]
    gaps = gaps_at_rest(run)
    faults = _faults(run, gaps)
    if STATUS in faults:
        now = _status_of(run, gaps)
        writer.write_status(now.state, now.trials, owner(), updated=now.updated)
        done.append(f"{faults[STATUS]} It now says {now.state}, {now.trials.ended:,} of {now.trials.total:,} trials.")
    if JOURNAL in faults:
        writer.write_journal(_journal_of(run))
        done.append(f"{faults[JOURNAL]} It was made again from the tables.")
    return [*done, *filter(None, [gaps.lost_in_words(run.uri)])]


def _damaged(run: Run) -> dict[str, str]:
    """Return the path of each part of a table that cannot be read, and of what is no file and should be one: why."""
    found: dict[str, str] = {}
    parts = []
    for name in TABLES:
        try:
            parts += [(name, part) for part in run.part_names(name)]
        except DamagedFileError as error:
            found[name] = _without_cure(error, run, name)

    def fault_of(of: tuple[str, str]) -> str:
        try:
            run.part(*of)
        except DamagedFileError as error:
            return _without_cure(error, run, "/".join(of))
        return ""

    with thread_pool(ASKED_AT_ONCE) as pool:
        found |= {"/".join(of): fault for of, fault in zip(parts, pool.map(fault_of, parts), strict=True) if fault}
    for name in (STATUS, JOURNAL, DRIVER):
        if run.folder.is_local and (Path(run.folder.path) / name).is_dir():
            found[name] = f"{run.uri}/{name}: this is a folder, where a file belongs."
    return found


def _without_cure(error: Exception, run: Run, path: str) -> str:
    return str(error).removesuffix(cure(run.uri, path)).rstrip()


def _free(run: Run, path: str) -> str:
    """Return a path in a run's folder, or the first that is free of those with a number after it."""
    number, free = 1, path
    while run.has_file(free):
        number += 1
        free = f"{path}.{number}"
    return free


def _faults(run: Run, gaps: Gaps) -> dict[str, str]:
    """Return which of the files are not as the tables tell, and what is wrong with them."""
    status, now = run.status, _status_of(run, gaps)
    faults = {}
    if run.status_fault or not run.has_file(STATUS):
        faults[STATUS] = f"{run.uri}/{STATUS}: could not be read, or was not there."
    # Of a driver that was killed, trials may have ended after its last word.
    elif "finished" in {status.state, now.state} and (status.state, status.trials.ended) != (
        now.state,
        now.trials.ended,
    ):
        faults[STATUS] = f"{run.uri}/{STATUS}: said {status.state}, {status.trials.ended:,} trials, unlike the tables."
    if (ended := _ended(run)) and not _has(run, ended):
        faults[JOURNAL] = f"{run.uri}/{JOURNAL}: could not be read, was not there, or was not of the tables' trials."
    return faults


def _status_of(run: Run, gaps: Gaps) -> RunStatus:
    """Return the status of a run without a driver, as its tables tell it."""
    trials = run.trials()
    ended = trials[(trials["state"] != "RUNNING") & ~trials["trial"].isin(gaps.trials)]
    states, total = Counter(ended["state"]), run.manifest.job.search.trials
    seconds = run.status.trials.seconds or searched_seconds(trials)
    last = ended["ended"].max() if ended["ended"].notna().any() else run.manifest.created
    return RunStatus(
        state="finished" if len(ended) >= total else "interrupted",
        updated=run.status.updated or last,
        trials=TrialCounts(
            total=total,
            complete=states["COMPLETE"],
            pruned=states["PRUNED"],
            failed=states["FAIL"],
            duplicates=int(ended["duplicate_of"].notna().sum()),
            seconds=seconds,
        ),
    )


def _ended(run: Run) -> dict[int, tuple[str, float | None]]:
    """Return state and value of each trial that has ended by the tables; only complete trials have a value."""
    rows = run.arrow("trials").select(["trial", "state", "value"]).to_pylist()
    return {
        row["trial"]: (row["state"], row["value"] if row["state"] == "COMPLETE" else None)
        for row in rows
        if row["state"] != "RUNNING"
    }


def _has(run: Run, ended: Mapping[int, tuple[str, float | None]]) -> bool:
    """Return whether a run's journal can be read and has trials as they ended."""
    if not run.has_file(JOURNAL):
        return False
    try:
        content = run.folder.read(JOURNAL, LARGEST_JOURNAL)
    except NotAFileError:
        return False
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it tells which study it opens
    with temporary_folder("study") as folder:
        path = folder / JOURNAL
        path.write_bytes(content)
        try:
            # The only one there: of a run that was copied or renamed, it keeps the former name.
            study = optuna.load_study(study_name=None, storage=JournalStorage(JournalFileBackend(str(path))))
            first = first_number(study)
            trials = {trial.number - first: trial for trial in study.get_trials(deepcopy=False)}
        except Exception:  # whatever Optuna comes to in a file that is none of its own
            return False
    return all(
        number in trials
        and trials[number].state.name == state
        and (value is None or (trials[number].values or [None])[0] == value)
        for number, (state, value) in ended.items()
    )


def _journal_of(run: Run) -> bytes:
    """Return the journal of a run's study, made again from its tables."""
    with temporary_folder("study") as folder:
        path = folder / JOURNAL
        learned = [trial.frozen(run.manifest.space) for trial in learned_of(run).trials]
        resumed_study(run, run.manifest.job.search, path, learned=learned)
        return path.read_bytes()
