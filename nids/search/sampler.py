"""Which of Optuna's samplers suggests the next trial.

A sampler that is added here has to pass ``tests/search/test_sampler.py``: a search with it can be resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optuna.samplers import RandomSampler, TPESampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from nids.config import Search


def sampler_of(search: Search, seed: int) -> BaseSampler:
    """Return the sampler that a job names; ``seed`` decides what it draws."""
    match search.sampler:
        case "tpe":
            return TPESampler(seed=seed, n_startup_trials=search.startup_trials)
        case "random":
            return RandomSampler(seed=seed)
