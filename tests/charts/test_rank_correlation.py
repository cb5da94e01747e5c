from __future__ import annotations

import pandas as pd
import pytest

from nids.charts import (
    rank_correlation,
)
from nids.report.images import svg


@pytest.mark.parametrize("column", ["random: macro_f1", "unseen-attacks: unseen_macro_f1"])
def test_draw(column: str) -> None:
    data = pd.DataFrame(
        {"configuration": [0, 1, 2], column: [0.1, 0.2, 0.3], f"{column}_std": 0.05, "macro_f1": [0.4, 0.5, 0.3]}
    )
    drawn = svg(rank_correlation.draw(data, column, "macro_f1", "folds: ρ = 1", "as it is"), "x")
    assert "folds: ρ = 1" in drawn
    assert "NaN" not in drawn
