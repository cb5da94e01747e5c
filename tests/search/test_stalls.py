from __future__ import annotations

import io
import re
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from nids.bench.many_trials import EPOCHS, Stub
from nids.search import driver, prepare
from nids.search.stalls import Stalls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.config import Job
    from nids.datasets.traffic import Traffic


@pytest.mark.usefixtures("cluster")
def test_a_trial_that_hangs_is_started_again_and_then_fails_alone(
    tmp_path: Path, traffic: Traffic, make_job: Callable[..., Job]
) -> None:
    class Hanging(Stub):
        """Trial 0 hangs in its second epoch whenever it gets there, trial 1 the first time."""

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self._number = new_config["number"]
            hyperparameters = {"gru_dropout": 0.1, "conv_dropout": 0.1}
            return super().reset_config({**new_config, "hyperparameters": hyperparameters})

        def step(self) -> dict[str, Any]:
            result = super().step()
            marker = tmp_path / f"hung-{self._number}"
            if self._epoch == 2 and (self._number == 0 or (self._number == 1 and not marker.exists())):
                marker.touch()
                time.sleep(3600)
            return result

    job = make_job(
        search={"trials": 4},
        training={"epochs": EPOCHS},
        scheduler={"kind": "none"},
        resources={"progress_deadline": 4.0},
    )
    console = Console(file=io.StringIO(), width=200)
    run = driver.run(prepare.prepare(job, traffic, str(tmp_path), "a-run", console.print), console, Hanging)
    trials = run.trials().set_index("trial").sort_index()
    assert trials["state"].tolist() == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert re.fullmatch(r"no progress for \d+ s in epoch 2, when it was started again too", trials["error"][0])
    assert trials["epochs"].tolist() == [1, EPOCHS, EPOCHS, EPOCHS]
    assert run.status.state == "finished"
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for number in (0, 1):
        lines = (
            rf"trial {number}: no progress for \d+ s in epoch 2; its process is ended\n",
            rf"trial {number} is started again: The actor is dead because it was killed",
        )
        assert [len(re.findall(line, printed)) for line in lines] == [1, 1]


class TrialOfTune:
    """What is read of a trial here; no process hangs behind it."""

    def __init__(self, trial_id: str, pool: int = 0) -> None:
        self.trial_id = trial_id
        self.config = {"pool": pool}


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[Stalls, list[str], Callable[[float], None]]:
    """A watch over trials, those whose process it ends, and what lets seconds pass, of which each is looked at."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    ended: list[str] = []
    watch = Stalls()
    monkeypatch.setattr(watch, "_end", lambda epoch: ended.append(epoch.trial.trial_id))

    def pass_(seconds: float, step: float = 1.0) -> None:
        for _ in range(round(seconds / step)):
            now[0] += step
            watch.on_step_end(0, [])

    return watch, ended, pass_


def test_what_an_epoch_may_take_follows_from_those_before_it(
    watched: tuple[Stalls, list[str], Callable[..., None]],
) -> None:
    watch, ended, pass_ = watched
    first: Any = TrialOfTune("first")
    second: Any = TrialOfTune("second")
    watch.on_trial_start(0, [], first)
    pass_(5000)
    assert ended == [], "how long an epoch takes is not known yet"
    watch.on_trial_result(0, [], first, {"epoch": 1})
    watch.on_trial_start(0, [], second)
    pass_(20)
    watch.on_trial_result(0, [], second, {"epoch": 1})
    pass_(300)
    assert ended == []
    pass_(1)
    assert set(ended) == {"second"}
    watch.on_trial_error(0, [], second)
    watch.on_trial_error(0, [], first)
    ended.clear()
    third: Any = TrialOfTune("third")
    watch.on_trial_start(0, [], third)
    pass_(50_000)
    assert ended == [], "the longest of the others may be that of a far smaller network"


def test_what_nodes_without_a_gpu_may_take_does_not_follow_from_those_with_one(
    watched: tuple[Stalls, list[str], Callable[..., None]],
) -> None:
    watch, ended, pass_ = watched
    trials: list[Any] = [TrialOfTune("quick"), TrialOfTune("slow", pool=1), TrialOfTune("next")]
    watch.on_trial_start(0, [], trials[0])
    watch.on_trial_result(0, [], trials[0], {"epoch": 1})
    watch.on_trial_complete(0, [], trials[0])
    for trial in trials[1:]:
        watch.on_trial_start(0, [], trial)
    pass_(1800)
    assert ended == []
    pass_(1)
    assert set(ended) == {"next"}


def test_epochs_of_a_checkpoint_count_as_long_as_they_took(
    watched: tuple[Stalls, list[str], Callable[..., None]],
) -> None:
    watch, ended, pass_ = watched
    trial: Any = TrialOfTune("resumed")
    watch.on_trial_start(0, [], trial)
    for epoch in (1, 2):
        folds = [{"seconds": 300.0}, {"seconds": 300.0}]
        watch.on_trial_result(0, [], trial, {"epoch": epoch, "report": [{"folds": folds, "replayed": True}]})
    pass_(6000)
    assert ended == []
    pass_(1)
    assert ended == ["resumed"]


def test_the_time_of_a_driver_that_stood_still_is_not_its_trials(
    watched: tuple[Stalls, list[str], Callable[..., None]],
) -> None:
    watch, ended, pass_ = watched
    trial: Any = TrialOfTune("trial")
    watch.on_trial_start(0, [], trial)
    pass_(1)
    watch.on_trial_result(0, [], trial, {"epoch": 1})
    pass_(36_000, step=3600)
    assert ended == []


def test_an_epoch_beyond_the_minutes_of_a_trial_fails_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    killed: list[str] = []
    said: list[str] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr("ray.kill", killed.append)
    watch = Stalls(say=said.append, minutes=0.5)
    trial: Any = TrialOfTune("only")
    trial.temporary_state = SimpleNamespace(ray_actor="its process")
    watch.on_trial_start(0, [], trial)
    for _ in range(31):
        now[0] += 1
        watch.on_step_end(0, [])
    assert (killed, said, trial.max_failures) == (["its process"], [], 0)
    assert watch.reason("only") == "no progress for 31 s in epoch 1, longer than a trial may take (training.minutes)"
