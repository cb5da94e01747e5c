from __future__ import annotations

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState, create_trial

from nids import sampler
from nids.sampler import WindowedTPESampler

SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}


def ended(x: float, state: TrialState = TrialState.COMPLETE) -> optuna.trial.FrozenTrial:
    complete = state == TrialState.COMPLETE
    return create_trial(
        state=state,
        value=x if complete else None,
        params={"x": x, "y": 1 - x},
        distributions=SPACE,
        intermediate_values={} if complete else {1: x},
    )


def study(sampler: TPESampler, values: list[float], direction: str = "minimize") -> optuna.Study:
    made = optuna.create_study(sampler=sampler, direction=direction)
    made.add_trials([ended(x) for x in values])
    return made


def test_as_long_as_all_trials_fit_it_is_optunas_own() -> None:
    values = [i / 40 for i in range(40)]
    windowed, plain = (
        [study(kind(seed=1), values).ask(SPACE).params for _ in range(2)] for kind in (WindowedTPESampler, TPESampler)
    )
    assert windowed == plain


@pytest.mark.parametrize(("direction", "best"), [("minimize", [1, 3]), ("maximize", [0, 2])])
def test_it_sees_the_latest_trials_and_the_best_before_them(
    direction: str, best: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "LATEST", 3)
    monkeypatch.setattr(sampler, "BEST", 2)
    made = study(WindowedTPESampler(), [0.9, 0.1, 0.8, 0.2, 0.5, 0.6, 0.7, 0.3], direction)
    made.add_trial(ended(0.0, TrialState.PRUNED))
    seen = sampler._Window(made)._get_trials(deepcopy=False)
    assert [trial.number for trial in seen] == [*best, 6, 7, 8]


def test_what_it_suggests_is_near_the_best_however_long_ago_that_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "LATEST", 40)
    monkeypatch.setattr(sampler, "BEST", 10)
    values = [0.3 + i / 1000 for i in range(20)] + [0.5 + i / 200 for i in range(100)]
    made = study(WindowedTPESampler(seed=0), values)
    asked = [made.ask(SPACE).params["x"] for _ in range(20)]
    assert sorted(asked)[10] < 0.4
