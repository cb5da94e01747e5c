from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nids import models
from nids.errors import UserError
from nids.search.space import space_of
from nids.search.starting_points import starting_points

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job


def points(job: Job) -> list[dict[str, Any]]:
    return starting_points(job, space_of(job))


def test_the_models_own_comes_first(make_job: Callable[..., Job]) -> None:
    job = make_job(search={"starting_points": [{"dropout": 0.25}, {"learning_rate": 0.002, "dropout": 0.5}]})
    own = models.get("mlp").starting_point(space_of(job))
    assert points(job) == [own, {"dropout": 0.25}, {"learning_rate": 0.002, "dropout": 0.5}]
    assert points(make_job(search={"start_from_paper": False})) == []


def test_what_decides_nothing_is_left_out_of_a_point(make_job: Callable[..., Job]) -> None:
    given = [{"resampling_ratio": 0.5, "dropout": 0.25}]
    search = {"starting_points": given, "start_from_paper": False}
    ranges = {"resampling_ratio": {"low": 0.0, "high": 1.0}}
    assert points(make_job(search=search, space=ranges)) == given
    assert points(make_job(search=search, folds={"resampling": "none", "targets": {}})) == [{"dropout": 0.25}]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        pytest.param(
            {"units": 8}, "search.starting_points, number 1: 'units' is not searched. Known: ", id="a fixed one"
        ),
        pytest.param({"learning_rat": 0.002}, "(did you mean learning_rate?)", id="misspelled"),
        pytest.param(
            {"dropout": 2.0},
            "search.starting_points, number 1: dropout is 2.0, which the search cannot suggest: ",
            id="outside",
        ),
        pytest.param({"dropout": "a lot"}, "dropout is 'a lot', which the search cannot suggest: ", id="a text"),
    ],
)
def test_a_point_that_cannot_be_suggested_is_refused(
    make_job: Callable[..., Job], point: dict[str, Any], message: str
) -> None:
    job = make_job(search={"starting_points": [point]})
    with pytest.raises(UserError) as refused:
        points(job)
    assert message in str(refused.value)
