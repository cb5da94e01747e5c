"""What runs in a trial's process."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ray import tune

from nids.errors import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.cluster.object_store import SharedFolds
    from nids.cluster.placement import NodePool
    from nids.config import Job
    from nids.results.checkpoints import Checkpoints, TrialCheckpoint


class TrialProcess(tune.Trainable):
    """One trial after another on the shared folds; a step is an epoch on every fold.

    A class rather than a function: a function runs in a thread of its own, which Tune waits for no longer than two
    seconds before it gives the process up.
    """

    def setup(
        self,
        config: dict[str, Any],
        shared: SharedFolds,
        job: Job,
        pools: Sequence[NodePool],
        checkpoints: Checkpoints | None = None,
    ) -> None:
        """Begin the process's first trial; those that follow it in the process run in the same pool."""
        from nids.models import backend

        pool = pools[config["pool"]]
        backend.configure(pool.cpus, pool.gpus)
        self._job, self._checkpoints = job, checkpoints
        self._training_set, self._folds = shared.get()
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin the next trial."""
        from nids import models
        from nids.models import backend
        from nids.training.trial import run_trial

        values = {**self._job.hyperparameters, **new_config["hyperparameters"]}
        hp = models.get(self._job.model.name).hyperparameters.model_validate(values)
        made_with = {
            "hyperparameters": hp.model_dump(mode="json"),
            "job": self._job.model_dump(mode="json", exclude={"name", "resources"}),
            "versions": backend.versions(("nids",)),
        }
        kept = self._checkpoints
        self._checkpoint = None if kept is None else kept.of(new_config["number"], made_with)
        self._reports = run_trial(hp, self._training_set, self._folds, self._job, self._checkpoint)
        return True

    def step(self) -> dict[str, Any]:
        """Return the report of one more epoch.

        A trial that cannot go on reports why and ends: an exception would be taken for a fault of the machine, and
        the same trial tried again.
        """
        from nids.models import backend
        from nids.training.trial import TrialFailed

        try:
            return result_of(next(self._reports), self._checkpoint)
        except TrialFailed as failure:
            return failed(str(failure))
        except Exception as error:
            if not backend.is_out_of_memory(error):
                raise
            # The same again would end the same: the limit is that of every process of the search.
            return failed(f"it needs more memory than its share (resources.gpus_per_trial): {first_line(error)}")


def failed(reason: str) -> dict[str, Any]:
    """Return the last result of a trial that cannot go on."""
    return {"failed": reason, "finished": True, "done": True, "value": math.nan, "epoch": 0}


def result_of(report: dict[str, Any], checkpoint: TrialCheckpoint | None = None) -> dict[str, Any]:
    """Return a trial's report as a result for Tune, with what became of its checkpoint.

    Tune keeps statistics of each number that it finds in a result, for every trial until the search ends: it gets
    those that schedulers and samplers need, and the rest in lists, into which it does not look.
    """
    needed = {name: report[name] for name in ("epoch", "value", "finished")}
    kept = {"checkpoint": [checkpoint.is_kept, checkpoint.fault]} if checkpoint else {}
    return {**needed, **kept, "done": report["finished"], "report": [report]}
