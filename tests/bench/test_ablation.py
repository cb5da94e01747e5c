from __future__ import annotations

import pytest

from nids import job_file
from nids.bench import ablation
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.search.space import space_of


def test_each_starting_point_is_the_variant_that_its_name_says() -> None:
    points = job_file.read(ablation.JOB, []).search.starting_points
    whole = points[0]
    changes = [{name: value for name, value in point.items() if value != whole[name]} for point in points]
    assert dict(zip(ablation.VARIANTS, changes, strict=True)) == {
        "the whole network": {},
        "without attention": {"attention": "none"},
        "without the second BiGRU": {"sequence_bigru": False},
        "without the convolution": {"convolution": False},
        "without the shortcut": {"shortcut": False},
        "scaled values as input": {"input_form": "values"},
        "scaled values as input, without the shortcut": {"input_form": "values", "shortcut": False},
    }
    assert all(Hyperparameters.model_validate(point) for point in points)


def test_each_other_network_is_what_its_name_says() -> None:
    whole = job_file.read(ablation.JOB, [])
    common = {
        name: whole.hyperparameters[name] for name in ("batch_size", "optimizer", "learning_rate", "resampling_ratio")
    }
    of_network = {
        **{name: whole.hyperparameters[name] for name in ("batch_norm_momentum", "conv_kernel_size", "gru_dropout")},
        "input_form": "piecewise-linear",
        "sequence_bigru": False,
        "perceptron_layers": 3,
    }
    of_perceptron = {"layers": 3, "input_form": "piecewise-linear"}
    jobs = {name: job_file.read(ablation.JOB, overrides) for name, (_, overrides) in ablation.OTHERS.items()}
    assert {name: (job.model.name, job.hyperparameters) for name, job in jobs.items()} == {
        "multi-layer perceptron": ("mlp", {**common, "layers": 3}),
        "multi-layer perceptron, learned input": ("mlp", {**common, **of_perceptron}),
        "multi-layer perceptron, learned input, focal loss": ("mlp", {**common, **of_perceptron, "focal_gamma": 1.0}),
        "without the second BiGRU, a perceptron beside": ("cnn-bigru", {**common, **of_network}),
        "without the second BiGRU, a perceptron beside, focal loss": (
            "cnn-bigru",
            {**common, **of_network, "focal_gamma": 1.0},
        ),
    }
    for job in (job for job in jobs.values() if job.model.name == "cnn-bigru"):
        assert [*job.search.starting_points] == [{"conv_dropout": whole.hyperparameters["conv_dropout"]}]
        assert [*space_of(job)] == ["conv_dropout"]


@pytest.mark.parametrize("overrides", [(), *(overrides for _, overrides in ablation.OTHERS.values())])
def test_all_are_trained_on_the_same_folds_for_as_long(overrides: tuple[str, ...]) -> None:
    job, reference = job_file.read(ablation.JOB, overrides), job_file.read(ablation.JOB, [])
    assert (job.folds, job.training, job.scheduler) == (reference.folds, reference.training, reference.scheduler)
    assert job.search.trials == (len(ablation.VARIANTS) if not overrides else 1)
