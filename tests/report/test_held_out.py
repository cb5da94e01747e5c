from __future__ import annotations

import pytest

from nids.dashboard.data.cache import DEMONSTRATION
from nids.metrics.evaluation import TwinResult
from nids.report.held_out import composition, held_out, in_words
from nids.results import Run, open_run

FIGURES: dict[str, float | None] = {
    "accuracy": 0.75,
    "macro_f1": 0.5,
    "detection_rate": 0.6,
    "false_positive_rate": 0.1,
}


@pytest.mark.parametrize(
    ("twins", "sentence"),
    [
        (None, ""),
        (TwinResult(rows=0, figures=FIGURES), ""),
        (
            TwinResult(rows=1, figures=FIGURES),
            " To a model, 1 of its 6,000 rows is the same as a training row: without it, the accuracy is 75.00 % "
            "and the macro-F1 50.00 %.",
        ),
        (
            TwinResult(rows=664, figures=FIGURES),
            " To a model, 664 of its 6,000 rows are the same as a training row: without them, the accuracy is 75.00 % "
            "and the macro-F1 50.00 %.",
        ),
        (TwinResult(rows=6000, figures={}), " To a model, each of its rows is the same as a training row."),
    ],
)
def test_rows_with_a_twin_in_training_are_told_after_the_figures(
    twins: TwinResult | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = open_run(str(DEMONSTRATION), "demonstration")
    final = run.final_evaluation()
    assert final is not None
    ((file, evaluation),) = final.held_out.items()
    changed = final.model_copy(
        update={"held_out": {file: evaluation.model_copy(update={"rows": 6000, "twins": twins})}}
    )
    monkeypatch.setattr(Run, "final_evaluation", lambda self: changed)
    words = in_words(run, run.trials())[-1]
    _, end = words.split("at a false-alarm rate of ")
    assert end == f"{end.split(' %')[0]} %.{sentence}"


def test_what_the_detector_consists_of_comes_first() -> None:
    run = open_run(str(DEMONSTRATION), "demonstration")
    final = run.final_evaluation()
    assert final is not None
    composed, of_file = in_words(run, run.trials())
    assert composed == composition(final.components, "log_loss")
    assert ", its detector has an accuracy of " in of_file
    assert held_out(run)[0].rows[0][0] == "finalized ensemble"


def test_the_rule_that_picked_the_trial_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(str(DEMONSTRATION), "demonstration")
    final = run.final_evaluation()
    assert final is not None
    assert not final.picked_by
    without = in_words(run, run.trials())
    picked = final.model_copy(update={"picked_by": "seconds <= 600, then max macro_f1"})
    monkeypatch.setattr(Run, "final_evaluation", lambda self: picked)
    rule = f"Trial {final.trial} was finalized, picked by “seconds <= 600, then max macro_f1”."
    assert in_words(run, run.trials()) == [rule, *without]


def test_rows_of_dropped_classes_are_told_with_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(str(DEMONSTRATION), "demonstration")
    final, baselines = run.final_evaluation(), run.baselines_evaluation()
    assert final is not None
    assert baselines is not None
    assert [result.not_judged for result in held_out(run)] == [""]
    dropped = {"dropped": {"Worms": 44, "Shellcode": 1}}
    told = "Not judged: rows of classes that the search dropped, Worms (44 rows), Shellcode (1 row)."
    ours = {file: each.model_copy(update=dropped) for file, each in final.held_out.items()}
    others = tuple(each.model_copy(update=dropped) for each in baselines.held_out)
    monkeypatch.setattr(Run, "baselines_evaluation", lambda self: baselines.model_copy(update={"held_out": others}))
    monkeypatch.setattr(Run, "final_evaluation", lambda self: None)
    assert [result.not_judged for result in held_out(run)] == [told]
    monkeypatch.setattr(Run, "final_evaluation", lambda self: final.model_copy(update={"held_out": ours}))
    assert [result.not_judged for result in held_out(run)] == [told]
    assert in_words(run, run.trials())[-1].endswith(f" {told}")


def test_the_detector_of_another_trial_than_the_best_is_told_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    run = open_run(str(DEMONSTRATION), "demonstration")
    final = run.final_evaluation()
    assert final is not None
    alone = final.model_copy(update={"components": ()})
    monkeypatch.setattr(Run, "final_evaluation", lambda self: alone)
    (of_best,) = in_words(run, run.trials())
    assert ", its detector has an accuracy of " in of_best
    assert held_out(run)[0].rows[0][0] == f"finalized trial {final.trial}"
    other = alone.model_copy(update={"trial": final.trial + 1})
    monkeypatch.setattr(Run, "final_evaluation", lambda self: other)
    (of_other,) = in_words(run, run.trials())
    assert f", the detector of trial {final.trial + 1}, which was finalized, has an accuracy of " in of_other
    assert held_out(run)[0].rows[0][0] == f"finalized trial {final.trial + 1}"
