from __future__ import annotations

from nids.charts import attack_types
from nids.charts.attack_types import SEEN, UNSEEN
from nids.metrics.evaluation import AttackTypeResult, Evaluation


def entry(attack: str, kind: str, seen: bool, rows: int, detection_rate: float) -> AttackTypeResult:
    return AttackTypeResult.model_construct(
        attack=attack, class_name=kind, seen=seen, rows=rows, detection_rate=detection_rate, recall=detection_rate / 2
    )


def test_unseen_types_come_first_and_rare_ones_together() -> None:
    ours = Evaluation.model_construct(
        attacks=(
            entry("normal", "Normal", True, 99, 0.1),
            entry("neptune", "DoS", True, 50, 1.0),
            entry("mscan", "Probe", False, 40, 0.5),
            entry("saint", "Probe", False, 30, 1.0),
            entry("worm", "DoS", False, 10, 0.0),
        )
    )
    data = attack_types.data(ours, "Normal", most=1)
    assert data.to_numpy().tolist() == [
        ["mscan", UNSEEN, 40, 0.5, 0.25],
        ["2 others", UNSEEN, 40, 0.75, 0.375],
        ["neptune", SEEN, 50, 1.0, 0.5],
    ]
    drawn = attack_types.draw(data).to_dict()
    assert drawn["title"]["text"] == "Detection by attack type (rows)"
    # A bar of nothing shows no colour: its end does.
    assert [layer["mark"]["type"] for layer in drawn["layer"]] == ["bar", "point", "tick"]
    assert all("color" in layer["encoding"] for layer in drawn["layer"][:2])
