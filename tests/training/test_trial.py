from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nids import config, job_file, models
from nids.folds.build import build
from nids.folds.encoding import CompactRows
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import split
from nids.metrics.classification import accuracy, macro_f1
from nids.metrics.cross_validation import validation_figures
from nids.metrics.measures import ON_FOLDS, applicable
from nids.models.cnn_bigru.hyperparameters import Hyperparameters
from nids.models.mlp import Hyperparameters as MlpHyperparameters
from nids.results import SECONDS
from nids.training.batches import ValidationRows
from nids.training.checkpoint import Progress, from_bytes, to_bytes
from nids.training.kept_reports import are_reports
from nids.training.row_weights import row_weights
from nids.training.timer import Timer
from nids.training.trainer import Trainer
from nids.training.trial import FoldOfTrial, TrialFailed, run_trial
from tests.timed_flows import loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nids.datasets.traffic import Traffic

HP = Hyperparameters(conv_kernel_size=3, conv_filters=4, gru_units=4, sequence_gru_units=4, batch_size=64)
FOLDS = config.Folds(count=3, targets={"U2R": 20})
EPOCHS = 2
# With it the folds 0 and 2 have as many encoded features each, so that a trial of one of them has the same model.
SPLIT_SEED = 1

Reports = list[dict[str, Any]]


def job(**sections: Any) -> config.Job:
    defaults = {"training": {"epochs": EPOCHS}, "scheduler": {"kind": "none"}}
    return job_file.make({"name": "job", **defaults, **sections}, source="job.toml")


def folds_of(traffic: Traffic, folds: config.Folds = FOLDS) -> tuple[TrainingSet, list[Fold]]:
    training_set = TrainingSet.from_traffic(traffic)
    splits = split(traffic, folds, SPLIT_SEED)
    return training_set, [build(training_set, number, sides, folds, seed=0) for number, sides in enumerate(splits)]


@pytest.fixture(scope="module")
def shared(traffic: Traffic) -> tuple[TrainingSet, list[Fold]]:
    training_set, folds = folds_of(traffic)
    assert folds[0].encoding.width == folds[2].encoding.width
    return training_set, [folds[0], folds[2]]


def run(training_set: TrainingSet, folds: list[Fold], job: config.Job) -> Reports:
    """Run a trial and return its reports, without the seconds, which are never the same twice."""
    reports: Reports = []
    reports.extend(run_trial(HP, training_set, folds, job))
    for report in reports:
        for fold in report["folds"]:
            assert min(fold.pop(name) for name in SECONDS) >= 0
    return reports


