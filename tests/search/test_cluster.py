from __future__ import annotations

import pytest

from nids.config import Resources
from nids.errors import UserError
from nids.search.cluster import _fit, slots


@pytest.mark.parametrize(
    ("node", "resources", "expected"),
    [
        pytest.param({"CPU": 8.0}, Resources(cpus_per_trial=3), 2, id="CPUs"),
        pytest.param({"CPU": 16.0, "GPU": 2.0}, Resources(gpus_per_trial=0.25), 8, id="quarters"),
        pytest.param({"CPU": 16.0, "GPU": 2.0}, Resources(gpus_per_trial=0.3), 6, id="thirds do not cross cards"),
        pytest.param({"CPU": 3.0, "GPU": 2.0}, Resources(gpus_per_trial=0.25), 3, id="CPUs are the bound"),
        pytest.param({"CPU": 16.0, "GPU": 4.0}, Resources(gpus_per_trial=2.0), 2, id="whole GPUs"),
        pytest.param({"CPU": 16.0}, Resources(gpus_per_trial=0.25), 0, id="no GPU"),
    ],
)
def test_trials_that_fit_on_a_node(node: dict[str, float], resources: Resources, expected: int) -> None:
    assert _fit(node, resources) == expected


@pytest.mark.usefixtures("cluster")
def test_a_trial_larger_than_every_node_is_refused() -> None:
    with pytest.raises(UserError, match=r"a trial asks for 4096 CPUs and 0 GPUs, but no node of the cluster has that"):
        slots(Resources(cpus_per_trial=4096))


@pytest.mark.usefixtures("cluster")
def test_max_concurrent_bounds_the_slots() -> None:
    assert slots(Resources(max_concurrent=1)) == 1
