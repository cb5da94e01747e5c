from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def trials() -> pd.DataFrame:
    """Two complete trials and a pruned one, of a rate, a size and a kind."""
    return pd.DataFrame(
        [
            (0, "COMPLETE", 0.1, 1e-3, 5, "c"),
            (1, "COMPLETE", 0.2, 1e-2, 10, "a"),
            (2, "PRUNED", 0.01, 1e-4, 0, "b"),
        ],
        columns=["trial", "state", "value", "params_rate", "params_size", "params_kind"],
    )