@pytest.fixture
def traced(trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trials of one shape share a traced trainer: it keeps nothing, as its own tests show."""
    monkeypatch.setattr("nids.training.trial.Trainer", trainer)


@pytest.fixture(scope="module")
def reports(shared: tuple[TrainingSet, list[Fold]], trainer: Callable[..., Trainer]) -> Reports:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nids.training.trial.Trainer", trainer)
        return run(shared[0], shared[1], job())


def test_a_report_comes_after_each_epoch(reports: Reports) -> None:
    assert [report["epoch"] for report in reports] == [1, 2]
    assert [report["finished"] for report in reports] == [False, True]
    names = [f"{name}{suffix}" for name in applicable(unseen=False) for suffix in ("", "_std")]
    for report in reports:
        assert list(report) == ["epoch", "finished", "value", "best_epoch", *names, "folds"]
        assert [fold["fold"] for fold in report["folds"]] == [0, 2]
        for fold in report["folds"]:
            assert list(fold) == ["fold", "training_loss", *applicable(unseen=False), "confusion", "attacks"]
            assert np.isfinite(fold["training_loss"])


def test_the_confusion_matrix_counts_the_rows_of_the_validation_part(
    reports: Reports, shared: tuple[TrainingSet, list[Fold]]
) -> None:
    training_set, folds = shared
    for report in reports:
        for result, fold in zip(report["folds"], folds, strict=True):
            counts = np.bincount(training_set.labels[fold.validation], minlength=5)
            np.testing.assert_array_equal(np.sum(result["confusion"], axis=1), counts)
            assert {type(count) for row in result["confusion"] for count in row} == {int}
            assert result["accuracy"] == accuracy(np.array(result["confusion"]))
            assert result["macro_f1"] == macro_f1(np.array(result["confusion"]))


def test_each_attack_type_is_counted(
    reports: Reports, shared: tuple[TrainingSet, list[Fold]], traffic: Traffic
) -> None:
    class_of = traffic.dataset.label_maps[0].class_of_label
    for report in reports:
        for result, fold in zip(report["folds"], shared[1], strict=True):
            rows = traffic.attack.iloc[fold.validation].value_counts().to_dict()
            assert {entry["attack"]: entry["rows"] for entry in result["attacks"]} == rows
            assert {entry["attack"]: entry["class"] for entry in result["attacks"]} == {
                name: class_of[str(name)] for name in rows
            }
            assert sum(entry["correct"] for entry in result["attacks"]) == np.trace(result["confusion"])
            benign = np.array(result["confusion"])[:, 0]
            assert sum(entry["detected"] for entry in result["attacks"]) == len(fold.validation) - benign.sum()
            assert not any(entry["unseen"] for entry in result["attacks"])


@pytest.mark.usefixtures("traced")
def test_withheld_attacks_are_judged_apart_from_known_rows(traffic: Traffic) -> None:
    training_set, folds = folds_of(traffic, config.Folds(count=3, scheme="unseen-attacks", resampling="none"))
    fold = max(folds, key=lambda fold: len(fold.withheld))
    (report,) = run(training_set, [fold], job(training={"epochs": 1}, scheduler={"kind": "none"}))
    (result,) = report["folds"]
    assert {entry["attack"] for entry in result["attacks"] if entry["unseen"]} == set(fold.withheld)
    known = [entry["rows"] for entry in result["attacks"] if not entry["unseen"]]
    assert np.sum(result["confusion"]) == sum(known) < len(fold.validation)
    for name in set(ON_FOLDS) - set(applicable(unseen=False)):
        assert 0 <= result[name] <= 1
        assert (report[name], report[f"{name}_std"]) == (result[name], 0)


def test_a_validation_part_may_lack_classes_and_have_others(tmp_path: Path) -> None:
    """In the order of time: fold 0 is validated on what has no scan, fold 2 on scans that training never had."""
    training_set, folds = folds_of(loaded(tmp_path), config.Folds(count=3, scheme="time", targets={"flood": 60}))
    mlp = job(training={"epochs": 1}, scheduler={"kind": "none"}, model={"name": "mlp"}, folds={"scheme": "time"})
    hp = MlpHyperparameters(layers=1, units=4, batch_size=64)
    (report,) = run_trial(hp, training_set, [folds[0], folds[2]], mlp)
    rows = [np.sum(fold["confusion"], axis=1) for fold in report["folds"]]
    assert [counts.sum() for counts in rows] == [60, 60]
    assert [counts[2] for counts in rows] == [0, 10]
    assert 2 not in training_set.labels[folds[2].training]
    for figures in (report, *report["folds"]):
        assert np.isfinite([figures[name] for name in applicable(unseen=False)]).all()


@pytest.mark.slow
def test_the_time_of_a_fold_is_made_of_its_parts(shared: tuple[TrainingSet, list[Fold]]) -> None:
    first, second = run_trial(HP, shared[0], shared[1], job())
    for fold in (*first["folds"], *second["folds"]):
        whole, *parts = (fold[name] for name in SECONDS)
        assert 0 < sum(parts) <= whole
        assert min(fold["data_seconds"], fold["training_seconds"], fold["validation_seconds"]) > 0
    assert first["folds"][0]["tracing_seconds"] > 0
    assert [fold["tracing_seconds"] for fold in second["folds"]] == [0, 0]


def test_the_means_and_their_spread_are_over_the_folds(reports: Reports) -> None:
    for report in reports:
        for name in applicable(unseen=False):
            values = [fold[name] for fold in report["folds"]]
            assert report[name] == pytest.approx(np.mean(values))
            assert report[f"{name}_std"] == pytest.approx(np.std(values, ddof=1))


def test_the_best_epoch_is_that_of_the_least_log_loss(reports: Reports) -> None:
    losses = [report["log_loss"] for report in reports]
    assert [report["value"] for report in reports] == [losses[0], min(losses)]
    assert [report["best_epoch"] for report in reports] == [1, 1 + int(np.argmin(losses))]


def test_the_same_seed_gives_the_same_reports(reports: Reports, shared: tuple[TrainingSet, list[Fold]]) -> None:
    """With a trainer of its own, as in another process."""
    assert run(shared[0], shared[1], job()) == reports


@pytest.mark.usefixtures("traced")
def test_another_seed_gives_other_reports(reports: Reports, shared: tuple[TrainingSet, list[Fold]]) -> None:
    others = run(shared[0], shared[1], job(search={"seed": 1}))
    assert all(other["log_loss"] != report["log_loss"] for other, report in zip(others, reports, strict=True))


@pytest.mark.usefixtures("traced")
def test_a_fold_gives_the_same_alone_as_after_another(reports: Reports, shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    alone = run(training_set, [folds[1]], job())
    assert [report["folds"] for report in alone] == [report["folds"][1:] for report in reports]
    assert all(report[f"{name}_std"] == 0 for report in alone for name in applicable(unseen=False))


@pytest.mark.usefixtures("traced")
def test_no_validation_row_reaches_the_training(
    traffic: Traffic, reports: Reports, shared: tuple[TrainingSet, list[Fold]]
) -> None:
    """Other validation rows, with other labels: the losses of every epoch of training stay the same to the bit."""
    validation = shared[1][0].validation
    features = traffic.features.copy()
    features.iloc[validation] = features.iloc[validation[::-1]].to_numpy()
    label = traffic.label.copy()
    label[validation] = (label[validation] + 1) % 5
    training_set = TrainingSet.from_traffic(replace(traffic, features=features, label=label))
    fold = build(training_set, 0, split(traffic, FOLDS, SPLIT_SEED)[0], FOLDS, seed=0)

    changed = run(training_set, [fold], job())
    assert [report["folds"][0]["training_loss"] for report in changed] == [
        report["folds"][0]["training_loss"] for report in reports
    ]
    assert all(
        ours["log_loss"] != theirs["folds"][0]["log_loss"] for ours, theirs in zip(changed, reports, strict=True)
    )


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(
    "folds",
    [
        pytest.param(config.Folds(count=3, resampling="none"), id="none"),
        pytest.param(config.Folds(count=3, resampling="smote"), id="smote"),
        pytest.param(config.Folds(count=3, resampling="smotenc"), id="smotenc"),
        pytest.param(config.Folds(count=3, resampling="borderline-smote"), id="borderline-smote"),
        pytest.param(config.Folds(count=3, resampling="adasyn", targets={"DoS": 70, "Probe": 30}), id="adasyn"),
    ],
)
def test_every_resampling_is_trained_on(traffic: Traffic, folds: config.Folds) -> None:
    training_set, built = folds_of(traffic, folds)
    reports = run(training_set, built[:1], job())
    assert [report["epoch"] for report in reports] == [1, 2]
    assert np.isfinite([report["log_loss"] for report in reports]).all()


@pytest.mark.parametrize("model", ["cnn-bigru", "mlp"])
def test_every_form_of_input_is_trained_on(traffic: Traffic, model: str) -> None:
    training_set, built = folds_of(traffic, config.Folds(count=3, resampling="none"))
    sizes: dict[str, Any] = {
        "cnn-bigru": {"conv_filters": 4, "gru_units": 4, "sequence_gru_units": 4, "perceptron_layers": 1},
        "mlp": {"units": 8},
    }[model]
    forms = {"input_form": "piecewise-linear", "input_knots": 8, "feature_dropout": 0.2}
    hp = models.get(model).hyperparameters.model_validate({**sizes, **forms})
    reports = list(run_trial(hp, training_set, built[:1], job()))
    assert np.isfinite([report["log_loss"] for report in reports]).all()


def poisoned(training_set: TrainingSet, row: int) -> TrainingSet:
    """The training set with a value in one row that is no number, as no reader of data would let through."""
    numeric = training_set.rows.numeric.copy()
    numeric[row] = np.nan
    return replace(training_set, rows=CompactRows(numeric, training_set.rows.codes, training_set.rows.vocabularies))


@pytest.mark.usefixtures("traced")
def test_a_loss_that_is_no_number_ends_the_trial(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    row = next(row for row in folds[1].training if row not in folds[0].training)
    reports: Reports = []
    with pytest.raises(TrialFailed) as caught:
        reports.extend(run_trial(HP, poisoned(training_set, row), folds[1::-1], job()))
    assert str(caught.value) == "the training loss became nan in epoch 1 of fold 2"
    assert reports == []


class Kept:
    """A checkpoint in memory, as bytes."""

    content = b""
    saved = 0

    def load(self, is_usable: Callable[[Progress], bool] = lambda _: True) -> Progress | None:
        progress = from_bytes(self.content, {})
        return progress if progress is None or is_usable(progress) else None

    def save(self, progress: Progress, patience: float) -> None:
        assert patience > 0
        self.content = to_bytes(progress, {})
        self.saved += 1


@pytest.mark.usefixtures("traced")
def test_a_trial_that_was_interrupted_goes_on_as_it_would_have(
    shared: tuple[TrainingSet, list[Fold]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(*shared, job(training={"epochs": 3}))
    monkeypatch.setattr("nids.training.trial.WORTH_KEEPING", 0.0)
    clock = [0.0]  # it stands still but for the driver
    monkeypatch.setattr("nids.training.trial.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    kept = Kept()
    reports: Reports = []
    for report in run_trial(HP, *shared, job(training={"epochs": 3}), kept):
        reports.append(report)
        clock[0] += 1000.0
    assert kept.saved == 2, "what has ended is not kept"
    trained = []
    train = Trainer.train

    def counted(self: Trainer, *arguments: Any, **named: Any) -> tuple[Any, float]:
        trained.append(arguments[3])
        return train(self, *arguments, **named)

    monkeypatch.setattr(Trainer, "train", counted)
    again: Reports = []
    for report in run_trial(HP, *shared, job(training={"epochs": 3}), kept):
        again.append(report)
        clock[0] += 1000.0
    replayed = [report.pop("replayed", False) for report in again]
    assert replayed == [True, True, False]
    assert again[:2] == reports[:2]
    assert sum(fold["seconds"] for fold in again[2]["folds"]) == 0, "the driver's time is not the trial's"
    assert trained == [3, 3], "the last epoch of both folds alone"
    for report in again:
        for fold in report["folds"]:
            for name in SECONDS:
                del fold[name]
    assert again == whole


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("folds", [1, 2])
def test_a_checkpoint_of_another_network_is_left_alone(shared: tuple[TrainingSet, list[Fold]], folds: int) -> None:
    kept = Kept()
    kept.save(Progress([{"epoch": 1, "value": 0.5, "best_epoch": 1}], [[np.zeros(3, np.float32)]] * folds), 1.0)
    (report,) = run_trial(HP, *shared, job(training={"epochs": 1}), kept)
    assert "replayed" not in report


@pytest.mark.usefixtures("traced")
def test_reports_that_are_none_are_left_alone(
    shared: tuple[TrainingSet, list[Fold]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nids.training.trial.WORTH_KEEPING", 0.0)
    kept = Kept()
    settings = job(training={"epochs": 2})
    list(run_trial(HP, *shared, settings, kept))
    progress = kept.load()
    assert progress is not None
    changes: list[dict[str, Any]] = [{"value": "best"}, {"folds": []}]
    for change in changes:
        kept.save(Progress([{**progress.reports[0], **change}], progress.states), 1.0)
        assert "replayed" not in next(iter(run_trial(HP, *shared, settings, kept)))


def test_quick_epochs_are_not_kept(scripted: type[ScriptedTrainer], shared: tuple[TrainingSet, list[Fold]]) -> None:
    scripted.shares = (0.2, 0.4, 0.6)
    kept = Kept()
    list(run_trial(HP, *shared, job(training={"epochs": 3}), kept))
    assert kept.saved == 0


class ScriptedTrainer:
    """Stands for a trainer whose share of right answers in each epoch is written down beforehand.

    What a network learns cannot be steered to the values that early stopping is about.
    """

    shares: tuple[float, ...]
    weights: list[np.ndarray]
    parameters = 7

    def __init__(self, width: int, classes: int, hp: Hyperparameters, training: config.Training) -> None:
        self.timer = Timer()

    def fresh(self, seed: int, rows: object) -> int:
        return 0

    def train(self, state: int, rows: object, weights: np.ndarray, epoch: int, seed: int) -> tuple[int, float]:
        self.weights.append(weights)
        return epoch, 0.5

    def predict(self, state: int, rows: ValidationRows) -> np.ndarray:
        if np.isnan(self.shares[state - 1]):
            return np.full((len(rows), 5), np.nan, dtype=np.float32)
        right = np.arange(len(rows)) < round(self.shares[state - 1] * len(rows))
        answers = np.where(right, rows.labels, (rows.labels + 1) % 5)
        return (0.9 * np.eye(5) + 0.02)[answers].astype(np.float32)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[ScriptedTrainer]]:
    monkeypatch.setattr("nids.training.trial.Trainer", ScriptedTrainer)
    ScriptedTrainer.weights = []
    yield ScriptedTrainer
    del ScriptedTrainer.weights


@pytest.mark.parametrize("metric", ["log_loss", "accuracy", "macro_f1", "weighted_f1"])
@pytest.mark.parametrize(
    ("shares", "patience", "best_epochs"),
    [
        pytest.param((0.2, 0.4, 0.6, 0.8), 1, [1, 2, 3, 4], id="better every time"),
        pytest.param((0.8, 0.6, 0.4, 0.2), 1, [1, 1], id="worse at once"),
        pytest.param((0.8, 0.6, 0.4, 0.2), 2, [1, 1, 1], id="worse for long enough"),
        pytest.param((0.4, 0.4, 0.4, 0.8), 2, [1, 1, 1], id="as good is not better"),
        pytest.param((0.4, 0.2, 0.6, 0.2), 2, [1, 1, 3, 3], id="better in time"),
        pytest.param((0.4, 0.6, 0.2, 0.2), 9, [1, 2, 2, 2], id="patience beyond the last epoch"),
    ],
)
def test_a_trial_ends_when_it_gets_no_better(
    scripted: type[ScriptedTrainer],
    shared: tuple[TrainingSet, list[Fold]],
    metric: str,
    shares: tuple[float, ...],
    patience: int,
    best_epochs: list[int],
) -> None:
    scripted.shares = shares
    training_set, folds = shared
    settings = job(training={"epochs": 4, "patience": patience}, search={"metric": metric})
    reports = run(training_set, folds, settings)
    assert [report["best_epoch"] for report in reports] == best_epochs
    assert [report["finished"] for report in reports] == [False] * (len(best_epochs) - 1) + [True]
    assert [report["value"] for report in reports] == [reports[best - 1][metric] for best in best_epochs]


def test_a_probability_that_is_no_number_ends_the_trial(
    scripted: type[ScriptedTrainer], shared: tuple[TrainingSet, list[Fold]]
) -> None:
    scripted.shares = (0.5, np.nan)
    training_set, folds = shared
    reports: Reports = []
    with pytest.raises(TrialFailed) as caught:
        reports.extend(run_trial(HP, training_set, folds[1:], job()))
    assert str(caught.value) == "a predicted probability is not finite in epoch 2 of fold 2"
    assert len(reports) == 1


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_weights_are_balanced_to_the_power_asked_for(
    scripted: type[ScriptedTrainer], shared: tuple[TrainingSet, list[Fold]], power: float
) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    scripted.shares = (0.5,)
    training_set, folds = shared
    hp = HP.model_copy(update={"class_weight_power": power, "resampling_ratio": 0.5})
    list(run_trial(hp, training_set, folds[:1], job(training={"epochs": 1})))
    added = folds[0].synthetic_labels[: len(folds[0].synthetic_labels) // 2]
    labels = np.concatenate([training_set.labels[folds[0].training], added])
    balanced = compute_class_weight("balanced", classes=np.arange(5), y=labels)
    np.testing.assert_allclose(scripted.weights[0], (balanced**power)[labels], rtol=1e-6)


def test_types_of_attacks_weigh_as_the_hyperparameters_say(shared: tuple[TrainingSet, list[Fold]]) -> None:
    training_set, folds = shared
    hp = HP.model_copy(update={"class_weight_power": 0.5, "type_weight_power": 0.75, "resampling_ratio": 0.5})
    found = FoldOfTrial.from_fold(training_set, folds[0], folds[0].encoding.width, hp)
    labels, types = found.training.labels, found.training.types
    np.testing.assert_array_equal(found.weights, row_weights(labels, types, 0.5, 0.75))
    assert len(np.unique(found.weights)) > len(training_set.dataset.classes)


def test_the_figures_are_those_of_the_probabilities(
    scripted: type[ScriptedTrainer], shared: tuple[TrainingSet, list[Fold]]
) -> None:
    scripted.shares = (0.5,)
    training_set, folds = shared
    (report,) = run(training_set, folds[:1], job(training={"epochs": 1}))
    rows = ValidationRows(training_set, folds[0], folds[0].encoding.width)
    probabilities = scripted(0, 0, HP, config.Training()).predict(1, rows)
    figures = validation_figures(training_set, folds[0], probabilities)
    assert report["folds"] == [{"fold": 0, "training_loss": 0.5, **figures}]


@pytest.mark.usefixtures("traced")
def test_what_objectives_and_constraints_ask_for_is_computed_too(shared: tuple[TrainingSet, list[Fold]]) -> None:
    asked = job(
        training={"epochs": 1},
        search={
            "objectives": ["recall.DoS", "false_alarm_rate"],
            "constraints": ["scoring_seconds <= 60", "parameters <= 1000000"],
        },
    )
    training_set, folds = shared
    (report,) = run_trial(HP, training_set, folds, asked)
    label = training_set.dataset.classes.index("DoS")
    recalls = []
    for fold in report["folds"]:
        confusion = np.array(fold["confusion"])
        recalls.append(confusion[label, label] / confusion[label].sum())
        assert fold["recall.DoS"] == recalls[-1]
        benign = confusion[training_set.dataset.benign_label]
        assert fold["false_alarm_rate"] == pytest.approx(1 - benign[training_set.dataset.benign_label] / benign.sum())
        rows = confusion.sum()
        assert fold["scoring_seconds"] == pytest.approx(1e6 * fold["validation_seconds"] / rows)
        assert fold["parameters"] == report["parameters"] > 100
    assert report["recall.DoS"] == np.mean(recalls)
    assert report["recall.DoS_std"] == pytest.approx(np.std(recalls, ddof=1))
    assert are_reports(
        [{**report, "finished": False}], [0, 2], len(training_set.dataset.classes), asked.search.on_demand
    )
    assert not are_reports([{**report, "finished": False}], [0, 2], len(training_set.dataset.classes))


@pytest.mark.usefixtures("traced")
def test_a_trial_ends_with_the_epoch_in_which_its_minutes_are_over(shared: tuple[TrainingSet, list[Fold]]) -> None:
    limited = job(training={"epochs": 4, "minutes": 1e-6})
    assert [report["finished"] for report in run_trial(HP, *shared, limited)] == [True]
