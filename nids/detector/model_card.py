"""The card of a saved detector: what it is, its evaluation and its limitations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nids import models
from nids.datasets.small_classes import in_words
from nids.detector.manifest import Trees
from nids.metrics.evaluation import number
from nids.metrics.formatting import counted, mean_and_spread, setting, value
from nids.metrics.measures import HEADLINE, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nids.detector.manifest import Component, Manifest
    from nids.results.evaluation import FinalEvaluation


def model_card(manifest: Manifest, trial: Mapping[str, Any], evaluation: FinalEvaluation) -> str:
    """Return the card in Markdown.

    Args:
        manifest: The bundle's.
        trial: The row of the detector's best trial in the run store: means over the folds and their spread.
        evaluation: What ``nids.detector.finalize.finalize`` found.
    """
    data = manifest.data
    parts = [
        f"# {manifest.dataset} detector: {' and '.join(component.name for component in manifest.components)} of "
        f"{manifest.run}",
        f"{_composition(manifest)} It was trained on all {data.rows:,} rows of {data.source}, and gives each "
        f"connection a probability for {', '.join(manifest.classes)}.",
    ]
    if data.synthetic:
        parts.append("**The rows are synthetic: its figures say nothing about real traffic.**")
    parts += ["## Evaluation", *_figures(trial, evaluation)]
    parts += ["## Alerts", *_alerts(manifest)]
    parts += [
        "## Limitations",
        "* The cross-validated figures are of attack types that the models were trained on, and of the epoch that the "
        "same folds chose. On types that appear later, see the held-out rows: unseen.",
        "* A threshold keeps its false-positive rate on traffic like that of the training file. Elsewhere it has to be "
        "set anew, on benign traffic of that place.",
        "* Its probabilities are those of traffic with the classes' shares in training, "
        f"{_shares(manifest.classes, manifest.calibration.trained_on)}; the training file itself has "
        f"{_shares(manifest.classes, manifest.calibration.natural)}.",
        "## Training details",
        *(part for component in manifest.components for part in _training(component, len(manifest.components) > 1)),
        f"Training file: SHA-256 {data.sha256}. Made {manifest.created} with "
        + ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
        + ".",
    ]
    return "\n\n".join(parts) + "\n"


def _composition(manifest: Manifest) -> str:
    """Return "CNN-BiGRU with attention, the mean of 3 models, each trained for 10 epochs.", or of each component."""
    if len(manifest.components) == 1:
        only = _kind(manifest.components[0])
        return f"{only[0].upper()}{only[1:]}."
    parts = (f"{100 * component.weight:.0f} % {_kind(component)}" for component in manifest.components)
    return f"A weighted mean: {'; '.join(parts)}."


def _kind(component: Component) -> str:
    if isinstance(component, Trees):
        return "gradient-boosted trees (XGBoost)"
    mean = f"the mean of {counted(component.members, 'model')}, each trained for {counted(component.epochs, 'epoch')}"
    return f"{models.get(component.model).title}, {mean}"


def _training(component: Component, named: bool) -> list[str]:
    values = component.hyperparameters
    settings = values if isinstance(values, dict) else values.model_dump()
    table = _table(("hyperparameter", ""), [(name, setting(value)) for name, value in settings.items()])
    return [f"### {component.name}", table] if named else [table]


def _figures(trial: Mapping[str, Any], evaluation: FinalEvaluation) -> list[str]:
    several = len(evaluation.components) > 1
    of_detector = "ensemble" if several else f"mean of {evaluation.members}"
    head = ["", "cross-validated, one model", f"cross-validated, {of_detector}", *evaluation.held_out]
    held_out, folds = evaluation.held_out.values(), evaluation.folds.figures
    rows = [
        [
            label(name),
            mean_and_spread(name, *(number(trial.get(column)) for column in (name, f"{name}_std"))),
            mean_and_spread(name, number(folds[name]), number(folds[f"{name}_std"])),
            *(value(name, result.figures[name]) for result in held_out),
        ]
        for name in HEADLINE
    ]
    seen = [value("detection_rate", result.seen.detection_rate) for result in held_out]
    unseen = [value("detection_rate", result.unseen.detection_rate) for result in held_out]
    rows += [
        ["detection rate, types seen in training", "", "", *seen],
        ["detection rate, unseen types", "", "", *unseen],
    ]
    notes = [
        f"Not judged on {file}: rows of classes that the search dropped, {in_words(result.dropped)}."
        for file, result in evaluation.held_out.items()
        if result.dropped
    ]
    return [_table(head, rows), *notes]


def _alerts(manifest: Manifest) -> list[str]:
    rows = [(f"{100 * rate:g} %", f"{threshold:.6g}") for rate, threshold in sorted(manifest.thresholds.items())]
    return [
        "An alert is a row whose probability of any attack is above a threshold. These were taken from rows of the "
        "training file, each scored by a model that was not trained on it:",
        _table(("target false-positive rate", "threshold"), rows),
    ]


def _shares(classes: Iterable[str], shares: Iterable[float]) -> str:
    return ", ".join(f"{name} {100 * share:.2g} %" for name, share in zip(classes, shares, strict=True))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
