from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nids import job_file, shipped_jobs
from nids.errors import UserError
from nids.unused_keys import unused

if TYPE_CHECKING:
    from pathlib import Path


def test_a_description_is_not_read_for_it() -> None:
    """It may be gone by the time that a run is resumed, and is on no other node."""
    job = job_file.make({"name": "a", "data": {"dataset": "gone.toml", "rows": 500}}, source="a test")
    assert {*unused(job)} == {"data.rows"}
    assert job_file.with_resources(job, ["resources.cpus_per_trial=2"]).resources.cpus_per_trial == 2


def unused_of(**sections: Any) -> set[str]:
    return {*unused(job_file.make({"name": "a", **sections}, source="a test"))}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        pytest.param({"data": {"rows": 500}}, {"data.rows"}, id="rows of a file"),
        pytest.param({"data": {"rows": 500, "fallback": "nsl-kdd-sample"}}, set(), id="rows of a fallback"),
        pytest.param({"data": {"dataset": "nsl-kdd-sample", "rows": 500}}, set(), id="generated rows"),
        pytest.param({"data": {"dataset": "nsl-kdd-sample", "file": "KDDTest+"}}, {"data.file"}, id="a file not read"),
        pytest.param({"data": {"smallest_class": 9}}, {"data.smallest_class"}, id="small classes are kept"),
        pytest.param({"data": {"small_classes": "merge", "smallest_class": 9}}, set(), id="small classes are merged"),
        pytest.param({"folds": {"resampling": "none", "k_neighbors": 3}}, {"folds.k_neighbors"}, id="no resampling"),
        pytest.param({"folds": {"resampling": "none", "k_neighbors": 5}}, set(), id="the default"),
        pytest.param({"folds": {"k_neighbors": 3}}, set(), id="resampling"),
        pytest.param(
            {"folds": {"resampling": "none"}, "hyperparameters": {"resampling_ratio": 0.5}},
            {"hyperparameters.resampling_ratio"},
            id="a share of no synthetic rows",
        ),
        pytest.param(
            {"search": {"sampler": "random", "startup_trials": 3}}, {"search.startup_trials"}, id="random sampler"
        ),
        pytest.param({"search": {"sampler": "nsga2"}}, {"search.sampler"}, id="one generation"),
        pytest.param({"search": {"sampler": "nsga2", "trials": 51}}, set(), id="a second generation"),
        pytest.param(
            {"search": {"sampler": "nsga3", "sampler_options": {"population_size": 14}}}, set(), id="a small generation"
        ),
        pytest.param(
            {"scheduler": {"kind": "none", "grace_period": 1, "reduction_factor": 2}},
            {"scheduler.grace_period", "scheduler.reduction_factor"},
            id="no scheduler",
        ),
        pytest.param(
            {"resources": {"gpus_per_trial": 0.5, "max_trials_per_gpu": 2}},
            {"resources.max_trials_per_gpu"},
            id="a share of a GPU",
        ),
        pytest.param({"resources": {"gpus_per_trial": "auto", "max_trials_per_gpu": 2}}, set(), id="a measured share"),
        pytest.param(
            {"hyperparameters": {"sequence_bigru": False, "attention": "additive", "shortcut": False}},
            {"hyperparameters.attention"},
            id="a part that the network does not have",
        ),
        pytest.param(
            {"space": {"perceptron_dropout": {"low": 0.0, "high": 0.5}}},
            {"space.perceptron_dropout"},
            id="no perceptron",
        ),
        pytest.param(
            {"space": {"perceptron_layers": {"low": 0, "high": 2}, "perceptron_units": {"choices": [64, 128]}}},
            set(),
            id="a perceptron of some trials",
        ),
        pytest.param(
            {"model": {"name": "mlp"}, "hyperparameters": {"input_knots": 9}},
            {"hyperparameters.input_knots"},
            id="knots",
        ),
    ],
)
def test_keys_without_effect(sections: dict[str, Any], expected: set[str]) -> None:
    assert unused_of(**sections) == expected


@pytest.mark.parametrize("name", shipped_jobs.names())
def test_job_files_that_come_with_the_program_have_none(name: str) -> None:
    assert unused(job_file.read(shipped_jobs.FOLDER / f"{name}.toml")) == {}


def test_a_key_without_effect_is_refused_where_it_is_set(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[folds]\nk_neighbors = 3\n")
    # The override takes its effect away: nothing is wrong with the file.
    assert job_file.read(path, ["folds.resampling=none"]).folds.resampling == "none"
    refusal = (
        f'^{path}: folds.k_neighbors has no effect: folds.resampling is "none". Remove folds.k_neighbors, or change '
        "what it depends on.$"
    )
    with pytest.raises(UserError, match=r"^--set: folds\.k_neighbors has no effect"):
        job_file.read(path, ["folds.resampling=none", "folds.k_neighbors=4"])
    path.write_text('[folds]\nresampling = "none"\nk_neighbors = 3\n')
    with pytest.raises(UserError, match=refusal):
        job_file.read(path)
    with pytest.raises(UserError, match=refusal):
        job_file.read(path, ["search.trials=3"])
    assert job_file.read(path, ["folds.resampling=smote"]).folds.k_neighbors == 3


def test_an_override_of_a_section_counts_for_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("")
    with pytest.raises(UserError, match=r"scheduler\.grace_period has no effect"):
        job_file.read(path, ['scheduler={kind="none", grace_period=5}'])


def test_resources_of_a_run_are_looked_at_too() -> None:
    job = job_file.make({"name": "a", "resources": {"gpus_per_trial": 0.5}}, source="a test")
    with pytest.raises(UserError, match=r"^--set: resources\.max_trials_per_gpu has no effect"):
        job_file.with_resources(job, ["resources.max_trials_per_gpu=2"])
