from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from nids.dashboard.components.tables import sortable


def test_sortable_shows_texts_and_keeps_numbers() -> None:
    table = sortable({"name": ["a", "b"], "score": ([0.9, float("nan")], ["90 ± 2 %", "–"])})
    texts = re.findall(r"<td [^>]*>([^<]*)</td>", table.to_html())
    assert texts == ["a", "90 ± 2 %", "b", "–"]


def test_sortable_reaches_a_page_as_numbers() -> None:
    def script() -> None:
        import streamlit as st

        from nids.dashboard.components.tables import sortable

        st.dataframe(sortable({"name": ["a", "b"], "score": ([0.9, 0.1], ["90 %", "10 %"])}))

    shown = AppTest.from_function(script).run()
    assert shown.dataframe[0].value["score"].tolist() == [0.9, 0.1]
