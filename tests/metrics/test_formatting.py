from __future__ import annotations

import pytest

from nids.metrics.formatting import counted, share


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows")])
def test_counted_has_the_singular_for_one_alone(number: int, text: str) -> None:
    assert counted(number, "row") == text


def test_share_is_in_per_cent_and_of_nothing_none() -> None:
    assert (share(1, 3), share(0, 5), share(0, 0)) == ("33.33 %", "0.00 %", "–")
