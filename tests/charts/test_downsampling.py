from __future__ import annotations

import pandas as pd

from nids.charts import optimization_history
from nids.charts.downsampling import best_first, thin_history


def trials(count: int) -> pd.DataFrame:
    """Every third is complete, and better the later it is; the pruned ones have the best values."""
    numbers = pd.Series(range(count))
    complete = numbers % 3 == 0
    return pd.DataFrame(
        {
            "trial": numbers,
            "state": complete.map({True: "COMPLETE", False: "PRUNED"}),
            "value": (1.0 - numbers / count).where(complete, 0.0),
        }
    )


def test_a_thinned_history_has_the_same_line() -> None:
    table = trials(3000)
    table.loc[table["trial"] > 600, "value"] = 2.0  # the best value changes no more
    whole = optimization_history.data(table, "min")
    thin = thin_history(whole, 400)
    assert len(thin) <= 420
    assert thin["best"].drop_duplicates().tolist() == whole["best"].drop_duplicates().tolist()
    assert (thin["trial"].iloc[0], thin["trial"].iloc[-1]) == (0, 2999)


def test_a_short_history_is_left_as_it_is() -> None:
    whole = optimization_history.data(trials(30), "min")
    assert thin_history(whole, 400) is whole


def test_the_best_complete_trials_are_kept() -> None:
    kept = best_first(trials(1000), "min", 100)
    assert 90 <= len(kept) <= 110
    assert {999, 996, 993} <= set(kept["trial"])
    assert set(kept["state"]) == {"COMPLETE", "PRUNED"}
