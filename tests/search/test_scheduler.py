from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, get_args

import pytest
from optuna.trial import TrialState, create_trial
from ray.tune.experiment import Trial

from nids.config import Scheduler
from nids.search.scheduler import RunAll, StandIn, scheduler_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.tune.schedulers import TrialScheduler

    from nids.config import Job


KINDS = get_args(Scheduler.model_fields["kind"].annotation)


def scheduler(job: Job, values: list[float]) -> TrialScheduler:
    """Return the scheduler for a search with ended trials that had these values in their first epoch."""
    ended = [create_trial(state=TrialState.PRUNED, intermediate_values={1: value}) for value in values]
    return scheduler_of(job, ended)


def decision(scheduler: TrialScheduler, value: float) -> str:
    """Return what becomes of a new trial with this value in its first epoch."""
    trial = StandIn("new", {"number": 99})
    scheduler.on_trial_add(None, trial)
    return scheduler.on_trial_result(None, trial, {"epoch": 1, "value": value})


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [
        pytest.param([], 0.9, "CONTINUE", id="nothing known"),
        pytest.param([0.1, 0.2, 0.3, 0.4, 0.5], 0.9, "STOP", id="worse than the best third"),
        pytest.param([0.1, 0.2, 0.3, 0.4, 0.5], 0.15, "CONTINUE", id="among the best third"),
    ],
)
def test_it_knows_the_rungs_of_earlier_trials(
    make_job: Callable[..., Job], earlier: list[float], value: float, expected: str
) -> None:
    assert decision(scheduler(make_job(), earlier), value) == expected


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_trial_that_was_let_past_a_rung_is_not_stopped_there_after_an_interruption(
    make_job: Callable[..., Job], kind: str
) -> None:
    made = scheduler(make_job(scheduler={"kind": kind}), [0.1, 0.2, 0.3, 0.4, 0.5])
    trial = StandIn("resumed", {"number": 7})
    made.on_trial_add(None, trial)
    for epoch in (1, 2):
        result = {"epoch": epoch, "value": 0.9}
        assert made.on_trial_result(None, trial, {**result, "report": [{**result, "replayed": True}]}) == "CONTINUE"
    assert decision(made, 0.9) == "STOP"


@pytest.mark.parametrize("kind", KINDS)
def test_trials_that_ran_side_by_side_are_taken_in_after_an_interruption(
    make_job: Callable[..., Job], kind: str
) -> None:
    """The last one would be stopped by what the others came to, of which nothing was known while it ran."""
    job = make_job(training={"epochs": 9}, scheduler={"kind": kind, "grace_period": 2})
    ended = [
        create_trial(state=TrialState.COMPLETE, value=value, intermediate_values=dict.fromkeys(range(1, 10), value))
        for value in (0.3, 0.3, 0.3, 0.9)
    ]
    for number, trial in enumerate(ended):
        trial.number = number
    resumed = scheduler_of(job, ended)
    assert len(judged(resumed, 4, 9)) == (9 if kind == "none" else 2)


def test_hyperband_puts_a_trial_into_the_same_bracket_after_an_interruption(make_job: Callable[..., Job]) -> None:
    job = make_job(training={"epochs": 9}, scheduler={"kind": "hyperband", "brackets": 3})
    brackets = []
    for _ in range(2):
        made = scheduler(job, [])
        for number in range(30):
            made.on_trial_add(None, StandIn(str(number), {"number": number}))
        brackets.append([made._brackets.index(made._trial_info[str(number)]) for number in range(30)])  # type: ignore[attr-defined]
    assert brackets[0] == brackets[1]
    assert set(brackets[0]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [
        pytest.param([0.1, 0.2], 0.9, "CONTINUE", id="too few others"),
        pytest.param([0.1, 0.2, 0.3], 0.25, "STOP", id="worse than the median"),
        pytest.param([0.1, 0.2, 0.3], 0.15, "CONTINUE", id="better than the median"),
    ],
)
def test_the_median_of_earlier_trials_is_known(
    make_job: Callable[..., Job], earlier: list[float], value: float, expected: str
) -> None:
    assert decision(scheduler(make_job(scheduler={"kind": "median"}), earlier), value) == expected


def test_more_may_be_better(make_job: Callable[..., Job]) -> None:
    job = make_job(search={"metric": "macro_f1"})
    assert decision(scheduler(job, [0.1, 0.2, 0.3, 0.4, 0.5]), 0.9) == "CONTINUE"


def test_it_can_be_left_out(make_job: Callable[..., Job]) -> None:
    made = scheduler(make_job(scheduler={"kind": "none"}), [0.1] * 5)
    assert isinstance(made, RunAll)
    assert decision(made, 0.9) == "CONTINUE"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param({4: "RUNNING", 7: "PENDING", 5: "PENDING", 3: "PAUSED"}, 5, id="the first that waits"),
        pytest.param({4: "RUNNING", 8: "PAUSED", 6: "PAUSED"}, 6, id="the first that was paused"),
        pytest.param({4: "RUNNING"}, None, id="none"),
    ],
)
def test_trials_run_in_the_order_of_their_numbers(
    make_job: Callable[..., Job], kind: str, states: dict[int, str], expected: int | None
) -> None:
    live = [SimpleNamespace(status=getattr(Trial, state), config={"number": n}) for n, state in states.items()]
    controller = SimpleNamespace(get_live_trials=lambda: live)
    chosen = scheduler(make_job(scheduler={"kind": kind}), []).choose_trial_to_run(controller)
    assert (chosen and chosen.config["number"]) == expected


def judged(scheduler: TrialScheduler, number: int, epochs: int) -> dict[int, float]:
    """Run a trial to its end, or until it is stopped, and return the values that it had after its epochs."""
    trial = StandIn(f"trial-{number}", {"number": number})
    scheduler.on_trial_add(None, trial)
    level, values = 0.1 + (number * 7 % 11) / 10, {}
    for epoch in range(1, epochs + 1):
        values[epoch] = level + 1 / epoch
        result = {"epoch": epoch, "value": values[epoch], "report": [{}]}
        if epoch == epochs:
            scheduler.on_trial_complete(None, trial, result)
        elif scheduler.on_trial_result(None, trial, result) == "STOP":
            break
    return values


@pytest.mark.parametrize("kind", KINDS)
def test_an_interruption_changes_no_decision(make_job: Callable[..., Job], kind: str) -> None:
    job = make_job(training={"epochs": 9}, scheduler={"kind": kind, "grace_period": 2})
    epochs = job.training.epochs
    whole = scheduler_of(job, [])
    values = [judged(whole, number, epochs) for number in range(40)]
    ended = []
    for number, of_trial in enumerate(values[:20]):
        state, value = (TrialState.COMPLETE, of_trial[epochs]) if len(of_trial) == epochs else (TrialState.PRUNED, None)
        ended.append(create_trial(state=state, value=value, intermediate_values=of_trial))
        ended[-1].number = number
    resumed = scheduler_of(job, ended)
    assert [judged(resumed, number, epochs) for number in range(20, 40)] == values[20:]
    assert {len(of_trial) == epochs for of_trial in values[20:]} == ({True} if kind == "none" else {True, False})
