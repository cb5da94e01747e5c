from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.spatial.distance import cdist
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from nids import datasets
from nids.config import Folds
from nids.errors import UserError
from nids.evaluation import leakage
from nids.folds.build import build
from nids.folds.encoding import Encoding
from nids.folds.fold import Fold, TrainingSet
from nids.folds.split import Split, split
from nids.metrics.measures import HEADLINE
from nids.report import leakage as told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nids.datasets.traffic import Traffic
    from tests.conftest import Outcome

pytestmark = pytest.mark.slow

FOLDS = Folds(count=5)
SEED = 3


@pytest.fixture(scope="module")
def rows() -> Traffic:
    return datasets.load_training("nsl-kdd-sample", rows=1500, seed=0)


@pytest.fixture(scope="module")
def training_set(rows: Traffic) -> TrainingSet:
    return TrainingSet.from_traffic(rows)


@pytest.fixture(scope="module")
def sides(rows: Traffic) -> list[Split]:
    return split(rows, FOLDS, SEED)


@pytest.fixture(scope="module")
def measured(rows: Traffic) -> pd.DataFrame:
    return leakage.measure(rows, FOLDS.count, SEED, lambda: None)


def figures(measured: pd.DataFrame, variant: str) -> pd.DataFrame:
    """The measures of a variant, a row a fold."""
    found = measured[measured["variant"] == variant]
    assert found["fold"].tolist() == list(range(len(found)))
    return found[list(HEADLINE)].reset_index(drop=True)


