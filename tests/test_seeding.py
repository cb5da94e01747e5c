from __future__ import annotations

import itertools

import numpy as np

from nids.seeding import derived_seed


def test_a_seed_follows_from_its_numbers_alone() -> None:
    assert derived_seed(7, 1, 2) == derived_seed(7, 1, 2) == np.random.SeedSequence([7, 1, 2]).generate_state(1)[0]


def test_other_numbers_have_other_seeds() -> None:
    seeds = [derived_seed(*numbers) for numbers in itertools.product(range(4), range(1, 4), range(1, 4))]
    assert len(set(seeds)) == len(seeds)
