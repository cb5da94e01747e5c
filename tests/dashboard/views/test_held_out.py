from __future__ import annotations

from typing import Any

import pytest

from dashboard.views import held_out


def judged(seen: tuple[float | None, int, int], unseen: tuple[float | None, int, int], benign: int) -> dict[str, Any]:
    """What the held-out rows say: of seen and unseen attacks the share flagged, rows and types; benign rows."""
    parts = {
        part: dict(zip(("flagged", "rows", "types"), figures, strict=True))
        for part, figures in (("seen", seen), ("unseen", unseen))
    }
    return {**parts, "rows": seen[1] + unseen[1] + benign, "figures": {"false_positive_rate": 0.03125}}


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        pytest.param(
            judged((0.75, 8000, 20), (0.5, 3000, 17), 9600),
            "By the most probable class, it flags 75.00 % of the attacks of the 20 types that it knows, and 50.00 % of "
            "the attacks of 17 types that it never saw; 3.12 % of the benign rows raise a false alarm.",
            id="many",
        ),
        pytest.param(
            judged((0.999, 8000, 1), (0.0, 2, 1), 64),
            "By the most probable class, it flags 99.90 % of the attacks (7,992 of 8,000) of the 1 type that it knows, "
            "and 0 of the 2 attacks of 1 type that it never saw; 2 of the 64 benign rows raise a false alarm.",
            id="few",
        ),
        pytest.param(
            judged((0.75, 8000, 20), (None, 0, 0), 9600),
            "By the most probable class, it flags 75.00 % of the attacks of the 20 types that it knows; 3.12 % of the "
            "benign rows raise a false alarm.",
            id="none-unseen",
        ),
    ],
)
def test_the_verdict_in_words(ours: dict[str, Any], expected: str) -> None:
    assert held_out.in_words(ours) == expected
