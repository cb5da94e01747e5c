"""What runs in a trial's process."""

from __future__ import annotations

import math
import os
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

    # Before a process is given to the next trial, Tune waits so long for the last one's thread to end. With its default
    # of 2 seconds a busy machine is too slow: the next trial then counts as failed, the searcher never hears of it, and
    # once every slot waits for such a trial the search stands still.
    os.environ.setdefault("TUNE_FUNCTION_THREAD_TIMEOUT_S", "600")
    device.configure(job.resources.cpus_per_trial, job.resources.gpus_per_trial)

    import keras

    from nids.hyperparameters import Hyperparameters
    from nids.trial import TrialFailed, run_trial

    hp = Hyperparameters.model_validate({**job.hyperparameters, **config["hyperparameters"]})
    corpus, folds = shared.get()
    try:
        run_trial(hp, corpus, folds, job, report=tune.report)
    except TrialFailed as failure:
        tune.report({"failed": str(failure), "finished": True, "value": math.nan, "epoch": 0})
    finally:
        # The process goes on to the next trial; what Keras keeps of this one would stay with it.
        keras.backend.clear_session()
