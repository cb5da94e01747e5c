"""A trial's configuration as a job file, to be run again by ``nids search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomli_w

from nids.search_space import params_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.results import RunManifest

# A search needs something to search: one hyperparameter is left to it, with one choice.
_KEPT_TO_SEARCH = "learning_rate"


def job_file(manifest: RunManifest, trial: Mapping[Any, Any]) -> str:
    """Return the TOML of a job that trains one trial's configuration once, on the run's data and folds.

    Args:
        manifest: The run's manifest.
        trial: The trial's row of the run store's trials.
    """
    job = manifest.job.model_dump()
    data = job["data"]
    if not manifest.data.synthetic:
        data.pop("rows", None)  # only made rows are as many as one says
    params = {**manifest.job.hyperparameters, **params_of(dict(trial), manifest.space)}
    searched = _KEPT_TO_SEARCH if _KEPT_TO_SEARCH in params else next(iter(params))
    name = f"{manifest.run}-trial-{int(trial['trial'])}"
    content = {
        **{section: entries for section, entries in job.items() if isinstance(entries, dict)},
        "data": data,
        "search": {**job["search"], "trials": 1, "start_from_paper": False},
        "scheduler": {"kind": "none"},
        "hyperparameters": {key: value for key, value in params.items() if key != searched},
        "space": {searched: {"choices": [params[searched]]}},
    }
    head = (
        f"# Trial {int(trial['trial'])} of the run {manifest.run}, trained once more on the same data and folds.\n"
        f"# A job names something to search, at least one hyperparameter: here {searched}, with a single choice.\n\n"
    )
    return head + tomli_w.dumps({"name": name, **_without_none(content)})


def _without_none(entries: Mapping[str, Any]) -> dict[str, Any]:
    # TOML has no null: what is absent has its default.
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in entries.items()
        if value is not None
    }
