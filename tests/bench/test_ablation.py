from __future__ import annotations

import pytest

from nids import job_file
from nids.bench import ablation
from nids.models.cnn_bigru.hyperparameters import Hyperparameters


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


@pytest.mark.parametrize("overrides", [(), *(overrides for _, overrides in ablation.OTHERS.values())])
def test_all_are_trained_on_the_same_folds_for_as_long(overrides: tuple[str, ...]) -> None:
    job, reference = job_file.read(ablation.JOB, overrides), job_file.read(ablation.JOB, [])
    assert (job.folds, job.training, job.scheduler) == (reference.folds, reference.training, reference.scheduler)
    assert job.search.trials == (len(ablation.VARIANTS) if not overrides else 1)
