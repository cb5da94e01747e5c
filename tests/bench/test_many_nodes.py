from __future__ import annotations

from nids.bench import many_nodes


def test_the_efficiency_of_more_slots() -> None:
    seconds = {1: 240.0, 2: 121.0, 4: 62.5}
    assert [many_nodes._scaling(slots, seconds) for slots in (2, 4)] == [
        "121.0 s; efficiency 0.992",
        "62.5 s; efficiency 0.960",
    ]
