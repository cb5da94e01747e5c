from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec
from nids.folds.encoding import MIN_ROWS_OF_CATEGORY, CompactRows, Encoding, compact

DATASET = DatasetSpec(
    name="small",
    columns=(
        Column("service", "categorical"),
        Column("bytes", "count", "log1p"),
        Column("hot", "count"),
        Column("flag", "categorical"),
        Column("outbound", "count"),
        Column("error_rate", "rate"),
    ),
    label_column="attack",
    label_maps=(LabelMap("default", ("Normal", "Attack"), "Normal", {"normal": "Normal"}),),
)
# Five rows of http and of SF; ftp, S0 and smtp are rare; row 6 is for validation.
FEATURES = pd.DataFrame(
    {
        "service": ["http", "http", "http", "http", "http", "ftp", "smtp"],
        "bytes": [0.0, 9.0, 99.0, 999.0, 9_999.0, 99_999.0, 1e12],
        "hot": [2.0, 4.0, 6.0, 2.0, 2.0, 10.0, 0.0],
        "flag": ["SF", "S0", "SF", "SF", "SF", "SF", "SF"],
        "outbound": [7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 8.0],
        "error_rate": [0.0, 0.25, 0.5, 0.75, 1.0, 0.5, 0.5],
    }
)
TRAINING = np.arange(6)
NEW = np.array([6])


@pytest.fixture
def rows() -> CompactRows:
    return compact(FEATURES, DATASET)


@pytest.fixture
def encoding(rows: CompactRows) -> Encoding:
    return Encoding.fit(rows, TRAINING, DATASET)


def test_compact_transforms_the_columns_that_say_so(rows: CompactRows) -> None:
    expected = FEATURES[["bytes", "hot", "outbound", "error_rate"]].assign(bytes=np.log1p(FEATURES["bytes"]))
    np.testing.assert_array_equal(rows.numeric, expected.to_numpy(np.float32))
    assert rows.numeric.dtype == np.float32
    assert rows.vocabularies == (("ftp", "http", "smtp"), ("S0", "SF"))
    assert rows.codes.dtype == np.int32
    np.testing.assert_array_equal(rows.codes, [[1, 1], [1, 0], [1, 1], [1, 1], [1, 1], [0, 1], [2, 1]])
    assert len(rows) == 7


def test_arrays_are_such_as_are_shared_without_copies(rows: CompactRows) -> None:
    assert rows.numeric.flags.c_contiguous
    assert rows.codes.flags.c_contiguous


def test_fit_learns_the_range_and_the_frequent_categories(rows: CompactRows, encoding: Encoding) -> None:
    assert encoding == Encoding(
        numeric=("bytes", "hot", "outbound", "error_rate"),
        minimum=(0.0, 2.0, 7.0, 0.0),
        maximum=(float(np.float32(np.log1p(99_999))), 10.0, 7.0, 1.0),
        categorical=("service", "flag"),
        categories=(("http",), ("SF",)),
    )


def test_feature_names_follow_the_columns(encoding: Encoding) -> None:
    names = ("bytes", "hot", "outbound", "error_rate", "service=http", "service=*", "flag=SF", "flag=*")
    assert encoding.feature_names == names
    assert encoding.width == len(names)


def test_training_rows_are_scaled_to_their_range_and_one_hot(rows: CompactRows, encoding: Encoding) -> None:
    encoded = encoding.transform(rows, TRAINING)
    top = np.log1p(99_999)
    expected = [
        # bytes, hot, outbound (constant), error_rate, service=http, service=*, flag=SF, flag=*
        [0, 0, 0, 0, 1, 0, 1, 0],
        [np.log1p(9) / top, 0.25, 0, 0.25, 1, 0, 0, 1],
        [np.log1p(99) / top, 0.5, 0, 0.5, 1, 0, 1, 0],
        [np.log1p(999) / top, 0, 0, 0.75, 1, 0, 1, 0],
        [np.log1p(9_999) / top, 0, 0, 1, 1, 0, 1, 0],
        [1, 1, 0, 0.5, 0, 1, 1, 0],
    ]
    np.testing.assert_allclose(encoded, expected, rtol=1e-6)
    assert encoded.dtype == np.float32


