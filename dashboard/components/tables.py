"""Tables that show texts such as "99.31 ± 0.04 %" and sort by the numbers behind them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandas.io.formats.style import Styler


def sortable(columns: Mapping[str, Sequence[object] | tuple[Sequence[float], Sequence[str]]]) -> Styler:
    """Return a table for ``st.dataframe``.

    Args:
        columns: Heading → the column's values; for numbers that are shown as texts, a tuple of numbers and texts.
    """
    pairs = {name: column for name, column in columns.items() if isinstance(column, tuple)}
    table = pd.DataFrame({name: column[0] if name in pairs else column for name, column in columns.items()})
    styler = table.style
    for name, (_, texts) in pairs.items():
        for row, text in enumerate(texts):
            styler.format(partial(_text, text), subset=(row, name), na_rep=text)
    return styler


def _text(text: str, _: object) -> str:
    return text
