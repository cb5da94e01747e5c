from __future__ import annotations

import pickle
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial
from ray.tune.experiment import Trial

from nids.command_line import command_on
from nids.errors import LostRunError, StorageError, UserError
from nids.results import Run, RunWriter
from nids.results import writer as writing
from nids.results.checkpoints import CHECKPOINTS
from nids.results.driver_process import owner
from nids.results.status import TrialCounts
from nids.search import callback as callbacks
from nids.search.callback import RunStoreCallback
from nids.search.trainable import result_of
from nids.storage import Folder
from tests.manifests import a_manifest
from tests.search.test_record import CLASSES, report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.search.record import Record


FAILURE = {"failed": "the training loss became nan", "finished": True, "value": float("nan"), "epoch": 0}


class Watcher:
    """What a callback tells: the state of the trial that changed, and the counts."""

    def __init__(self) -> None:
        self.seen: list[tuple[int | None, str | None, dict[str, int]]] = []

    def __call__(self, record: Record | None, counts: dict[str, int]) -> None:
        self.seen.append((record.number if record else None, record.state if record else None, counts))


class TestRunStoreCallback:
    @pytest.fixture
    def writer(self, tmp_path: Path) -> RunWriter:
        return RunWriter(Folder.from_uri(str(tmp_path / "a-run")), a_manifest())

    @staticmethod
    def trial(number: int) -> Trial:
        return Trial("train", config={"number": number, "hyperparameters": {}}, stub=True)

    @staticmethod
    def go(callback: RunStoreCallback, trial: Trial, *results: dict[str, Any]) -> None:
        """Call what Tune calls for a trial that starts and reports."""
        callback.on_trial_start(0, [], trial)
        for made in results:
            result = made if "failed" in made else result_of(made)
            trial.run_metadata.last_result = result
            callback.on_trial_result(0, [], trial, result)

    def test_each_end_is_recorded(self, writer: RunWriter) -> None:
        watcher = Watcher()
        callback = RunStoreCallback(writer, CLASSES, 5, Counter(), watcher)
        complete, pruned, failed, lost, running = map(self.trial, range(5))
        self.go(callback, complete, report(1, best_epoch=1, value=1.0, finished=True))
        callback.on_trial_complete(1, [], complete)
        self.go(callback, pruned, report(1, best_epoch=1, value=2.0))
        callback.on_trial_complete(2, [], pruned)
        self.go(callback, failed, FAILURE)
        callback.on_trial_complete(3, [], failed)
        self.go(callback, lost, report(1, best_epoch=1, value=3.0))
        callback.on_trial_error(4, [], lost)
        self.go(callback, running)
        callback.write_status("running")

        run = Run(writer.folder)
        trials = run.trials().sort_values("trial")
        assert trials["trial"].tolist() == [0, 1, 2, 3, 4]  # its hyperparameters, should it have to be run again
        assert trials["state"].tolist() == ["COMPLETE", "PRUNED", "FAIL", "FAIL", "RUNNING"]
        assert trials["value"].dropna().tolist() == [1.0, 2.0, 3.0]
        assert trials["epochs"].tolist() == [1, 1, 0, 1, 0]
        assert trials["error"].dropna().tolist() == [
            "the training loss became nan",
            "the trial's process ended without saying why",
        ]
        assert trials["ended"].notna().tolist() == [True, True, True, True, False]
        counts = {"total": 5, "complete": 1, "pruned": 1, "failed": 2, "running": 1, "duplicates": 0}
        assert callback.counts == counts
        assert run.status.trials.model_dump() == {**counts, "seconds": 0.0}
        assert (run.status.state, run.status.owner) == ("running", owner())
        assert watcher.seen[-1] == (4, "RUNNING", counts)

    def test_what_the_sampler_noted_is_kept_of_ended_trials(self, writer: RunWriter) -> None:
        failed = create_trial(state=TrialState.FAIL, system_attrs={"generation": 0})
        callback = RunStoreCallback(writer, CLASSES, 2, Counter(), Watcher(), told=lambda _: failed)
        lost, running = map(self.trial, range(2))
        self.go(callback, running)
        self.go(callback, lost)
        callback.on_trial_error(1, [], lost)
        trials = Run(writer.folder).arrow("trials").sort_by("trial")
        assert trials["system_attrs"].to_pylist() == ['{"generation": 0}', None]

    def test_a_trial_that_the_study_calls_failed_has_failed(self, writer: RunWriter) -> None:
        reason = "recall.U2R has no value on these folds"
        failed = create_trial(state=TrialState.FAIL, user_attrs={"error": reason})
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher(), told=lambda _: failed)
        at_its_end = self.trial(0)
        self.go(callback, at_its_end, report(1, best_epoch=1, value=1.0, finished=True))
        callback.on_trial_complete(1, [], at_its_end)
        (row,) = Run(writer.folder).arrow("trials").to_pylist()
        assert (row["state"], row["error"]) == ("FAIL", reason)
        assert (callback.counts["complete"], callback.counts["failed"]) == (0, 1)

    def test_ends_under_earlier_drivers_are_counted(self, writer: RunWriter) -> None:
        callback = RunStoreCallback(writer, CLASSES, 9, {"COMPLETE": 4, "PRUNED": 2, "FAIL": 1}, Watcher())
        assert callback.counts == {"total": 9, "complete": 4, "pruned": 2, "failed": 1, "running": 0, "duplicates": 0}

    def test_a_trial_that_is_started_again_is_one_trial(self, writer: RunWriter) -> None:
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher())
        trial = self.trial(0)
        self.go(callback, trial, report(1, best_epoch=1, value=2.0), report(2, best_epoch=2, value=1.0))
        self.go(callback, trial, *(report(epoch, best_epoch=epoch, value=3.0 - epoch) for epoch in (1, 2)))
        self.go_to_the_end(callback, trial)
        run = Run(writer.folder)
        assert run.trials()["state"].tolist() == ["COMPLETE"]
        assert run.curves()["epoch"].tolist() == [1, 2, 3]
        assert callback.counts == {"total": 1, "complete": 1, "pruned": 0, "failed": 0, "running": 0, "duplicates": 0}

    @staticmethod
    def go_to_the_end(callback: RunStoreCallback, trial: Trial) -> None:
        trial.run_metadata.last_result = result_of(report(3, best_epoch=3, value=0.5, finished=True))
        callback.on_trial_result(0, [], trial, trial.last_result)
        callback.on_trial_complete(0, [], trial)

    def test_a_checkpoint_is_kept_until_the_end_of_its_trial_is_written(
        self, writer: RunWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        callback = RunStoreCallback(writer, CLASSES, 3, Counter(), Watcher(), say=said.append)
        here, elsewhere, running = map(self.trial, range(3))
        folder = writer.folder.folder(CHECKPOINTS)
        for number in (0, 2):
            folder.write(f"trial-0000{number}", b"")
        for trial, kept in ((here, [True, ""]), (elsewhere, [False, "it has another disk."]), (running, [True, ""])):
            callback.on_trial_start(0, [], trial)
            for epoch in (1, 2):
                result = {**result_of(report(epoch, best_epoch=1, value=1.0, finished=epoch == 2)), "checkpoint": kept}
                trial.run_metadata.last_result = result
                callback.on_trial_result(0, [], trial, result)
        assert said == ["trials on a node could not keep a checkpoint: it has another disk."]
        with monkeypatch.context() as away:
            away.setattr(writer, "flush", lambda *_: (_ for _ in ()).throw(StorageError("away")))
            callback.on_trial_complete(1, [], here)
            callback.on_trial_complete(1, [], elsewhere)
        assert folder.versions().keys() == {"trial-00000", "trial-00002"}
        callback.flush()
        assert folder.versions().keys() == {"trial-00002"}
        callback.finish("interrupted")
        assert folder.versions().keys() == {"trial-00002"}
        callback.on_trial_complete(2, [], running)
        folder.write("trial-00002", b"")  # by its process, which ended late
        callback.finish("finished")
        assert not folder.exists()

    def test_a_trial_that_could_never_be_started_is_recorded(self, writer: RunWriter) -> None:
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher())
        callback.on_trial_error(0, [], self.trial(0))
        assert Run(writer.folder).trials()[["trial", "state"]].to_numpy().tolist() == [[0, "FAIL"]]
        assert callback.counts["failed"] == 1

    def test_a_write_that_fails_loses_nothing(self, writer: RunWriter, monkeypatch: pytest.MonkeyPatch) -> None:
        """The part of the first trials is full and written when the one of the next trial cannot be."""
        monkeypatch.setattr(writing, "TRIALS_A_PART", 2)
        callback = RunStoreCallback(writer, CLASSES, 3, Counter(), Watcher())
        first, second, third = map(self.trial, range(3))
        for trial in (first, second, third):
            callback.on_trial_start(0, [], trial)
        self.go_to_the_end(callback, first)
        write = writer.folder.write

        def fail(name: str, content: bytes) -> None:
            if "part-00001" in name:
                raise OSError("no space left")
            write(name, content)

        self.report_at_once(callback, third, report(1, best_epoch=1, value=2.0))
        with monkeypatch.context() as patched:
            patched.setattr(writer.folder, "write", fail)
            with pytest.raises(OSError, match="no space left"):
                self.go_to_the_end(callback, second)
        assert Run(writer.folder).trials()["state"].tolist() == ["COMPLETE", "COMPLETE", "RUNNING"]
        callback.flush()
        trials = Run(writer.folder).trials()
        assert trials["trial"].tolist() == [0, 1, 2]
        assert trials["epochs"].tolist() == [3, 3, 1]

    @staticmethod
    def report_at_once(callback: RunStoreCallback, trial: Trial, made: dict[str, Any]) -> None:
        """Report before a second has passed since the last write: this one is put off."""
        callback._last_write = time.monotonic()
        callback.on_trial_result(0, [], trial, result_of(made))

    def test_nothing_of_it_is_pickled(self, writer: RunWriter) -> None:
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher())
        assert pickle.loads(pickle.dumps(callback)).__dict__ == {}  # which Tune does, with each of its snapshots

    @pytest.fixture
    def outage(self, writer: RunWriter, monkeypatch: pytest.MonkeyPatch) -> Callable[[type[UserError] | None], None]:
        """Return what has all writes fail with an error, or none any longer."""
        write = writer.folder.write

        def begin(error: type[UserError] | None) -> None:
            def fail(*_: object) -> None:
                assert error is not None
                raise error("it cannot be written.")

            monkeypatch.setattr(writer.folder, "write", fail if error else write)

        return begin

    def test_an_outage_of_the_storage_is_waited_for_by_all_writes(
        self, writer: RunWriter, outage: Callable[[type[UserError] | None], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        callback = RunStoreCallback(writer, CLASSES, 2, Counter(), Watcher(), say=said.append)
        callback.write_status("running")
        monkeypatch.setattr(callbacks, "HEARTBEAT_SECONDS", -1.0)
        monkeypatch.setattr(callbacks, "SECONDS_BETWEEN_WRITES", -1.0)
        ended, running = map(self.trial, range(2))
        self.go(callback, ended)
        outage(StorageError)
        self.go_to_the_end(callback, ended)
        self.go(callback, running, report(1, best_epoch=1, value=2.0))  # its start, an epoch
        callback.on_step_end(1, [])  # the sign of life
        assert Run(writer.folder).trials()["state"].tolist() == ["RUNNING"]
        outage(None)
        callback.on_step_end(2, [])
        assert Run(writer.folder).trials().sort_values("trial")["state"].tolist() == ["COMPLETE", "RUNNING"]
        assert Run(writer.folder).status.trials.complete == 1
        first, second = said
        assert first == "it cannot be written. Trying again for 5 minutes; trials go on meanwhile."
        assert re.fullmatch(r"The storage can be used again, after \d+ s\.", second)

    def test_finished_is_only_written_of_tables_that_hold_all_trials(self, writer: RunWriter) -> None:
        callback = RunStoreCallback(writer, CLASSES, 2, Counter(), Watcher())
        for number in range(2):
            trial = self.trial(number)
            self.go(callback, trial, report(1, best_epoch=1, value=1.0, finished=True))
            callback.on_trial_complete(1, [], trial)
        callback.finish("finished")
        assert Run(writer.folder).status.state == "finished"
        writer.move("curves/part-00000.parquet", "elsewhere/part-00000.parquet")
        callback.finish("finished")
        status = Run(writer.folder).status
        assert (status.state, status.message) == (
            "interrupted",
            f"The tables lack trials: 0, 1. `{command_on(writer.folder.uri, 'resume')}` runs them again.",
        )

    def test_after_an_outage_no_trial_has_ended_without_its_rows(
        self, writer: RunWriter, outage: Callable[[type[UserError] | None], None]
    ) -> None:
        callback = RunStoreCallback(writer, CLASSES, 2, Counter(), Watcher())
        ended, next_one = map(self.trial, range(2))
        self.go(callback, ended, report(1, best_epoch=1, value=2.0), report(2, best_epoch=2, value=1.0))
        outage(StorageError)
        self.go_to_the_end(callback, ended)
        outage(None)
        callback.on_trial_start(2, [], next_one)
        run = Run(writer.folder)
        assert run.trials().sort_values("trial")["state"].tolist() == ["COMPLETE", "RUNNING"]
        assert sorted(run.curves()["epoch"].unique()) == [1, 2, 3]

    def test_the_end_waits_for_the_storage_and_not_for_ever(
        self, writer: RunWriter, outage: Callable[[type[UserError] | None], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher(), say=lambda _: outage(None))
        monkeypatch.setattr(callbacks, "SECONDS_BETWEEN_WRITES", 0.01)
        self.go(callback, self.trial(0))
        outage(StorageError)
        callback.finish("interrupted")
        assert Run(writer.folder).status.state == "interrupted"
        monkeypatch.setattr(callbacks, "OUTAGE_SECONDS", -1.0)
        callback = RunStoreCallback(writer, CLASSES, 1, Counter(), Watcher())
        outage(StorageError)
        with pytest.raises(StorageError):
            callback.finish("interrupted")
        outage(LostRunError)
        with pytest.raises(LostRunError):
            callback.on_trial_start(0, [], self.trial(1))

    def test_a_trial_at_a_known_point_has_its_value_and_no_more(self, writer: RunWriter) -> None:
        watcher = Watcher()
        callback = RunStoreCallback(writer, CLASSES, 2, Counter(), watcher, seconds=lambda: 7.5)
        repeated = create_trial(
            value=0.25, params={"learning_rate": 0.002}, distributions={"learning_rate": FloatDistribution(0.001, 0.01)}
        )
        callback.enter_duplicate(repeated, 1, 0)
        callback.finish("interrupted")
        run = Run(writer.folder)
        (row,) = run.arrow("trials").to_pylist()
        chosen = ("trial", "state", "value", "duplicate_of", "best_epoch", "epochs", "error")
        assert [row[name] for name in chosen] == [1, "COMPLETE", 0.25, 0, None, 0, None]
        assert run.status.trials == TrialCounts(total=2, complete=1, duplicates=1, seconds=7.5)
        assert [len(run.table(name)) for name in ("classes", "confusions", "attacks", "curves")] == [0, 0, 0, 0]
