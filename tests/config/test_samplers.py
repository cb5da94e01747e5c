from __future__ import annotations

from typing import Any

import pytest

from nids.config.samplers import SAMPLERS, check_options, options_of


def test_the_options_are_plain_values() -> None:
    assert {name: sorted(options_of(name)) for name in SAMPLERS} == {
        "tpe": [
            *("consider_endpoints", "consider_magic_clip", "consider_prior", "constant_liar", "group"),
            *("multivariate", "n_ei_candidates", "prior_weight"),
        ],
        "random": [],
        "qmc": ["qmc_type"],
        "nsga2": ["crossover_prob", "mutation_prob", "population_size", "swapping_prob"],
        "nsga3": ["crossover_prob", "dividing_parameter", "mutation_prob", "population_size", "swapping_prob"],
    }


@pytest.mark.parametrize(
    ("sampler", "options", "message"),
    [
        pytest.param("random", {"seed": 1}, "seed is not an option of random. It has none", id="none"),
        pytest.param(
            "tpe",
            {"multivariat": True},
            "multivariat is not an option of tpe (did you mean multivariate?). Known: consider_prior, prior_weight, "
            "consider_magic_clip, consider_endpoints, n_ei_candidates, multivariate, group, constant_liar",
            id="misspelled",
        ),
        pytest.param("tpe", {"group": "yes"}, "group is 'yes', but should be a valid boolean", id="another type"),
        pytest.param(
            "nsga2", {"population_size": 2.5}, "population_size is 2.5, but should be a valid integer", id="no integer"
        ),
    ],
)
def test_other_options_are_refused(sampler: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared
        check_options(sampler, options)
    assert str(refused.value) == message
