"""Gradient-boosted trees as a member of a detector: trained by XGBoost, kept as plain arrays.

A bundle holds nothing that is executed, and XGBoost's reader of model files is not made for files from strangers. So
its model is taken apart into arrays, and made again from arrays that have been checked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nids.errors import UserError
from nids.evaluation.tuned_models import FROM_EXTRA, TUNED_MODELS, sample_weight_of
from nids.training.batches import TrainingRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import ClassifierMixin

    from nids.folds.fold import Fold, TrainingSet

NAME = "tuned XGBoost"
# The nodes of all trees one after another, by the name that XGBoost's model files give them.
_NODES: Mapping[str, np.dtype] = {
    "left_children": np.dtype(np.int32),
    "right_children": np.dtype(np.int32),
    "split_indices": np.dtype(np.int32),
    "split_conditions": np.dtype(np.float32),
    "default_left": np.dtype(np.uint8),
}
_SIZES, _SCORES = "sizes", "base_score"
_LEAF, _ROOT = -1, 2**31 - 1
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """Trees that are ready to score.

    Attributes:
        arrays: They as ``check`` allows.
        width: Encoded features of a row.
        classes: Number of classes.
    """

    arrays: Mapping[str, np.ndarray]
    width: int
    classes: int

    @classmethod
    def fit(cls, training_set: TrainingSet, fold: Fold, hyperparameters: Mapping[str, Any], seed: int) -> BoostedTrees:
        """Return trees that are trained on the real rows of a fold's training part.

        Args:
            training_set: What the folds share.
            fold: The fold.
            hyperparameters: As in ``nids.evaluation.tuned_models``.
            seed: Seeds the training.

        Raises:
            UserError: The fold has no training row of a class: XGBoost knows no class without rows.
        """
        width, classes = fold.encoding.width, len(training_set.dataset.classes)
        rows = TrainingRows(training_set, fold, width, resampling_ratio=0.0)
        if missing := sorted({*range(classes)} - {*rows.labels.tolist()}):
            names = ", ".join(training_set.dataset.classes[label] for label in missing)
            raise UserError(
                f"boosted trees cannot be a member: fold {fold.number} has no training row of {names}. Finalize "
                "without --boosting."
            )
        model = TUNED_MODELS[NAME].estimator(hyperparameters, seed)
        weights = sample_weight_of(hyperparameters, rows)
        model.fit(rows.encoded(np.arange(len(rows))), rows.labels, sample_weight=weights)
        return cls(_arrays_of(model), width, classes)

    def probabilities(self, encoded: np.ndarray) -> np.ndarray:
        """Return class probabilities, float32 of shape (rows, classes), of rows float32 of shape (rows, width)."""
        if not len(encoded):
            return np.empty((0, self.classes), dtype=np.float32)
        found = self._booster.inplace_predict(np.ascontiguousarray(encoded))
        return np.column_stack([1 - found, found]) if self.classes == 2 else found

    @cached_property
    def _booster(self) -> Any:
        return _booster_of(self.arrays, self.width, self.classes)


def check(arrays: Mapping[str, np.ndarray], width: int, classes: int) -> None:
    """Raise a ValueError, which says why, if arrays are not those of boosted trees.

    Args:
        arrays: ``sizes``, the nodes of each tree, int32; ``base_score`` of each class, float32; and for the nodes of
            all trees one after another, ``left_children`` and ``right_children`` (numbers in their tree, or -1 for a
            leaf), ``split_indices`` (the encoded column) and ``split_conditions`` (where the column is split or, of a
            leaf, its score), ``default_left``. The trees of a round, one a class, follow each other.
        width: Encoded features of a row.
        classes: Number of classes.
    """
    outputs = _outputs(classes)
    expected = {**_NODES, _SIZES: np.dtype(np.int32), _SCORES: np.dtype(np.float32)}
    if arrays.keys() != expected.keys():
        raise ValueError(f"it holds {', '.join(sorted(arrays))} instead of {', '.join(sorted(expected))}")
    for name, dtype in expected.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            raise ValueError(
                f"{name} is {arrays[name].dtype} of {arrays[name].ndim} dimensions, but must be {dtype} of 1"
            )
    sizes, scores = arrays[_SIZES].astype(np.int64), arrays[_SCORES]
    if len(sizes) == 0 or len(sizes) % outputs or (sizes < 1).any():
        raise ValueError(f"it has {len(sizes)} trees of {outputs} a round, or one without a node")
    if len(scores) != outputs or not np.isfinite(scores).all():
        raise ValueError(f"{_SCORES} has to be {outputs} finite numbers")
    if {len(arrays[name]) for name in _NODES} != {int(sizes.sum())}:
        raise ValueError(f"its trees have {sizes.sum():,} nodes, but not each of its arrays has as many values")
    _check_nodes(arrays, sizes, width)


def _check_nodes(arrays: Mapping[str, np.ndarray], sizes: np.ndarray, width: int) -> None:
    left, right = arrays["left_children"].astype(np.int64), arrays["right_children"].astype(np.int64)
    own = np.concatenate([np.arange(size) for size in sizes])
    inner = left != _LEAF
    if (inner != (right != _LEAF)).any():
        raise ValueError("a node has one child")
    of_tree = np.repeat(sizes, sizes)
    for children in (left[inner], right[inner]):
        # A child comes after its parent: so no way down a tree is endless.
        if ((children <= own[inner]) | (children >= of_tree[inner])).any():
            raise ValueError("a node's child is not one of the later nodes of its tree")
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)[inner]
    children = np.concatenate([starts + left[inner], starts + right[inner]])
    if len(np.unique(children)) != len(children):
        raise ValueError("a node is the child of two")
    columns = arrays["split_indices"]
    if ((columns < 0) | (columns >= width)).any():
        raise ValueError(f"a node splits a column that is not one of {width}")
    if not np.isfinite(arrays["split_conditions"]).all():
        raise ValueError("a split or a score is not a finite number")
    if (arrays["default_left"] > 1).any():
        raise ValueError("default_left has to be 0 or 1")


def _outputs(classes: int) -> int:
    """Return the number of scores that trees give: of two classes, that of the second alone."""
    return classes if classes > 2 else 1


def _arrays_of(model: ClassifierMixin) -> dict[str, np.ndarray]:
    """Return the arrays of a trained model, from its JSON form (https://xgboost.readthedocs.io, "Model IO")."""
    learner = json.loads(model.get_booster().save_raw("json"))["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    arrays = {
        name: np.concatenate([np.asarray(tree[name], dtype=dtype) for tree in trees]) for name, dtype in _NODES.items()
    }
    arrays[_SIZES] = np.array([len(tree["left_children"]) for tree in trees], dtype=np.int32)
    scores = json.loads(learner["learner_model_param"]["base_score"])
    arrays[_SCORES] = np.array(scores, dtype=np.float32).reshape(-1)
    return arrays


def _booster_of(arrays: Mapping[str, np.ndarray], width: int, classes: int) -> Any:
    if not TUNED_MODELS[NAME].is_installed:
        raise UserError(
            f"this detector has a member of boosted trees, and XGBoost is not installed. It comes with {FROM_EXTRA}"
        )
    from xgboost import Booster

    trees, start = [], 0
    for number, size in enumerate(arrays[_SIZES].tolist()):
        nodes = {name: arrays[name][start : start + size] for name in _NODES}
        trees.append(_tree(number, size, nodes, width))
        start += size
    outputs = _outputs(classes)
    rounds = len(trees) // outputs
    objective: dict[str, Any] = {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}}
    if outputs > 1:
        objective = {"name": "multi:softprob", "softmax_multiclass_param": {"num_class": str(classes)}}
    model = {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "model": {
                    "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
                    "iteration_indptr": list(range(0, len(trees) + 1, outputs)),
                    "tree_info": [*range(outputs)] * rounds,
                    "trees": trees,
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": json.dumps(arrays[_SCORES].astype(float).tolist()),
                "boost_from_average": "1",
                "num_class": str(classes if outputs > 1 else 0),
                "num_feature": str(width),
                "num_target": "1",
            },
            "objective": objective,
        },
        "version": [3, 2, 0],
    }
    booster = Booster({"nthread": 1})
    booster.load_model(bytearray(json.dumps(model).encode()))
    return booster


def _tree(number: int, size: int, nodes: Mapping[str, np.ndarray], width: int) -> dict[str, Any]:
    parents = np.full(size, _ROOT, dtype=np.int64)
    for children in (nodes["left_children"], nodes["right_children"]):
        inner = children != _LEAF
        parents[children[inner]] = np.flatnonzero(inner)
    # What only training needs.
    unknown = [0.0] * size
    return {
        **{name: values.tolist() for name, values in nodes.items()},
        **{name: [] for name in _CATEGORIES},
        "parents": parents.tolist(),
        "base_weights": unknown,
        "loss_changes": unknown,
        "sum_hessian": unknown,
        "split_type": [0] * size,
        "id": number,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(width),
            "num_nodes": str(size),
            "size_leaf_vector": "1",
        },
    }