def judge(model: Any, encoded: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The measures by scikit-learn."""
    predicted = model.predict(encoded)
    probabilities = model.predict_proba(encoded).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)  # those in float32 do not sum to 1 closely enough
    return {
        "accuracy": accuracy_score(labels, predicted),
        "macro_f1": f1_score(labels, predicted, average="macro"),
        "log_loss": log_loss(labels, probabilities, labels=model.classes_),
    }


def tree_on(training_set: TrainingSet, fold: Fold) -> dict[str, float]:
    encoded = np.vstack([fold.encoding.transform(training_set.rows, fold.training), fold.synthetic.toarray()])
    labels = np.concatenate([training_set.labels[fold.training], fold.synthetic_labels])
    tree = DecisionTreeClassifier(random_state=SEED).fit(encoded, labels)
    return judge(
        tree, fold.encoding.transform(training_set.rows, fold.validation), training_set.labels[fold.validation]
    )


def content(fold: Fold) -> tuple[Any, ...]:
    return (
        fold.number,
        fold.training.tolist(),
        fold.validation.tolist(),
        fold.encoding,
        fold.synthetic.toarray().tobytes(),
        fold.synthetic_labels.tobytes(),
        fold.notes,
    )


def aligned(training_set: TrainingSet, sides: list[Split], number: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Both parts of a fold without SMOTE, encoded, under the columns of all folds in the order of their appearance."""
    encodings = [Encoding.fit(training_set.rows, side.training, training_set.dataset) for side in sides]
    columns = pd.Index([name for encoding in encodings for name in encoding.feature_names]).unique()
    encoding, parts = encodings[number], {}
    for part in ("training", "validation"):
        numbers = getattr(sides[number], part)
        table = pd.DataFrame(encoding.transform(training_set.rows, numbers), columns=list(encoding.feature_names))
        parts[part] = (
            table.reindex(columns=columns, fill_value=np.float32(0)).to_numpy(),
            training_set.labels[numbers],
        )
    return parts


def network() -> MLPClassifier:
    return MLPClassifier((64,), batch_size=512, learning_rate_init=0.003, random_state=SEED)


def outside(synthetic: np.ndarray, real: np.ndarray) -> np.ndarray:
    """How far each synthetic row is from lying between two of the real ones: the detour by way of it, at its least."""
    to_real = cdist(synthetic, real)
    detours = to_real[:, :, np.newaxis] + to_real[:, np.newaxis, :] - cdist(real, real)
    return detours.min(axis=(1, 2))


def test_a_row_for_each_variant_and_fold(measured: pd.DataFrame) -> None:
    assert measured.columns.tolist() == ["variant", "model", "fold", "accuracy", "macro_f1", "log_loss"]
    expected = [(variant, model, fold) for variant, model in leakage.VARIANTS.items() for fold in range(FOLDS.count)]
    assert list(zip(measured["variant"], measured["model"], measured["fold"], strict=True)) == expected


def test_the_right_way_of_the_tree_is_that_of_scikit_learn(
    training_set: TrainingSet, sides: list[Split], measured: pd.DataFrame
) -> None:
    folds = [build(training_set, number, side, FOLDS, SEED) for number, side in enumerate(sides)]
    expected = pd.DataFrame([tree_on(training_set, fold) for fold in folds])
    pd.testing.assert_frame_equal(figures(measured, leakage.RIGHT), expected)


def test_the_encoder_of_all_rows_is_that_of_scikit_learn(
    training_set: TrainingSet, sides: list[Split], measured: pd.DataFrame
) -> None:
    folds = [
        leakage.fold_with_encoder_of_all(training_set, number, side, FOLDS, SEED) for number, side in enumerate(sides)
    ]
    expected = pd.DataFrame([tree_on(training_set, fold) for fold in folds])
    pd.testing.assert_frame_equal(figures(measured, leakage.ENCODER_OF_ALL), expected)


def test_smote_before_the_split_is_that_of_scikit_learn(training_set: TrainingSet, measured: pd.DataFrame) -> None:
    encoded, labels = leakage.smote_before_the_split(training_set, FOLDS, SEED)
    found = cross_validate(
        DecisionTreeClassifier(random_state=SEED),
        encoded,
        labels,
        cv=StratifiedKFold(FOLDS.count, shuffle=True, random_state=SEED),
        scoring={"accuracy": "accuracy", "macro_f1": "f1_macro", "log_loss": "neg_log_loss"},
    )
    expected = pd.DataFrame({name: np.abs(found[f"test_{name}"]) for name in HEADLINE})
    pd.testing.assert_frame_equal(figures(measured, leakage.SMOTE_FIRST), expected)


def test_its_real_rows_alone_are_judged_by_the_same_trees(training_set: TrainingSet, measured: pd.DataFrame) -> None:
    encoded, labels = leakage.smote_before_the_split(training_set, FOLDS, SEED)
    expected = []
    for training, validation in StratifiedKFold(FOLDS.count, shuffle=True, random_state=SEED).split(encoded, labels):
        tree = DecisionTreeClassifier(random_state=SEED).fit(encoded[training], labels[training])
        real = validation[validation < len(training_set.labels)]
        expected.append(judge(tree, encoded[real], labels[real]))
    pd.testing.assert_frame_equal(figures(measured, leakage.SMOTE_FIRST_REAL), pd.DataFrame(expected))


def test_new_models_are_those_of_scikit_learn(
    training_set: TrainingSet, sides: list[Split], measured: pd.DataFrame
) -> None:
    for variant, passes in ((leakage.NEW_MODEL, [10] * 5), (leakage.NEW_MODEL_LONGER, [10, 20, 30, 40, 50])):
        expected = []
        for number, epochs in enumerate(passes):
            parts = aligned(training_set, sides, number)
            model = network()
            for _ in range(epochs):
                model.partial_fit(*parts["training"], classes=range(5))
            expected.append(judge(model, *parts["validation"]))
        pd.testing.assert_frame_equal(figures(measured, variant), pd.DataFrame(expected))


def test_the_one_model_is_that_of_scikit_learn(
    training_set: TrainingSet, sides: list[Split], measured: pd.DataFrame
) -> None:
    model, expected = network(), []
    for number in range(FOLDS.count):
        parts = aligned(training_set, sides, number)
        for _ in range(10):
            model.partial_fit(*parts["training"], classes=range(5))
        expected.append(judge(model, *parts["validation"]))
    pd.testing.assert_frame_equal(figures(measured, leakage.ONE_MODEL), pd.DataFrame(expected))


def test_smote_before_the_split_raises_macro_f1(measured: pd.DataFrame) -> None:
    right, leaky = figures(measured, leakage.RIGHT), figures(measured, leakage.SMOTE_FIRST)
    assert leaky["macro_f1"].min() > right["macro_f1"].max()


def test_smote_before_the_split_trains_on_what_was_made_of_validation_rows(
    training_set: TrainingSet, sides: list[Split]
) -> None:
    """Some synthetic rows of its training parts lie between real rows only if validation rows are among them."""
    encoded, labels = leakage.smote_before_the_split(training_set, FOLDS, SEED)
    rarest = len(training_set.dataset.classes) - 1
    real = np.arange(len(labels)) < len(training_set.labels)
    for training, _ in StratifiedKFold(FOLDS.count, shuffle=True, random_state=SEED).split(encoded, labels):
        own = training[labels[training] == rarest]
        synthetic = encoded[own[~real[own]]]
        assert (outside(synthetic, encoded[real & (labels == rarest)]) < 1e-5).all()
        assert np.mean(outside(synthetic, encoded[own[real[own]]]) > 1e-3) > 0.1

    fold = build(training_set, 0, sides[0], FOLDS, SEED)
    own = fold.training[training_set.labels[fold.training] == rarest]
    synthetic = fold.synthetic.toarray()[fold.synthetic_labels == rarest]
    assert (outside(synthetic, fold.encoding.transform(training_set.rows, own)) < 1e-5).all()


def test_rows_resampled_before_the_split_are_all_real_ones_and_then_synthetic_ones(training_set: TrainingSet) -> None:
    encoded, labels = leakage.smote_before_the_split(training_set, FOLDS, SEED)
    everything = np.arange(len(training_set.labels))
    encoding = Encoding.fit(training_set.rows, everything, training_set.dataset)
    np.testing.assert_array_equal(encoded[: len(everything)], encoding.transform(training_set.rows, everything))
    np.testing.assert_array_equal(labels[: len(everything)], training_set.labels)
    assert set(np.bincount(labels)) == {np.bincount(training_set.labels).max()}
    assert (encoded.dtype, labels.dtype) == (np.float32, np.int8)


def test_an_encoder_of_all_rows_knows_the_validation_rows_and_changes_nothing_else(
    training_set: TrainingSet, sides: list[Split]
) -> None:
    right = build(training_set, 1, sides[1], FOLDS, SEED)
    leaky = leakage.fold_with_encoder_of_all(training_set, 1, sides[1], FOLDS, SEED)
    assert leaky.encoding == Encoding.fit(training_set.rows, np.arange(len(training_set.labels)), training_set.dataset)
    assert leaky.encoding != right.encoding
    for one, other in ((leaky.training, right.training), (leaky.validation, right.validation)):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(leaky.synthetic_labels, right.synthetic_labels)

    everything = np.arange(len(training_set.labels), dtype=np.int32)
    no_leak = Split(everything, everything)
    assert content(leakage.fold_with_encoder_of_all(training_set, 1, no_leak, FOLDS, SEED)) == content(
        build(training_set, 1, no_leak, FOLDS, SEED)
    )


def test_only_what_it_has_seen_before_sets_the_one_model_apart(measured: pd.DataFrame) -> None:
    new, longer, one = (
        figures(measured, variant) for variant in (leakage.NEW_MODEL, leakage.NEW_MODEL_LONGER, leakage.ONE_MODEL)
    )
    pd.testing.assert_frame_equal(one.iloc[:1], new.iloc[:1])
    pd.testing.assert_frame_equal(one.iloc[:1], longer.iloc[:1])
    assert (one["log_loss"] < longer["log_loss"]).tolist() == [False, True, True, True, True]
    assert one["log_loss"].iloc[-1] < one["log_loss"].iloc[0] / 2


def test_the_seed_decides_every_variant(traffic: Traffic) -> None:
    first, again, other = (leakage.measure(traffic, 3, seed, lambda: None) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert (first["log_loss"] != other["log_loss"]).groupby(first["variant"]).any().all()


def test_progress_counts_the_rows_of_the_result(traffic: Traffic) -> None:
    steps: list[None] = []
    found = leakage.measure(traffic, 2, SEED, lambda: steps.append(None))
    assert len(steps) == len(found) == len(leakage.VARIANTS) * 2


def invented() -> pd.DataFrame:
    """Two folds a variant, with figures to be followed by hand."""
    values = {
        leakage.RIGHT: ([0.99, 0.98], [0.80, 0.90], [0.10, 0.20]),
        leakage.SMOTE_FIRST: ([0.999, 0.997], [0.999, 0.997], [0.01, 0.03]),
        leakage.SMOTE_FIRST_REAL: ([0.99, 0.99], [0.86, 0.90], [0.10, 0.10]),
        leakage.ENCODER_OF_ALL: ([0.99, 0.98], [0.80, 0.89], [0.10, 0.20]),
        leakage.NEW_MODEL: ([0.95, 0.95], [0.70, 0.72], [0.30, 0.32]),
        leakage.NEW_MODEL_LONGER: ([0.95, 0.96], [0.70, 0.76], [0.30, 0.20]),
        leakage.ONE_MODEL: ([0.95, 0.98], [0.70, 0.82], [0.30, 0.10]),
    }
    return pd.DataFrame(
        [
            (variant, leakage.VARIANTS[variant], fold, *(column[fold] for column in columns))
            for variant, columns in values.items()
            for fold in range(2)
        ],
        columns=["variant", "model", "fold", *HEADLINE],
    )


def test_the_summary_is_mean_and_standard_deviation_over_the_folds() -> None:
    found = leakage.summarize(invented())
    assert found.index.tolist() == list(leakage.VARIANTS)
    assert found.columns.tolist() == [
        "model",
        *("accuracy", "accuracy_std", "macro_f1", "macro_f1_std", "log_loss", "log_loss_std"),
    ]
    row = found.loc[leakage.RIGHT]
    assert row["model"] == "tree"
    expected = [0.985, np.std([0.99, 0.98], ddof=1), 0.85, np.std([0.8, 0.9], ddof=1), 0.15, np.std([0.1, 0.2], ddof=1)]
    assert row.drop("model").tolist() == pytest.approx(expected)  # type: ignore[operator]


def test_each_leak_is_explained_with_its_figures() -> None:
    assert told.explain(invented()) == [
        (
            "SMOTE before the split",
            "A synthetic row lies between two real ones. Made before the split, it may stand in training while the "
            "rows it was made of are validated on, or the other way round. Macro-F1 moves from 85 ± 7 % to 99.80 ± "
            "0.14 % (+15 ± 7 points), log-loss from 0.15 ± 0.07 to 0.020 ± 0.014 (−0.13 ± 0.07). The real rows of the "
            "same validation parts give a macro-F1 of 88 ± 3 %: what lies between this and 99.80 ± 0.14 % comes from "
            "counting synthetic rows as if they were traffic.",
        ),
        (
            "An encoder fitted on all rows",
            "Ranges and categories are learned from the validation rows too. Macro-F1 moves from 85 ± 7 % to 84 ± 6 % "
            "(−0.5 ± 0.7 points, no more than it differs from fold to fold), log-loss from 0.15 ± 0.07 to 0.15 ± 0.07 "
            "(no change). A tree hardly notices how its columns are scaled; a model that does may be moved further.",
        ),
        (
            "One model trained on through all folds",
            "From the second fold on, the model is validated on rows that it was trained on before. Macro-F1 moves "
            "from 71.0 ± 1.4 % to 76 ± 8 % (+5 ± 7 points), log-loss from 0.310 ± 0.014 to 0.20 ± 0.14 (−0.1 ± 0.2). "
            "New models that train for as many epochs, each on its own fold, show what mere training does: a macro-F1 "
            "of 73 ± 4 % and a log-loss of 0.25 ± 0.07. On the last fold, after equally many epochs, the log-loss is "
            "0.1 for the one model and 0.2 for the new one. How much it is depends on the network and on its training; "
            "this one was chosen among four because it shows the effect most clearly.",
        ),
    ]


def test_an_encoder_that_moves_all_folds_alike_is_not_called_chance() -> None:
    moved = invented()
    moved.loc[moved["variant"] == leakage.ENCODER_OF_ALL, "macro_f1"] = [0.85, 0.96]
    assert "Macro-F1 moves from 85 ± 7 % to 90 ± 8 % (+5.5 ± 0.7 points), log-loss" in told.explain(moved)[1][1]


def test_the_table_fits_into_80_columns(rows: Traffic) -> None:
    console = Console(file=io.StringIO(), width=80)
    told.show(invented(), rows, console)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert lines[:17] == [
        "Leaks on nsl-kdd-sample (synthetic, 1500 rows, seed 0), 1,500 rows, 2 folds",
        "╭──────────────────────────────────────────────────────────────────────────────╮",
        "│ SYNTHETIC DATA: these rows were generated. The results show that the search  │",
        "│ works; they say nothing about real traffic.                                  │",
        "╰──────────────────────────────────────────────────────────────────────────────╯",
        "Decision tree and MLP: mean ± standard deviation over the folds",
        "",
        " variant                   model        accuracy        macro-F1       log-loss",
        " ──────────────────────────────────────────────────────────────────────────────",
        " right way                 tree     98.5 ± 0.7 %        85 ± 7 %    0.15 ± 0.07",
        " SMOTE before the split    tree   99.80 ± 0.14 %  99.80 ± 0.14 %  0.020 ± 0.014",
        " … its real rows alone     tree          99.00 %        88 ± 3 %            0.1",
        " encoder of all rows       tree     98.5 ± 0.7 %        84 ± 6 %    0.15 ± 0.07",
        " right way: new each fold  MLP           95.00 %    71.0 ± 1.4 %  0.310 ± 0.014",
        " … for as many epochs      MLP      95.5 ± 0.7 %        73 ± 4 %    0.25 ± 0.07",
        " one model for all folds   MLP          96 ± 2 %        76 ± 8 %    0.20 ± 0.14",
        "",
    ]
    assert (
        " ".join(lines[17:]).split() == " ".join(f"{leak}. {text}" for leak, text in told.explain(invented())).split()
    )


def test_real_rows_are_not_called_synthetic(rows: Traffic) -> None:
    console = Console(file=io.StringIO(), width=80)
    real = replace(rows, dataset=datasets.get("nsl-kdd"), source="KDDTrain+")
    told.show(invented(), real, console)
    assert console.file.getvalue().splitlines()[0] == "Leaks on KDDTrain+, 1,500 rows, 2 folds"  # type: ignore[attr-defined]
    assert "SYNTHETIC" not in console.file.getvalue()  # type: ignore[attr-defined]


def taken(rows: Traffic, numbers: np.ndarray) -> Traffic:
    return replace(
        rows,
        features=rows.features.iloc[numbers].reset_index(drop=True),
        attack=rows.attack.iloc[numbers].reset_index(drop=True),
        label=rows.label[numbers],
    )


def test_rows_of_one_class_are_refused(rows: Traffic) -> None:
    benign = np.flatnonzero(rows.label == 0)
    one = taken(rows, benign)
    with pytest.raises(UserError) as caught:
        leakage.measure(one, 2, SEED, lambda: None)
    assert str(caught.value) == (
        "found only rows of class Normal in nsl-kdd-sample (synthetic, 1500 rows, seed 0), but a classifier needs at "
        "least 2 classes. Use rows of benign traffic and of attacks."
    )


def test_a_class_that_smote_cannot_interpolate_in_is_refused(rows: Traffic) -> None:
    kept = np.concatenate([np.flatnonzero(rows.label != 4), np.flatnonzero(rows.label == 4)[:2]])
    few = taken(rows, kept)
    with pytest.raises(UserError) as caught:
        leakage.measure(few, 2, SEED, lambda: None)
    assert str(caught.value) == (
        "found a fold with 1 training row of class U2R in nsl-kdd-sample (synthetic, 1500 rows, seed 0), but SMOTE "
        "needs at least 2 to interpolate between. Use more rows or more folds."
    )


def test_the_command_shows_the_leaks_and_leaves_nothing_behind(nids: Callable[..., Outcome], tmp_path: Path) -> None:
    result = nids("leakage", "--dataset", "nsl-kdd-sample", "--folds", "2", "--seed", "4", COLUMNS="100")
    assert (result.returncode, list(tmp_path.iterdir())) == (0, []), result.stderr
    traffic = datasets.load_training("nsl-kdd-sample", seed=4)
    console = Console(file=io.StringIO(), width=100)
    told.show(leakage.measure(traffic, 2, 4, lambda: None), traffic, console)
    assert result.stdout == console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--file", "KDDTest+"],
            "Error: KDDTest+ is held out: whatever a search sees of it, its final test can no longer judge. Search "
            "on a training file.\n",
            id="held-out file",
        ),
        pytest.param(
            ["--dataset", "nsl-kdd-sampel"], "Error: 'nsl-kdd-sampel' is not a data set (did you mean", id="typo"
        ),
        pytest.param(["--folds", "1"], "Invalid value for '--folds'", id="one fold"),
    ],
)
def test_what_a_user_can_cause_is_said_without_a_traceback(
    nids: Callable[..., Outcome], arguments: list[str], message: str, tmp_path: Path
) -> None:
    result = nids("leakage", *arguments)
    assert (result.returncode, message in result.stderr, "Traceback" in result.stderr) == (2, True, False)
    assert (result.stdout, list(tmp_path.iterdir())) == ("", [])
