"""Folds that ask about attack types which their training parts never had.

Random folds reward the memory of known attack types: what is won on them need not carry over to types that come later.
So each attack type is withheld from the training part of one fold, whole, and that fold's validation asks about it,
beside a share of the known rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nids.errors import UserError

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic


def withheld_types(traffic: Traffic, folds: int, seed: int) -> list[tuple[str, ...]]:
    """Return for each fold the attack types that its training part is not to have, sorted by name.

    Each type of every attack class with at least two types is withheld in exactly one fold, and every fold withholds
    at least one. No fold withholds all types of a class. Within a class, types are
    dealt to the folds in order of their rows, back and forth, so that a fold which loses a frequent type loses few
    others. The folds that have least so far come first; ``seed`` decides among equals.

    Raises:
        UserError: There are fewer such types than folds.
    """
    random = np.random.default_rng(seed)
    dealt: list[list[str]] = [[] for _ in range(folds)]
    for label, name in enumerate(traffic.dataset.classes):
        order = random.permutation(folds)
        rows_of = traffic.attack[traffic.label == label].value_counts()
        if name == traffic.dataset.benign or len(rows_of) < 2:
            continue
        order = order[np.argsort([len(dealt[fold]) for fold in order], kind="stable")]
        back_and_forth = np.concatenate([order, order[::-1]])
        by_size = sorted(rows_of.index, key=lambda attack: (-rows_of[attack], attack))
        for i, attack in enumerate(by_size):
            dealt[back_and_forth[i % len(back_and_forth)]].append(str(attack))
    if not all(dealt):
        raise UserError(
            f'folds.scheme = "unseen-attacks" withholds attack types, at least one in each of {folds} folds '
            f"(folds.count), but {traffic.source} has {sum(map(len, dealt))} whose class has another that could still "
            'be learned. Use fewer folds, or folds.scheme = "random".'
        )
    return [tuple(sorted(types)) for types in dealt]
