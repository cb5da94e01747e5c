from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from nids.models.backend import CONTEXT_MIB
from nids.models.gpu_cards import cards
from nids.training.memory import Need

MEASURE = """
import json, os, sys
from nids import models
from nids.models import backend
from nids.training import memory
hp = models.get("{model}").hyperparameters({values})
{more}
need = memory.measure(hp, 122, 5, 1)
print(json.dumps([need, os.environ.get("XLA_FLAGS")]))
"""
PROCESS = """
from nids import models
from nids.training import memory
hp = models.get("mlp").hyperparameters(units=512, layers=4, batch_size={batch_size})
print(memory.measure_process(hp, 122, 5, 1, 0.0))
"""
# Numbers in place of a card that is not there; what is trained is trained.
A_CARD = """
backend.cards = memory.cards = lambda: [16_000]
backend._Jax.has_gpu = lambda self: True
backend._Jax.peak_bytes = lambda self: 700 * 2**20 + 1
"""
TRAIN = "import json; from nids.bench.gpu_sharing import train; print(json.dumps(train(1, {share}, 512, 0.6)))"
# Losses of a trial, in a process with a share of a card, and what became of another one of the same network before it.
AFTER_ANOTHER = """
import json
from nids import datasets, job_file, models
from nids.folds.build import build
from nids.folds.fold import TrainingSet
from nids.folds.split import split
from nids.models import backend
from nids.training.trial import run_trial
backend.configure(1, {share})
data, folds = dict(dataset="nsl-kdd-sample", rows=6000), dict(count=2)
job = job_file.make(dict(name="a-test", data=data, folds=folds, training=dict(epochs=2)), source="a test")
traffic = datasets.load_training(data["dataset"], rows=data["rows"], seed=0)
training_set = TrainingSet.from_traffic(traffic)
fold = build(training_set, 0, split(traffic, job.folds, seed=1)[0], job.folds, seed=0)
def losses(batch_size):
    hp = models.get("cnn-bigru").hyperparameters(batch_size=batch_size)
    try:
        return [report["folds"][0]["training_loss"] for report in run_trial(hp, training_set, [fold], job)]
    except Exception as error:
        if not backend.is_out_of_memory(error):
            raise
        return "out of memory"
print(json.dumps([losses(batch_size) for batch_size in {sizes}]))
"""
EXACT = {"JAX_DEFAULT_MATMUL_PRECISION": "highest", "XLA_FLAGS": "--xla_gpu_deterministic_ops=true"}


def printed(code: str, **environment: str) -> Any:
    """Return what a fresh process prints last, from JSON: it is configured once, before anything is computed."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        input="go\n",
        env={**os.environ, "KERAS_BACKEND": "jax", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("peak", "card", "most", "trials"),
    [
        # (1000 × 1.25 + 600) MiB each
        pytest.param(1000, 16_000, 100, 8, id="as many as fit"),
        pytest.param(1000, 16_000, 4, 4, id="as many as are allowed"),
        pytest.param(1000, 1850, 100, 1, id="one that fits exactly"),
        pytest.param(1000, 1849, 100, 0, id="one that does not fit"),
    ],
)
def test_trials(peak: int, card: int, most: int, trials: int) -> None:
    assert Need(peak, 600, card).trials(most) == trials


@pytest.mark.slow
def test_what_the_compiler_tries_does_not_count() -> None:
    code = MEASURE.format(model="mlp", values="units=8, batch_size=64", more=A_CARD)
    assert printed(code, XLA_FLAGS="--xla_cpu_enable_fast_math=false") == [
        [701, 1000, 16_000],
        "--xla_cpu_enable_fast_math=false --xla_gpu_autotune_level=0",
    ]


@pytest.mark.slow
def test_the_memory_of_a_process_grows_with_what_it_trains() -> None:
    small, large = (printed(PROCESS.format(batch_size=batch_size)) for batch_size in (64, 60_000))
    # The network's rows alone, and what four layers of 512 make of them: once on the way there, once on the way back.
    least = 60_000 * (122 + 2 * 4 * 512) * 4
    assert 2**28 < small < 2**32
    assert large - small > least / 2


@pytest.mark.skipif(not cards(), reason="there is no GPU here")
@pytest.mark.timeout(600)
def test_a_process_trains_in_the_share_that_follows() -> None:
    need = Need(*printed(MEASURE.format(model="cnn-bigru", values="", more=""))[0])
    trials = need.trials(1000)
    rates, peak = printed(TRAIN.format(share=1 / trials))
    assert min(rates) > 0
    assert 0 < peak < need.card / trials


@pytest.mark.skipif(not cards(), reason="there is no GPU here")
@pytest.mark.timeout(600)
def test_after_a_lack_of_memory_a_process_does_what_a_fresh_one_does() -> None:
    share = (CONTEXT_MIB + 600) / cards()[0]  # batches of 2,048 take 1,034 MiB
    lacking, expected = (
        printed(AFTER_ANOTHER.format(share=share, sizes=sizes), **EXACT) for sizes in ([2048, 64], [64])
    )
    assert lacking == ["out of memory", *expected]
    assert expected[0][1] < expected[0][0]
