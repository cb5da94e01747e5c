"""What one would write without this project: an Optuna loop around Keras, with SMOTE in each trial.

The peer of this benchmark: the rows, folds, epochs, number of trials and model of same_work.toml, with the defaults of
the libraries and all cores for one trial after another.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import keras
import numpy as np
import optuna
from imblearn.over_sampling import SMOTE
from keras import layers
from sklearn.compose import make_column_transformer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from nids import datasets

if TYPE_CHECKING:
    import pandas as pd

FOLDS, EPOCHS, BATCH = 3, 2, 512
PAPERS_BEST = {
    "conv_dropout": 0.45328375223588824,
    "gru_dropout": 0.026449575992992313,
    "attention_dropout": 0.08715283056018074,
    "learning_rate": 0.0018285312453719437,
}


def model_of(width: int, classes: int, trial: optuna.Trial) -> keras.Model:
    """Return the network, written with Keras's own layers."""
    # Keras's own momentum of 0.99 would make two epochs' validation worse than guessing: log-loss 1.7.
    gru_dropout = trial.suggest_float("gru_dropout", 0.0, 0.6)
    row = layers.Input((width, 1))
    x = layers.Conv1D(64, 24, padding="same", activation="relu")(row)
    x = layers.MaxPooling1D(5, padding="same")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Dropout(trial.suggest_float("conv_dropout", 0.0, 0.6))(x)
    x = layers.Bidirectional(layers.GRU(64))(x)
    x = layers.Dropout(gru_dropout)(x)
    x = layers.Reshape((128, 1))(x)
    x = layers.MaxPooling1D(5, padding="same")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Bidirectional(layers.GRU(128, return_sequences=True))(x)
    x = layers.Dropout(gru_dropout)(x)
    query = layers.GlobalAveragePooling1D(keepdims=True)(x)
    x = layers.Flatten()(layers.Attention(use_scale=True)([query, x]))
    x = layers.Dropout(trial.suggest_float("attention_dropout", 0.0, 0.6))(x)
    model = keras.Model(row, layers.Dense(classes, activation="softmax")(x))
    optimizer = keras.optimizers.Adam(trial.suggest_float("learning_rate", 2e-4, 1e-2, log=True))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def value_of(trial: optuna.Trial, features: pd.DataFrame, labels: np.ndarray, classes: int) -> float:
    """Return the mean log-loss over the folds."""
    texts = list(features.select_dtypes(exclude="number").columns)
    losses = []
    for training, validation in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, labels):
        encoder = make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts), remainder=MinMaxScaler()
        )
        rows, rows_labels = SMOTE(random_state=0).fit_resample(
            encoder.fit_transform(features.iloc[training]), labels[training]
        )
        held_back = encoder.transform(features.iloc[validation])
        keras.backend.clear_session()
        model = model_of(rows.shape[1], classes, trial)
        history = model.fit(
            rows[..., np.newaxis],
            rows_labels,
            batch_size=BATCH,
            epochs=EPOCHS,
            verbose=0,
            validation_data=(held_back[..., np.newaxis], labels[validation]),
        )
        losses.append(history.history["val_loss"][-1])
    return float(np.mean(losses))


def main() -> None:
    """Run the loop; print its value so far and the seconds since the start after each trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.perf_counter()
    traffic = datasets.load_training("nsl-kdd", file="KDDTrain+_20Percent", seed=0)
    features = traffic.features.astype(dict.fromkeys(traffic.features.select_dtypes("category"), str))
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=arguments.seed))
    study.enqueue_trial(PAPERS_BEST)  # as the search does
    classes = len(traffic.dataset.classes)
    study.optimize(
        lambda trial: value_of(trial, features, traffic.label.astype(int), classes),
        arguments.trials,
        callbacks=[lambda study, _: print(f"{time.perf_counter() - started:.1f} {study.best_value:.5f}", flush=True)],
    )


if __name__ == "__main__":
    main()
