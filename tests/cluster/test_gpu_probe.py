from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nids.cluster import gpu_probe
from nids.errors import UserError
from nids.models.gpu_cards import cards
from nids.search.space import space_of
from nids.training.memory import Need

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.config import Job

WIDTH, CLASSES = 122, 5


@pytest.mark.skipif(bool(cards()), reason="there are real GPUs here")
def test_of_gpus_that_are_numbers_as_many_share_one_as_are_allowed(two_nodes: dict[str, Any]) -> None:
    share = two_nodes["share"]
    assert (share["gpus"], share["capacities"]) == (0.3333, [6])
    assert share["lines"][1:] == ["3 trials to a GPU: the cluster's GPUs are logical ones, and cannot be measured"]


@pytest.mark.skipif(not cards(), reason="there is no GPU here")
def test_on_a_real_gpu_the_share_follows_from_what_the_largest_takes(two_nodes: dict[str, Any]) -> None:
    gpus, (_, line) = two_nodes["share"]["gpus"], two_nodes["share"]["lines"]
    assert 1 / 1000 <= gpus <= 0.5
    assert line.startswith(f"{round(1 / gpus)} trials to a GPU: the largest takes ")


@pytest.mark.usefixtures("cluster")
def test_without_a_gpu_there_is_nothing_to_share(make_job: Callable[..., Job]) -> None:
    job = make_job(resources={"gpus_per_trial": "auto"})
    with pytest.raises(UserError) as caught:
        gpu_probe.with_share(job, space_of(job), WIDTH, CLASSES, print)
    assert str(caught.value) == (
        'resources.gpus_per_trial is "auto", but no node of the cluster has a GPU. Set it to 0 for trials on CPUs.'
    )


def test_a_number_is_left_as_it_is(make_job: Callable[..., Job]) -> None:
    job = make_job(resources={"gpus_per_trial": 0.5})
    assert gpu_probe.with_share(job, space_of(job), WIDTH, CLASSES, print) is job


def test_as_many_share_a_gpu_as_fit_and_are_allowed() -> None:
    assert [gpu_probe.trials_to_a_gpu(Need(1000, 600, 16_000), most) for most in (100, 4)] == [8, 4]


def test_a_network_that_is_too_large_for_a_gpu() -> None:
    with pytest.raises(UserError) as caught:
        gpu_probe.trials_to_a_gpu(Need(1000, 600, 1849), 8)
    assert str(caught.value) == (
        "the largest network of the space takes 1,000 MiB of the 1,849 that a GPU has, without the 1.25-fold margin. "
        "Narrow the space ([space]): batch_size and the sizes of the layers take most of it."
    )
