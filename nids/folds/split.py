"""Which rows of a fold are trained on, and which are validated on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from nids.errors import UserError
from nids.folds.leave_attacks_out import withheld_types

if TYPE_CHECKING:
    from nids import config
    from nids.datasets.traffic import Traffic


@dataclass(frozen=True)
class Split:
    """The two sides of a fold: ascending row numbers, int32 of shape (rows of that side,).

    ``withheld`` names the attack types of which the training side has no row.
    """

    training: np.ndarray
    validation: np.ndarray
    withheld: tuple[str, ...] = ()


def split(traffic: Traffic, folds: config.Folds, seed: int) -> list[Split]:
    """Return ``folds.count`` stratified folds with identical feature vectors on one side.

    Identical vectors count as one while the folds are drawn, under the rarest of their classes. With the scheme
    "unseen-attacks", all rows of a fold's withheld attack types, and what is identical to one of them, then go to its
    validation side.

    Raises:
        UserError: A class has fewer distinct rows than there are folds.
    """
    classes = traffic.dataset.classes
    # Missing values are values here: two rows that lack the same one may be identical.
    columns = list(traffic.features.columns)
    vector = traffic.features.groupby(columns, sort=False, observed=True, dropna=False).ngroup().to_numpy()
    rarity = np.bincount(traffic.label, minlength=len(classes))[traffic.label]
    rarest_first = pd.DataFrame({"vector": vector, "rarity": rarity, "label": traffic.label}).sort_values(
        ["vector", "rarity"], kind="stable"
    )
    labels = rarest_first.drop_duplicates("vector")["label"].to_numpy()
    distinct = np.bincount(labels, minlength=len(classes))
    for name, count in zip(classes, distinct, strict=True):
        if 0 < count < folds.count:
            raise UserError(
                f"found {count} distinct rows of class {name} in {traffic.source}, but {folds.count} folds "
                f"(folds.count) need at least {folds.count}: one for each. Use fewer folds or more rows."
            )
    drawn = StratifiedKFold(folds.count, shuffle=True, random_state=seed).split(labels, labels)
    types = withheld_types(traffic, folds.count, seed) if folds.scheme == "unseen-attacks" else [()] * folds.count
    splits = []
    for (_, held_back), withheld in zip(drawn, types, strict=True):
        validating = np.zeros(len(labels), dtype=bool)
        validating[held_back] = True
        validating[vector[traffic.attack.isin(withheld)]] = True
        validating = validating[vector]
        training, validation = (np.flatnonzero(side).astype(np.int32) for side in (~validating, validating))
        splits.append(Split(training, validation, withheld))
    return splits
