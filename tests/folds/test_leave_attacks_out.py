from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from nids import datasets
from nids.config import Folds
from nids.errors import UserError
from nids.folds.build import build
from nids.folds.fold import TrainingSet
from nids.folds.leave_attacks_out import withheld_types
from nids.folds.split import split

if TYPE_CHECKING:
    from nids.datasets.traffic import Traffic

FOLDS = Folds(count=3, scheme="unseen-attacks", resampling="none")


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    """Enough rows for every type of the synthetic sample."""
    return datasets.load_training("nsl-kdd-sample", rows=3000, seed=0)


def types_of(traffic: Traffic) -> dict[str, set[str]]:
    """The attack types of each attack class."""
    names = np.array(traffic.dataset.classes)[traffic.label]
    types = traffic.attack.groupby(names).unique()
    return {name: set(types[name]) for name in types.index if name != "Normal"}


@pytest.mark.parametrize("folds", [2, 3, 5, 9, 15])
@pytest.mark.parametrize("seed", [0, 7])
def test_each_type_is_withheld_once_and_no_class_is_lost(traffic: Traffic, folds: int, seed: int) -> None:
    dealt = withheld_types(traffic, folds, seed)
    assert len(dealt) == folds
    assert all(dealt)
    of_class = types_of(traffic)
    several = {name: types for name, types in of_class.items() if len(types) > 1}
    assert several
    assert sorted(attack for types in dealt for attack in types) == sorted(set().union(*several.values()))
    for types in several.values():
        assert all(types - set(withheld) for withheld in dealt)


def test_types_are_dealt_in_order_of_size_back_and_forth() -> None:
    traffic = datasets.load_training("nsl-kdd-sample", rows=400, seed=0)
    sizes = {"smurf": 5, "neptune": 4, "back": 3, "pod": 2, "land": 1}
    attack = pd.Series([name for name, size in sizes.items() for _ in range(size)])
    label = np.full(len(attack), traffic.dataset.classes.index("DoS"), dtype=np.int8)
    dealt = withheld_types(replace(traffic, attack=attack, label=label), folds=2, seed=0)
    assert sorted(dealt) == [("back", "neptune"), ("land", "pod", "smurf")]


def test_no_two_seeds_are_bound_to_deal_alike(traffic: Traffic) -> None:
    dealt = [withheld_types(traffic, 3, seed) for seed in range(6)]
    assert withheld_types(traffic, 3, seed=0) == dealt[0]
    assert len(set(map(tuple, dealt))) > 1


def test_classes_of_one_type_cannot_be_withheld(traffic: Traffic) -> None:
    alone = replace(traffic, attack=pd.Series(np.array(traffic.dataset.classes)[traffic.label]))
    with pytest.raises(UserError, match=r"in each of 3 folds .*, but nsl-kdd-sample .* has 0 whose class has another"):
        withheld_types(alone, 3, seed=0)


def test_there_are_no_more_folds_than_types(traffic: Traffic) -> None:
    types = sum(len(types) for types in types_of(traffic).values() if len(types) > 1)
    assert all(withheld_types(traffic, types, seed=0))
    with pytest.raises(UserError, match=rf"in each of {types + 1} folds .* has {types} whose class has another"):
        withheld_types(traffic, types + 1, seed=0)


def test_a_training_part_has_no_row_of_its_withheld_types_nor_one_identical_to_it(traffic: Traffic) -> None:
    copied = traffic.attack[traffic.attack == withheld_types(traffic, 3, seed=0)[0][0]].index[0]
    # The same features as a withheld row has, once more, as benign traffic.
    traffic = replace(
        traffic,
        features=pd.concat([traffic.features, traffic.features.iloc[[copied]]], ignore_index=True),
        attack=pd.concat([traffic.attack, pd.Series(["normal"])], ignore_index=True),
        label=np.append(traffic.label, np.int8(0)),
    )
    random = split(traffic, FOLDS.model_copy(update={"scheme": "random"}), seed=0)
    for sides, plain in zip(split(traffic, FOLDS, seed=0), random, strict=True):
        assert sides.withheld
        assert set(sides.withheld).isdisjoint(traffic.attack.iloc[sides.training])
        assert sorted([*sides.training, *sides.validation]) == list(range(len(traffic.label)))
        withheld = traffic.features[traffic.attack.isin(sides.withheld)]
        rows = traffic.features.iloc[sides.training]
        assert rows.merge(withheld, how="inner").empty
        # Of the known types, the same rows are validated on as in random folds.
        assert set(plain.validation) <= set(sides.validation)
    assert len(traffic.label) - 1 in split(traffic, FOLDS, seed=0)[0].validation


def test_a_fold_knows_what_it_withholds(traffic: Traffic) -> None:
    training_set = TrainingSet.from_traffic(traffic)
    assert [training_set.attack_types[code] for code in training_set.attacks[:50]] == traffic.attack.iloc[:50].tolist()
    for number, sides in enumerate(split(traffic, FOLDS, seed=0)):
        fold = build(training_set, number, sides, FOLDS, seed=0)
        assert fold.withheld == sides.withheld == withheld_types(traffic, 3, seed=0)[number]
