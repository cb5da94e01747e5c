"""What leaks between training and validation do to the figures, measured on given rows beside the right way."""

from __future__ import annotations

from concurrent.futures import as_completed
from itertools import chain
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from nids.config import Folds
from nids.errors import UserError
from nids.folds.build import build, build_encoded
from nids.folds.encoding import Encoding
from nids.folds.fold import Fold, TrainingSet
from nids.folds.resampling import synthesize
from nids.folds.split import split
from nids.metrics.judged_rows import JudgedRows
from nids.metrics.measures import HEADLINE, figures_of
from nids.threads import thread_pool
from nids.training.batches import TrainingRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from nids.datasets.traffic import Traffic
    from nids.folds.split import Split

TREE, NETWORK = "tree", "MLP"
# Training passes that the MLP makes over each fold.
EPOCHS = 10

# Short, as a table with all of them and three measures is to fit into a terminal of 80 columns.
RIGHT = "right way"
SMOTE_FIRST = "SMOTE before the split"
SMOTE_FIRST_REAL = "… its real rows alone"
ENCODER_OF_ALL = "encoder of all rows"
NEW_MODEL = "right way: new each fold"
NEW_MODEL_LONGER = "… for as many epochs"
ONE_MODEL = "one model for all folds"
# Every variant and its model, in the order in which tables show them.
VARIANTS = {
    RIGHT: TREE,
    SMOTE_FIRST: TREE,
    SMOTE_FIRST_REAL: TREE,
    ENCODER_OF_ALL: TREE,
    NEW_MODEL: NETWORK,
    NEW_MODEL_LONGER: NETWORK,
    ONE_MODEL: NETWORK,
}

_Record = dict[str, Any]


def measure(traffic: Traffic, count: int, seed: int, advance: Callable[[], object]) -> pd.DataFrame:
    """Return the figures of every variant on every fold.

    All variants but SMOTE before the split are validated on the same rows, those of ``nids.folds.split.split``. The
    tree is trained with SMOTE to full balance; the network without it, so that nothing but the model's past differs.
    "Trained for as many epochs" is the network's control: on fold k (from 0) the model that is never reset has made (k
    + 1) ``EPOCHS`` passes, and so does that control, over the fold's own training part alone.

    Args:
        traffic: The labelled rows.
        count: Number of folds. The control's time grows with its square.
        seed: Decides folds, synthetic rows and models.
        advance: Called once for each row of the result, when it has been measured; from several threads.

    Returns:
        A row a variant and fold: variant, model, fold (from 0) and each measure of ``HEADLINE``.

    Raises:
        UserError: There is one class only, or a class is too small for the folds or for SMOTE.
    """
    training_set, folds = TrainingSet.from_traffic(traffic), Folds(count=count)
    _refuse_one_class(traffic)
    sides = split(traffic, folds, seed)
    _refuse_lone_rows(traffic, sides)
    run = _Measurement(training_set, sides, folds, seed, advance)
    # No more threads than folds, since each holds the rows of one; the longest work first.
    with thread_pool(min(joblib.cpu_count(), count)) as threads:
        waiting = [
            threads.submit(run.one_model),
            threads.submit(run.smote_first),
            *(threads.submit(run.new_model, number) for number in reversed(range(count))),
            *(threads.submit(run.right, number) for number in range(count)),
            *(threads.submit(run.encoder_of_all, number) for number in range(count)),
        ]
        records = [record for ended in as_completed(waiting) for record in ended.result()]
    order = {variant: place for place, variant in enumerate(VARIANTS)}
    records.sort(key=lambda record: (order[record["variant"]], record["fold"]))
    return pd.DataFrame.from_records(records, columns=["variant", "model", "fold", *HEADLINE])


def summarize(measured: pd.DataFrame) -> pd.DataFrame:
    """Return a row a variant, indexed by it: model, and <measure> and <measure>_std over the folds for each measure.

    The standard deviation has the number of folds − 1 in its denominator.
    """
    by_variant = measured.groupby("variant", sort=False)
    columns = {"model": by_variant["model"].first()}
    for name in HEADLINE:
        columns[name] = by_variant[name].mean()
        columns[f"{name}_std"] = by_variant[name].std()
    return pd.DataFrame(columns)


