"""Writes what happens in a search to the run store, as it happens."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune

from nids.command_line import command_on
from nids.errors import StorageError
from nids.results.driver_process import owner
from nids.results.gaps import in_ranges
from nids.results.status import TrialCounts
from nids.search.record import Record
from nids.storage import OUTAGE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from optuna.trial import FrozenTrial
    from ray.tune.experiment import Trial

    from nids.results import RunWriter
    from nids.results.status import Node, State

HEARTBEAT_SECONDS = 5.0
SECONDS_BETWEEN_WRITES = 1.0


Counts = dict[str, int]


class RunStoreCallback(tune.Callback):
    """Keeps the run store and a watcher up to date.

    Args:
        writer: Writes the run store.
        classes: Names of the classes, in the order of the confusion matrices.
        total: Trials that the search is to have, those of earlier drivers included.
        ended: Number of trials that earlier drivers ended, by state.
        watch: Called with each record that changed, and the number of trials by state.
        nodes: Returns the cluster's nodes, for the status.
        told: Returns what the study has been told of the end of the trial of a number; without it, the trial's last
            result is all that there is.
        say: Called with a line of text when the storage is out of reach, and when it no longer is.
        at_end: Writes what is written only when the search ends.
        reason: Returns why a trial of an id was given up; None if Tune knows it.
        seconds: Returns for how long drivers have run trials.
        duplicates: How many of the ended trials were at the point of an earlier one.
        objective: As for ``Record``.
    """

    def __init__(
        self,
        writer: RunWriter,
        classes: Sequence[str],
        total: int,
        ended: Mapping[str, int],
        watch: Callable[[Record | None, Counts], object],
        nodes: Callable[[], list[Node]] = list,
        told: Callable[[int], FrozenTrial] | None = None,
        say: Callable[[str], object] = lambda _: None,
        at_end: Callable[[], object] = lambda: None,
        reason: Callable[[str], str | None] = lambda _: None,
        seconds: Callable[[], float] = lambda: 0.0,
        duplicates: int = 0,
        objective: str | None = None,
    ) -> None:
        self._writer = writer
        self._classes = classes
        self._total = total
        self._ended = Counter(ended)
        self._running: dict[str, Record] = {}
        self._watch = watch
        self._nodes = nodes
        self._told = told
        self._say = say
        self._at_end = at_end
        self._reason = reason
        self._seconds = seconds
        self._duplicates = duplicates
        self._objective = objective
        self._out_since: float | None = None
        self._last_status = 0.0
        self._last_write = 0.0
        self._unwritten: dict[int, Record] = {}
        self._said: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its callbacks for a restore that is never made of them."""
        return {}

    @property
    def counts(self) -> Counts:
        """Return the number of trials by state, and in all."""
        return {
            "total": self._total,
            "complete": self._ended["COMPLETE"],
            "pruned": self._ended["PRUNED"],
            "failed": self._ended["FAIL"],
            "running": len(self._running),
            "duplicates": self._duplicates,
        }

    def write_status(self, state: State, message: str = "") -> None:
        """Say where the search stands."""
        counts = TrialCounts(**self.counts, seconds=self._seconds())
        self._writer.write_status(state, counts, owner(), message, self._nodes())
        self._last_status = time.monotonic()

    def finish(self, state: State, message: str = "", *, waits: bool = True) -> None:
        """Write what was put off, what is written at the end, and where the search stands then.

        Args:
            state: Where it stands; "finished" is only written if the tables hold all trials.
            message: What there is to say of that.
            waits: Whether an outage of the storage is waited for.

        Raises:
            StorageError: The storage was out of reach for ``OUTAGE_SECONDS``.
            LostRunError: Another process has taken the run.
        """

        def write() -> None:
            self.flush()
            self._at_end()
            if state == "finished" and (missing := self._writer.missing(self._ended.total())):
                resume = command_on(self._writer.folder.uri, "resume")
                lost = f"The tables lack trials: {in_ranges(missing)}. `{resume}` runs them again."
                self.write_status("interrupted", lost)
                return
            if state == "finished":
                with suppress(StorageError):  # they are of no use any more, and do no harm
                    self._writer.delete_checkpoints()
            self.write_status(state, message)

        while not self._has_written(write) and waits:
            time.sleep(SECONDS_BETWEEN_WRITES)

    def _has_written(self, write: Callable[[], object]) -> bool:
        """Write, and return whether it could be: a storage can be out of reach for a while."""
        try:
            write()
        except StorageError as error:
            now = self._last_write = time.monotonic()
            if self._out_since is None:
                self._out_since = now
                self._say(f"{error} Trying again for {OUTAGE_SECONDS / 60:.0f} minutes; trials go on meanwhile.")
            elif now - self._out_since > OUTAGE_SECONDS:
                raise
            return False
        if self._out_since is not None:
            self._say(f"The storage can be used again, after {time.monotonic() - self._out_since:.0f} s.")
            self._out_since = None
        return True

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Renew the status now and then, as a sign of life, and write what was put off."""
        since = time.monotonic() - self._last_write
        if self._unwritten and since > SECONDS_BETWEEN_WRITES and not self._has_written(self.flush):
            return
        is_due = time.monotonic() - self._last_status > HEARTBEAT_SECONDS
        if is_due and (self._out_since is None or since > SECONDS_BETWEEN_WRITES):
            self._has_written(lambda: self.write_status("running"))
            self._watch(None, self.counts)

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Enter a new trial, or one that is started again after a fault."""
        record = self._running[trial.trial_id] = self._new_record(trial)
        # Its hyperparameters are needed to run it again, should this process end now; there is no more to write yet.
        self._unwritten.pop(record.number, None)
        self._writer.put(record.number, record.rows(self._classes))
        if self._unwritten:  # with them, as the table of trials may not tell of an end whose other rows are not there
            self._unwritten[record.number] = record
            self._has_written(self.flush)
        elif not self._has_written(lambda: self._writer.flush(record.number, ["trials"])):
            self._unwritten[record.number] = record
        self._watch(record, self.counts)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Enter an epoch."""
        record = self._running[trial.trial_id]
        if result.get("failed"):
            record.error = result["failed"]
        else:
            (report,) = result["report"]
            record.add(report)
            record.has_checkpoint, fault = result.get("checkpoint", (False, ""))
            if fault:
                self._say_of_node(trial.node_ip or "a node", fault)
        self._write(record)

    def enter_duplicate(self, trial: FrozenTrial, number: int, duplicate_of: int) -> None:
        """Enter a trial that is not trained, as an earlier one was at its point, of the number ``duplicate_of``."""
        record = Record(number, trial.params, datetime.now(UTC), duplicate_of=duplicate_of)
        record.error = trial.user_attrs.get("error")
        if trial.values:
            record.last = {"epoch": 0, "value": trial.values[0], "best_epoch": None}
        self._duplicates += 1
        self._end(record, trial.state.name)

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Say that a trial has lost its process, and is started again."""
        record = self._running.get(trial.trial_id)
        where = " from its last checkpoint" if record is not None and record.has_checkpoint else ""
        self._say(f"trial {trial.config['number']} is started again{where}: {_error_of(trial)}")

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Enter the end of a trial: by itself, by the scheduler, or by a failure that it reported."""
        record = self._running.pop(trial.trial_id, None)
        if record is not None:
            finished = trial.last_result.get("finished", False)
            self._end(record, "FAIL" if record.error else "COMPLETE" if finished else "PRUNED")

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Enter the end of a trial that was lost too often, or that could never be started."""
        record = self._running.pop(trial.trial_id, None) or self._new_record(trial)
        record.error = self._reason(trial.trial_id) or _error_of(trial)
        self._end(record, "FAIL")

    def _say_of_node(self, node: str, fault: str) -> None:
        if node not in self._said and self._out_since is None:  # an outage is said already
            self._said.add(node)
            self._say(f"trials on {node} could not keep a checkpoint: {fault}")

    def _new_record(self, trial: Trial) -> Record:
        config = trial.config
        return Record(config["number"], config["hyperparameters"], datetime.now(UTC), objective=self._objective)

    def _end(self, record: Record, state: str) -> None:
        record.system_attrs = {}
        if self._told is not None:
            # A trial that has come to its end can have failed: a measure that the search asks for may have no value.
            trial = self._told(record.number)
            state, record.system_attrs = trial.state.name, trial.system_attrs
            record.error = record.error or trial.user_attrs.get("error")
        record.state, record.ended = state, datetime.now(UTC)
        self._ended[state] += 1
        self._write(record, at_once=True)

    def flush(self) -> None:
        """Write what was put off."""
        for number, record in self._unwritten.items():
            self._writer.put(number, record.rows(self._classes))
        while self._unwritten:
            part = [self._unwritten.pop(number, None) for number in self._writer.flush(min(self._unwritten))]
            for written in part:
                if written is not None and written.ended is not None and written.has_checkpoint:
                    with suppress(StorageError):  # what is left is deleted at the end
                        self._writer.delete_checkpoint(written.number)
        self._last_write = time.monotonic()

    def _write(self, record: Record, *, at_once: bool = False) -> None:
        # The end of a trial is written at once, since it is never run again. An epoch may be shown a little late, so
        # that quick trials do not keep the driver busy with writing.
        self._unwritten[record.number] = record
        if at_once or time.monotonic() - self._last_write > SECONDS_BETWEEN_WRITES:
            self._has_written(self.flush)
        self._watch(record, self.counts)


def _error_of(trial: Trial) -> str:
    """Return the last line of what Tune wrote down of a trial's latest error."""
    # Tune's own get_error looks in another place, to which the file may be copied later.
    written = trial.storage and trial.error_file
    text = Path(written).read_text(encoding="utf-8") if written and Path(written).exists() else ""
    return (text.strip().splitlines() or ["the trial's process ended without saying why"])[-1]
