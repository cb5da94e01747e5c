"""Which of Optuna's samplers suggests the next trial."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from optuna.exceptions import ExperimentalWarning

from nids.config import SAMPLERS
from nids.errors import UserError, first_line

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from nids.config import Search

# Where a sampler's own default does not suit a search that can be resumed.
_DEFAULTS: dict[str, dict[str, Any]] = {
    # Else the sequence would begin at the same points again.
    "qmc": {"scramble": True, "warn_asynchronous_seeding": False, "warn_independent_sampling": False},
}


def sampler_of(search: Search, seed: int) -> BaseSampler:
    """Return the sampler that a job names; ``seed`` decides what it draws.

    Raises:
        UserError: Its options do not go together, or have values that it does not allow.
    """
    options = {**_DEFAULTS.get(search.sampler, {}), **search.sampler_options, "seed": seed}
    if search.sampler == "tpe":
        options["n_startup_trials"] = search.startup_trials
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # who names an option wants it
            return SAMPLERS[search.sampler](**options)
    except (ValueError, TypeError) as error:
        raise UserError(f"search.sampler_options: {search.sampler} refuses them: {first_line(error)}") from None
