from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

# A process is configured once, before anything is computed in it, so that it is one of its own.
TRIAL = """
import json, sys
import ray
from ray import tune
from nids import config, datasets, job_file
from nids.folds.build import build_folds
from nids.folds.fold import TrainingSet
from nids.cluster.placement import NodePool
from nids.cluster.object_store import SharedFolds
from nids.search.trainable import TrialProcess

ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
tiny = {"layers": 1, "units": 8, "batch_size": 64}
described = {
    "name": "a-test",
    "data": {"dataset": "nsl-kdd-sample", "rows": 600},
    "folds": {"count": 2, "resampling": "none"},
    "training": {"epochs": 2},
    "model": {"name": "mlp"},
    "hyperparameters": tiny,
}
job = job_file.make(described, source="a test")
traffic = datasets.load_training("nsl-kdd-sample", rows=600)
training_set = TrainingSet.from_traffic(traffic)
shared = SharedFolds.put(training_set, build_folds(training_set, traffic, job, lambda _: None))
config = {"number": 0, "hyperparameters": {"learning_rate": 0.001}, "pool": 0}
given = {"shared": shared, "job": job, "pools": [NodePool(cpus=1, gpus=0.0, memory=0, capacity=1)]}
process = tune.with_parameters(TrialProcess, **given)(config)

import nids.training.trainer
trains = nids.training.trainer.Trainer.train

def too_much(*arguments, **options):
    import tensorflow as tf
    tf.zeros([1 << 50])  # more than any machine has: TensorFlow itself says so

nids.training.trainer.Trainer.train = too_much
lost = process.step()
# The next trial of the same process goes on.
nids.training.trainer.Trainer.train = trains
process.reset_config({**config, "number": 1})
found = process.step()
print(json.dumps([lost, found["epoch"], found["finished"]]))
ray.shutdown()
"""


@pytest.mark.slow
def test_a_trial_that_needs_too_much_memory_fails_alone_and_says_so() -> None:
    ended = subprocess.run([sys.executable, "-c", TRIAL], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    lost, epoch, finished = json.loads(ended.stdout.splitlines()[-1])
    reason = lost.pop("failed")
    assert reason.startswith("it needs more memory than its share (resources.gpus_per_trial): ")
    assert "OOM when allocating tensor" in reason
    assert math.isnan(lost.pop("value"))
    assert lost == {"finished": True, "done": True, "epoch": 0}
    assert (epoch, finished) == (1, False)
