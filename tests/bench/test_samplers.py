from __future__ import annotations

import numpy as np
import pandas as pd

from nids.bench import samplers


def test_the_picture_shows_each_sampler() -> None:
    chance = np.random.default_rng(0)
    trials = {
        name: [
            pd.DataFrame({"trial": range(20), "state": "COMPLETE", "value": chance.uniform(0.05, 0.5, 20)})
            for _ in range(2)
        ]
        for name in ("tpe", "random")
    }
    assert samplers.picture(trials).startswith(b"\x89PNG")
