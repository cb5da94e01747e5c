from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from nids import config, job_file
from nids.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = "name, data, folds, model, training, search, scheduler, resources, hyperparameters, space"


def make(**values: Any) -> config.Job:
    return job_file.make({"name": "job", **values}, source="job.toml")


@pytest.mark.parametrize("job", ["quick", "paper", "large", "reference"])
def test_the_jobs_that_come_with_the_project_are_valid(job: str, pytestconfig: pytest.Config) -> None:
    assert job_file.read(pytestconfig.rootpath / "jobs" / f"{job}.toml").name == job


def test_a_job_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        [data]
        dataset = "nsl-kdd-sample"
        rows = 900
        [folds]
        count = 3
        use = 2
        targets = { R2L = 30, U2R = 20 }
        [search]
        metric = "macro_f1"
        [resources]
        gpus_per_trial = 0.25
        [hyperparameters]
        batch_size = 128
        attention = "additive"
        [space]
        learning_rate = { low = 1e-3, high = 1, log = true }
        gru_units = { choices = [8, 16] }
        """
    )
    job = job_file.read(path)
    assert job == config.Job(
        name="mine",
        data=config.Data(dataset="nsl-kdd-sample", rows=900),
        folds=config.Folds(count=3, use=2, targets={"R2L": 30, "U2R": 20}),
        search=config.Search(metric="macro_f1"),
        resources=config.Resources(gpus_per_trial=0.25),
        hyperparameters={"batch_size": 128, "attention": "additive"},
        space={
            "learning_rate": config.Domain(low=1e-3, high=1.0, log=True),
            "gru_units": config.Domain(choices=[8, 16]),
        },
    )
    assert job_file.make(job.model_dump(), source="again") == job


def test_a_name_in_the_file_goes_before_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "other"')
    assert job_file.read(path).name == "other"


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        pytest.param(["search.trials=4"], {"search": {"trials": 4}}, id="a number"),
        pytest.param(["search.metric=accuracy"], {"search": {"metric": "accuracy"}}, id="a bare word"),
        pytest.param(['search.metric="accuracy"'], {"search": {"metric": "accuracy"}}, id="a quoted word"),
        pytest.param(["search.start_from_paper=false"], {"search": {"start_from_paper": False}}, id="a truth value"),
        pytest.param(["folds.targets={U2R = 9}"], {"folds": {"targets": {"U2R": 9}}}, id="a table"),
        pytest.param(["folds.targets.U2R=9"], {"folds": {"targets": {"U2R": 9}}}, id="a key of a table"),
        pytest.param([" training.epochs = 7 "], {"training": {"epochs": 7}}, id="spaces"),
        pytest.param(["search.trials=4", "search.trials=5"], {"search": {"trials": 5}}, id="the last one counts"),
        pytest.param(["name=other"], {"name": "other"}, id="not in a section"),
        pytest.param(["data.file=KDDTrain+"], {"data": {"file": "KDDTrain+"}}, id="a word with a sign"),
    ],
)
def test_overrides_go_before_the_file(tmp_path: Path, overrides: list[str], expected: dict[str, Any]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[search]\ntrials = 3\nmetric = "log_loss"\n')
    written: dict[str, Any] = {"name": "mine", "search": {"trials": 3, "metric": "log_loss"}}
    merged = {**written, **expected, "search": {**written["search"], **expected.get("search", {})}}
    assert job_file.read(path, overrides) == job_file.make(merged, source="expected")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        pytest.param(
            "search.trials", "--set search.trials: expected SECTION.KEY=VALUE, such as search.trials=4.", id="no value"
        ),
        pytest.param("search.=4", "--set search.=4: expected SECTION.KEY=VALUE, such as search.trials=4.", id="no key"),
        pytest.param("=4", "--set =4: expected SECTION.KEY=VALUE, such as search.trials=4.", id="nothing"),
        pytest.param(
            "search.trials.most=4", "--set search.trials.most=4: trials is a value, not a section.", id="no section"
        ),
        pytest.param(
            "search.trails=4",
            "--set:\n  search.trails = 4: there is no such key (did you mean trials?). Allowed here: space, trials, "
            "hours, patience, min_improvement, sampler, sampler_options, seed, metric, objectives, constraints, "
            "startup_trials, start_from_paper, repeats, repeat_best, learn_from, starting_points.",
            id="a typo",
        ),
    ],
)
def test_a_wrong_override_is_refused(tmp_path: Path, override: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[search]\ntrials = 3\n")
    with pytest.raises(UserError) as caught:
        job_file.read(path, [override])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(
            {"trainng": {"epochs": 5}},
            f"trainng = {{'epochs': 5}}: there is no such key (did you mean training?). Allowed here: {SECTIONS}.",
            id="a typo in a section",
        ),
        pytest.param(
            {"folds": {"cuont": 4}},
            "folds.cuont = 4: there is no such key (did you mean count?). "
            "Allowed here: scheme, count, repeats, use, resampling, k_neighbors, targets, undersample.",
            id="a typo in a key",
        ),
        pytest.param(
            {"scheduler": {"xyz": 4}},
            "scheduler.xyz = 4: there is no such key. Allowed here: kind, grace_period, reduction_factor, brackets, "
            "min_samples.",
            id="a key like no other",
        ),
        pytest.param({"data": 5}, "data = 5: should be a valid dictionary or instance of Data.", id="no section"),
        pytest.param({"data": {"rows": 5}}, "data.rows = 5: should be greater than or equal to 100.", id="too few"),
        pytest.param({"folds": {"count": 1}}, "folds.count = 1: should be greater than or equal to 2.", id="one fold"),
        pytest.param(
            {"search": {"learn_from": ["first:1"]}},
            "search.learn_from.0: 'first:1' is not the name of a run (for one trial: --start-from RUN:TRIAL).",
            id="a trial to learn from",
        ),
        pytest.param(
            {"search": {"objectives": ["macro_f1", "accuracy"], "min_improvement": 0.1}},
            "search: min_improvement is 0.1, but each objective has a unit of its own. Leave it out: a trial is better "
            "if no other is at least as good in all of them.",
            id="an improvement of two objectives",
        ),
        pytest.param(
            {"folds": {"count": 3, "repeats": 2, "use": 7}},
            "folds: use is 7, but there are only 6 folds (folds.count × folds.repeats).",
            id="too many repeated folds",
        ),
        pytest.param(
            {"folds": {"repeats": 2, "scheme": "time"}},
            'folds: repeats is 2, but with scheme = "time" there is one way to split the rows.',
            id="repeats in time",
        ),
        pytest.param(
            {"folds": {"use": 6}}, "folds: use is 6, but there are only 5 folds (folds.count).", id="too many folds"
        ),
        pytest.param(
            {"folds": {"resampling": "smoten"}},
            "folds.resampling = 'smoten': should be 'none', 'smote', 'smotenc', 'borderline-smote', "
            "'adasyn', 'smote-tomek' or 'smote-enn'.",
            id="unknown resampling",
        ),
        pytest.param(
            {"folds": {"targets": {"U2R": 0}}},
            "folds.targets.U2R = 0: should be greater than or equal to 1.",
            id="a target of none",
        ),
        pytest.param(
            {"folds": {"targets": {"U2R": 5}, "resampling": "none"}},
            'folds: targets are given, but resampling is "none": name a method or drop the targets.',
            id="targets without resampling",
        ),
        pytest.param(
            {"folds": {"targets": {"DoS": 9}, "undersample": {"DoS": 8}}},
            "folds: undersample.DoS is 8, but targets.DoS is 9: rows of a class would be removed and replaced by "
            "synthetic ones. Drop one of them.",
            id="fewer rows and more",
        ),
        pytest.param(
            {"search": {"trials": "4"}}, "search.trials = '4': should be a valid integer.", id="text for a number"
        ),
        pytest.param(
            {"search": {"trials": 4.0}}, "search.trials = 4.0: should be a valid integer.", id="not an integer"
        ),
        pytest.param(
            {"search": {"seed": 2**31}}, "search.seed = 2147483648: should be less than 2147483648.", id="seed"
        ),
        pytest.param(
            {"search": {"metric": "unseen_macro_f1"}},
            'search.metric is "unseen_macro_f1", but random folds hold no unseen attacks: it needs folds.scheme = '
            '"unseen-attacks".',
            id="unseen attacks in random folds",
        ),
        pytest.param(
            {"search": {"metric": "unseen_macro_f1"}, "folds": {"scheme": "time"}},
            'search.metric is "unseen_macro_f1", but time folds hold no unseen attacks: it needs folds.scheme = '
            '"unseen-attacks".',
            id="unseen attacks in folds by time",
        ),
        pytest.param(
            {"search": {"metric": "f1"}},
            "search.metric: is 'f1', but must be one of accuracy, macro_f1, log_loss, weighted_f1, unseen_macro_f1.",
            id="unknown metric",
        ),
        pytest.param(
            {"search": {"space": "narrow"}},
            "search.space is 'narrow', but cnn-bigru has the spaces paper, wide.",
            id="unknown space",
        ),
        pytest.param(
            {"training": {"epochs": 4, "patience": 0}},
            "training.patience = 0: should be greater than or equal to 1.",
            id="no patience",
        ),
        pytest.param(
            {"scheduler": {"grace_period": 20}},
            "scheduler.grace_period is 20, but training.epochs is 10: it must be at most that.",
            id="a grace period that never ends",
        ),
        pytest.param(
            {"scheduler": {"reduction_factor": 1}},
            "scheduler.reduction_factor = 1: should be greater than or equal to 2.",
            id="no reduction",
        ),
        pytest.param(
            {"resources": {"gpus_per_trial": 1.5}},
            "resources.gpus_per_trial: is 1.5, but above 1 it must be a whole number.",
            id="one and a half GPUs",
        ),
        pytest.param(
            {"resources": {"gpus_per_trial": float("nan")}},
            'resources.gpus_per_trial: is nan, but must be "auto", a share of one GPU such as 0.25, or a whole number '
            "of GPUs.",
            id="not a number",
        ),
        pytest.param(
            {"resources": {"max_concurrent": 0}},
            "resources.max_concurrent = 0: should be greater than or equal to 1.",
            id="none at once",
        ),
        pytest.param(
            {"hyperparameters": {"conv_kernel": 3}},
            "hyperparameters: conv_kernel is not a hyperparameter of cnn-bigru (did you mean conv_kernel_size?).",
            id="a typo in a hyperparameter",
        ),
        pytest.param(
            {"hyperparameters": {"conv_dropout": 2}},
            "hyperparameters.conv_dropout = 2: should be less than 1.",
            id="a hyperparameter out of range",
        ),
        pytest.param(
            {"hyperparameters": {"batch_size": "256"}},
            "hyperparameters.batch_size = '256': should be a valid integer.",
            id="text for a hyperparameter",
        ),
        pytest.param(
            {"hyperparameters": {"batch_size": [1]}},
            "hyperparameters.batch_size = [1]: should be a valid integer.",
            id="a list for a hyperparameter",
        ),
        pytest.param(
            {"space": {"lerning_rate": {"low": 0.1, "high": 1}}},
            "space: lerning_rate is not a hyperparameter of cnn-bigru (did you mean learning_rate?).",
            id="a typo in the space",
        ),
        pytest.param(
            {"hyperparameters": {"gru_units": 8}, "space": {"gru_units": {"choices": [8]}}},
            "gru_units stands in [hyperparameters] and in [space]: it can be fixed or searched, not both.",
            id="fixed and searched",
        ),
        pytest.param(
            {"space": {"learning_rate": {"low": 1e-4}}},
            "space.learning_rate: either low and high are needed, or choices.",
            id="half a range",
        ),
        pytest.param(
            {"space": {"conv_dropout": {"low": 0.1, "high": 0.2, "choices": [0.1]}}},
            "space.conv_dropout: either low and high are needed, or choices.",
            id="a range and choices",
        ),
        pytest.param(
            {"space": {"conv_dropout": {"low": 0.5, "high": 0.2}}},
            "space.conv_dropout: low is 0.5, above high, which is 0.2.",
            id="a range upside down",
        ),
        pytest.param(
            {"space": {"conv_dropout": {"low": 0, "high": 0.2, "log": True}}},
            "space.conv_dropout: a logarithmic range needs a low above 0, and no step.",
            id="the logarithm of 0",
        ),
        pytest.param(
            {"space": {"conv_dropout": {"low": 0.1, "high": 0.2, "log": True, "step": 0.05}}},
            "space.conv_dropout: a logarithmic range needs a low above 0, and no step.",
            id="logarithmic steps",
        ),
    ],
)
def test_a_wrong_job_is_refused_with_key_value_and_what_is_allowed(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        make(**values)
    assert str(caught.value) == f"job.toml:\n  {message}"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(UserError) as caught:
        make(folds={"count": 1}, search={"trials": 0})
    assert str(caught.value).splitlines() == [
        "job.toml:",
        "  folds.count = 1: should be greater than or equal to 2.",
        "  search.trials = 0: should be greater than or equal to 1.",
    ]


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a b", "../up"])
def test_a_name_must_be_good_for_a_folder(name: str) -> None:
    with pytest.raises(UserError) as caught:
        make(name=name)
    assert str(caught.value).startswith(f"job.toml:\n  name = {name!r}: ")


def test_a_job_needs_a_name() -> None:
    with pytest.raises(UserError) as caught:
        job_file.make({}, source="job.toml")
    assert str(caught.value) == "job.toml:\n  name: is missing."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "no such file. Give a job file, or the name of one", id="not there"),
        pytest.param(b"\xff\xfe", "cannot be read as a job file (", id="no text"),
        pytest.param(b"[search\ntrials = 3", "not valid TOML: ", id="no TOML"),
    ],
)
def test_a_file_that_is_no_job_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        job_file.read(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_job_does_not_change() -> None:
    job = make()
    with pytest.raises(ValidationError, match="frozen"):
        job.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        job.search.trials = 1  # type: ignore[misc]


def test_all_folds_are_used_unless_fewer_are_asked_for() -> None:
    assert config.Folds(count=4).used == 4
    assert config.Folds(count=4, use=2).used == 2


def test_less_log_loss_is_better_and_more_of_the_other_metrics() -> None:
    names = ("log_loss", "accuracy", "macro_f1", "weighted_f1")
    assert {name: config.Search(metric=name).direction for name in names} == {
        "log_loss": "min",
        "accuracy": "max",
        "macro_f1": "max",
        "weighted_f1": "max",
    }


@pytest.mark.parametrize(
    ("search", "message"),
    [
        pytest.param(
            {"objectives": ["macro_f1:min", "seconds"]},
            'search.objectives.0: macro_f1:min would look for the worst: write "macro_f1:max".',
            id="the worst",
        ),
        pytest.param(
            {"objectives": ["macro_f1"]},
            "search: objectives: found macro_f1:max, but two or more different measures are needed. To optimize one, "
            "name it as metric.",
            id="one",
        ),
        pytest.param({"objectives": ["macro_f1", "recal.U2R"]}, "recal.U2R is not a measure", id="no measure"),
        pytest.param(
            {"constraints": ["accuracy > 0.5"]},
            "'accuracy > 0.5' is not a limit: it must be a measure, <= or >=, and a number.",
            id="no limit",
        ),
        pytest.param(
            {"objectives": ["macro_f1", "unseen_recall"]},
            'search.objectives is "unseen_recall", but random folds hold no unseen attacks',
            id="no unseen attacks",
        ),
        pytest.param(
            {"sampler": "nsga2", "sampler_options": {"population": 3}},
            "population is not an option of nsga2 (did you mean population_size?). Known: ",
            id="an option",
        ),
    ],
)
def test_what_cannot_be_searched_for_is_refused(search: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        job_file.make({"name": "a", "search": search}, source="job.toml")
    assert message in str(refused.value)


def test_objectives_have_their_directions() -> None:
    search = config.Search(
        objectives=["recall.U2R", "false_alarm_rate:min"], constraints=["scoring_seconds<=60", "accuracy >= 90 %"]
    )
    assert search.measures == ("recall.U2R", "false_alarm_rate")
    assert search.directions == ("max", "min")
    assert (search.direction, search.metric_direction) == ("max", "min")
    assert search.constraints == ["scoring_seconds <= 60", "accuracy >= 0.9"]
    assert search.on_demand == ("recall.U2R", "false_alarm_rate", "scoring_seconds")


@pytest.mark.parametrize(
    ("search", "most", "words"),
    [
        ({}, 15, "15 trials"),
        ({"trials": 1, "patience": 4}, 1, "1 trial, until 4 in a row are no better"),
        ({"hours": 1.5}, None, "trials for 1.5 h"),
        ({"hours": 2, "trials": 40}, 40, "at most 40 trials in 2 h"),
        ({"patience": 20}, None, "trials, until 20 in a row are no better"),
    ],
)
def test_how_long_a_search_goes_on(search: dict[str, Any], most: int | None, words: str) -> None:
    described = config.Search(**search)
    assert (described.most_trials, described.extent) == (most, words)
    assert config.Search(**described.model_dump()) == described
