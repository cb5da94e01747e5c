"""What runs in a trial's process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ray import tune

if TYPE_CHECKING:
    from nids.config import Job
    from nids.search.sharing import SharedFolds


def train(config: dict[str, Any], shared: SharedFolds, job: Job) -> None:
    """Run one trial on the shared folds and report to Tune after each epoch.

    A trial that cannot go on reports why and ends: an exception would be taken for a fault of the machine, and the
    same trial tried again.
    """
    from nids import device

    device.configure(job.resources.cpus_per_trial, job.resources.gpus_per_trial)

    from nids.hyperparameters import Hyperparameters
    from nids.trial import TrialFailed, run_trial

    hp = Hyperparameters.model_validate({**job.hyperparameters, **config["hyperparameters"]})
    corpus, folds = shared.get()
    try:
        run_trial(hp, corpus, folds, job, report=tune.report)
    except TrialFailed as failure:
        tune.report({"failed": str(failure), "finished": True, "value": math.nan, "epoch": 0})
