from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nids.dashboard.data.cache import DEMONSTRATION
from nids.metrics.evaluation import LabelMapResult
from nids.report.held_out import held_out
from nids.report.label_maps import notes
from nids.results import Run, open_run

if TYPE_CHECKING:
    from nids.results.evaluation import FinalEvaluation

FIGURES: dict[str, dict[str, float | None]] = {
    "0.001": {"accuracy": 0.7, "macro_f1": None},
    "0.01": {"accuracy": 0.8, "macro_f1": 0.625},
}
RESULT = LabelMapResult(accuracy=0.75, macro_f1=0.5, detection=FIGURES)
SENTENCE = (
    "By the label map variant, which gives some types of attacks another class, {} has an accuracy of 75.00 % and a "
    "macro-F1 of 50.00 % (with the alerts at 0.1 %, an accuracy of 70.00 % and a macro-F1 of –; at 1 %, an accuracy of "
    "80.00 % and a macro-F1 of 62.50 %)."
)


@pytest.fixture
def final() -> FinalEvaluation:
    """The demonstration's evaluation, as if its data set had another label map."""
    final = open_run(str(DEMONSTRATION), "demonstration").final_evaluation()
    assert final is not None
    ((file, evaluation),) = final.held_out.items()
    judged = evaluation.model_copy(update={"label_maps": {"variant": RESULT}})
    return final.model_copy(update={"held_out": {file: judged}})


def test_a_model_is_told_by_each_other_label_map(final: FinalEvaluation) -> None:
    (judged,) = final.held_out.values()
    others = judged.model_copy(update={"label_maps": {}})
    assert notes({"tuned XGBoost": judged, "a forest": others}) == [SENTENCE.format("tuned XGBoost")]


def test_it_is_among_the_notes_of_a_file(final: FinalEvaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "final_evaluation", lambda self: final)
    monkeypatch.setattr(Run, "baselines_evaluation", lambda self: None)
    (file,) = held_out(open_run(str(DEMONSTRATION), "demonstration"))
    assert file.notes[-1] == SENTENCE.format("the finalized ensemble")
