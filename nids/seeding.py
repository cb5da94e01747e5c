"""Random seeds that follow from the job's one."""

from __future__ import annotations

import numpy as np


def derived_seed(seed: int, *numbers: int) -> int:
    """Return a seed for what the numbers stand for, unrelated to that of any other numbers, between 0 and 2**32 − 1.

    Args:
        seed: The job's seed.
        numbers: Such as the number of a fold; zeros at their end make no difference.
    """
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1)[0])