def smote_before_the_split(training_set: TrainingSet, folds: Folds, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all rows, encoded, and after them the synthetic rows made of all of them.

    The rows are float32 of shape (real + synthetic, width), their classes int8 of shape (real + synthetic,).

    Raises:
        UserError: A class is too small for the resampling.
    """
    every_row = np.arange(len(training_set.rows))
    encoding = Encoding.fit(training_set.rows, every_row, training_set.dataset)
    synthetic, synthetic_labels, _ = synthesize(
        training_set.rows, encoding, every_row, training_set.labels, training_set.dataset.classes, folds, seed
    )
    rows = np.vstack([encoding.transform(training_set.rows, every_row), synthetic])
    return rows, np.concatenate([training_set.labels, synthetic_labels])


def fold_with_encoder_of_all(training_set: TrainingSet, number: int, sides: Split, folds: Folds, seed: int) -> Fold:
    """Return what ``nids.folds.build.build`` returns, but for an encoding that was fitted on the validation rows too.

    Raises:
        UserError: A class is too small for the resampling.
    """
    encoding = Encoding.fit(training_set.rows, np.arange(len(training_set.rows)), training_set.dataset)
    return build_encoded(training_set, number, sides, encoding, folds, seed)


def _refuse_one_class(traffic: Traffic) -> None:
    present = np.unique(traffic.label)
    if len(present) < 2:
        raise UserError(
            f"found only rows of class {traffic.dataset.classes[present[0]]} in {traffic.source}, but a classifier "
            "needs at least 2 classes. Use rows of benign traffic and of attacks."
        )


def _refuse_lone_rows(traffic: Traffic, sides: list[Split]) -> None:
    for side in sides:
        present, counts = np.unique(traffic.label[side.training], return_counts=True)
        if counts.min() < 2:
            raise UserError(
                f"found a fold with 1 training row of class {traffic.dataset.classes[present[counts.argmin()]]} in "
                f"{traffic.source}, but SMOTE needs at least 2 to interpolate between. Use more rows or more folds."
            )


class _Measurement:
    """The variants on one training_set; each method returns records of variant, model, fold and measures."""

    def __init__(
        self, training_set: TrainingSet, sides: list[Split], folds: Folds, seed: int, advance: Callable[[], object]
    ) -> None:
        self._training_set = training_set
        self._sides = sides
        self._folds = folds
        self._seed = seed
        self._advance = advance
        encodings = [Encoding.fit(training_set.rows, side.training, training_set.dataset) for side in sides]
        self._encodings = encodings
        # Folds know different categories. The one model needs each of its inputs to mean the same in all of them; what
        # a fold does not know is 0 in all of its rows, and so tells it nothing.
        self._columns = list(dict.fromkeys(chain.from_iterable(encoding.feature_names for encoding in encodings)))

    def right(self, number: int) -> list[_Record]:
        fold = build(self._training_set, number, self._sides[number], self._folds, self._seed)
        return [self._tree(RIGHT, fold)]

    def encoder_of_all(self, number: int) -> list[_Record]:
        fold = fold_with_encoder_of_all(self._training_set, number, self._sides[number], self._folds, self._seed)
        return [self._tree(ENCODER_OF_ALL, fold)]

    def smote_first(self) -> list[_Record]:
        rows, labels = smote_before_the_split(self._training_set, self._folds, self._seed)
        real = np.arange(len(labels)) < len(self._training_set.labels)
        drawn = StratifiedKFold(self._folds.count, shuffle=True, random_state=self._seed).split(rows, labels)
        records = []
        for number, (training, validation) in enumerate(drawn):
            tree = DecisionTreeClassifier(random_state=self._seed).fit(rows[training], labels[training])
            for variant, judged in ((SMOTE_FIRST, validation), (SMOTE_FIRST_REAL, validation[real[validation]])):
                records.append(self._record(variant, number, tree, rows[judged], labels[judged]))
        return records

    def new_model(self, number: int) -> list[_Record]:
        rows, labels = self._encoded(number, self._sides[number].training)
        validation = self._encoded(number, self._sides[number].validation)
        network = self._network()
        self._train(network, rows, labels, EPOCHS)
        record = self._record(NEW_MODEL, number, network, *validation)
        self._train(network, rows, labels, EPOCHS * number)
        return [record, self._record(NEW_MODEL_LONGER, number, network, *validation)]

    def one_model(self) -> list[_Record]:
        network = self._network()
        records = []
        for number, sides in enumerate(self._sides):
            self._train(network, *self._encoded(number, sides.training), EPOCHS)
            records.append(self._record(ONE_MODEL, number, network, *self._encoded(number, sides.validation)))
        return records

    def _tree(self, variant: str, fold: Fold) -> _Record:
        training = TrainingRows(self._training_set, fold, fold.encoding.width)
        tree = DecisionTreeClassifier(random_state=self._seed)
        tree.fit(training.encoded(np.arange(len(training))), training.labels)
        rows = fold.encoding.transform(self._training_set.rows, fold.validation)
        return self._record(variant, fold.number, tree, rows, self._training_set.labels[fold.validation])

    def _network(self) -> MLPClassifier:
        # No fold may be smaller than a batch.
        batch_size = min(512, *(len(sides.training) for sides in self._sides))
        return MLPClassifier((64,), batch_size=batch_size, learning_rate_init=0.003, random_state=self._seed)

    def _train(self, network: MLPClassifier, rows: np.ndarray, labels: np.ndarray, epochs: int) -> None:
        for _ in range(epochs):
            network.partial_fit(rows, labels, classes=np.arange(len(self._training_set.dataset.classes)))

    def _encoded(self, number: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return numbered rows in a fold's encoding, under the columns of all folds, and their classes."""
        encoding = self._encodings[number]
        place = {name: position for position, name in enumerate(self._columns)}
        encoded = np.zeros((len(rows), len(self._columns)), dtype=np.float32)
        encoded[:, [place[name] for name in encoding.feature_names]] = encoding.transform(self._training_set.rows, rows)
        return encoded, self._training_set.labels[rows]

    def _record(
        self,
        variant: str,
        number: int,
        model: DecisionTreeClassifier | MLPClassifier,
        rows: np.ndarray,
        labels: np.ndarray,
    ) -> _Record:
        probabilities = np.zeros((len(rows), len(self._training_set.dataset.classes)))
        probabilities[:, model.classes_] = model.predict_proba(rows)
        figures = figures_of(JudgedRows.all_known(labels, probabilities, self._training_set.dataset.benign_label))
        self._advance()
        headline = {name: figures[name] for name in HEADLINE}
        return {"variant": variant, "model": VARIANTS[variant], "fold": number, **headline}
