"""What other label maps, which give some types of attacks another class, say of the models on a held-out file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.metrics.formatting import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nids.metrics.evaluation import Evaluation, Figure


def notes(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """Return a sentence for each model and other label map.

    Args:
        evaluations: What a held-out file says of each model, by what the model is called.
    """
    return [
        f"By the label map {name}, which gives some types of attacks another class, {model} has {figures}."
        for model, evaluation in evaluations.items()
        for name, figures in _by_label_map(evaluation).items()
    ]


def _by_label_map(evaluation: Evaluation) -> dict[str, str]:
    words = {}
    for name, result in evaluation.label_maps.items():
        at_thresholds = "; ".join(
            f"at {100 * float(rate):g} %, {_of_both(figures['accuracy'], figures['macro_f1'])}"
            for rate, figures in result.detection.items()
        )
        words[name] = f"{_of_both(result.accuracy, result.macro_f1)} (with the alerts {at_thresholds})"
    return words


def _of_both(accuracy: Figure, macro_f1: Figure) -> str:
    return f"an accuracy of {value('accuracy', accuracy)} and a macro-F1 of {value('macro_f1', macro_f1)}"