def test_new_rows_are_clipped_and_unknown_categories_take_the_last_place(rows: CompactRows, encoding: Encoding) -> None:
    # bytes above, hot below the training range; outbound was constant; smtp was never seen.
    np.testing.assert_array_equal(encoding.transform(rows, NEW), [[1, 0, 0, 0.5, 0, 1, 1, 0]])


def test_a_category_needs_so_many_training_rows_for_a_place_of_its_own() -> None:
    often, seldom = ["often"] * MIN_ROWS_OF_CATEGORY, ["seldom"] * (MIN_ROWS_OF_CATEGORY - 1)
    features = pd.concat([FEATURES.iloc[[0]]] * (len(often) + len(seldom) + 1), ignore_index=True)
    features["service"] = [*often, *seldom, "seldom"]
    rows = compact(features, DATASET)
    training = np.arange(len(features) - 1)  # the last row would have made it frequent
    encoding = Encoding.fit(rows, training, DATASET)
    assert encoding.categories[0] == ("often",)
    assert encoding.positions(rows, np.array([0, len(often), len(features) - 1]))[:, 0].tolist() == [0, 1, 1]


def test_rows_of_another_table_are_encoded_alike(encoding: Encoding) -> None:
    reordered = FEATURES.iloc[::-1].reset_index(drop=True)
    reordered.loc[0, "service"] = "aol"  # sorts first, and so moves the codes of all others
    ours, theirs = compact(FEATURES, DATASET), compact(reordered, DATASET)
    np.testing.assert_array_equal(
        encoding.transform(theirs, np.arange(7)[::-1]), encoding.transform(ours, np.arange(7))
    )


def test_json_gives_the_same_encoding_to_the_last_bit(rows: CompactRows) -> None:
    awkward = compact(FEATURES.assign(error_rate=FEATURES["error_rate"] / 3 + 0.1), DATASET)
    encoding = Encoding.fit(awkward, TRAINING, DATASET)
    again = Encoding.from_json(encoding.to_json())
    assert again == encoding
    assert again.to_json() == encoding.to_json()
    assert again.transform(awkward, TRAINING).tobytes() == encoding.transform(awkward, TRAINING).tobytes()
    assert list(json.loads(encoding.to_json())) == ["numeric", "minimum", "maximum", "categorical", "categories"]


def test_a_missing_number_becomes_the_training_median_and_a_flag() -> None:
    columns = (
        Column("bytes", "real", "arcsinh", missing=("",)),
        Column("hot", "count"),
        Column("rare", "real", missing=("",)),
    )
    dataset = replace(DATASET, columns=columns)
    nan = np.nan
    features = pd.DataFrame(
        {"bytes": [1.0, nan, 3.0, 100.0, nan], "hot": [0.0, 4.0, 2.0, 2.0, 2.0], "rare": [nan, nan, nan, nan, 5.0]}
    )
    rows = compact(features, dataset)
    encoding = Encoding.fit(rows, np.arange(4), dataset)
    assert encoding.feature_names == ("bytes", "hot", "rare", "bytes is missing", "rare is missing")
    low, median, high = np.arcsinh([1.0, 3.0, 100.0])
    middle = (median - low) / (high - low)
    assert encoding.median == pytest.approx((median, 0.0, 0.0, 0.0, 0.0))
    assert encoding.transform(rows, np.arange(5)) == pytest.approx(
        np.array(
            [
                [0, 0, 0, 0, 0],
                [middle, 1, 0, 1, 0],
                [middle, 0.5, 0, 0, 0],
                [1, 0.5, 0, 0, 0],
                [middle, 0.5, 0, 1, 0],
            ]
        )
    )
    assert Encoding.from_json(encoding.to_json()) == encoding


def test_rows_are_known_again_in_another_table(rows: CompactRows) -> None:
    """There, categories have other codes."""
    other = compact(FEATURES.iloc[[5, 2]].assign(hot=[10.0, 6.5]), DATASET)
    assert np.isin(other.fingerprints, rows.fingerprints).tolist() == [True, False]
    assert len(set(rows.fingerprints)) == 7
