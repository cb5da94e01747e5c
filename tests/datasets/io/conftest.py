from __future__ import annotations

import pytest

from nids.datasets.column import Column
from nids.datasets.labels import LabelMap
from nids.datasets.schema import DatasetSpec


@pytest.fixture
def flows() -> DatasetSpec:
    """Return a data set with a column of each sort, none of which a file without a header has."""
    return DatasetSpec(
        name="flows",
        columns=(
            Column("bytes", "count", missing=("?", "-", "")),
            Column("id.service", "categorical", missing=("",)),
            Column("local", "binary"),
        ),
        label_column="label",
        label_maps=(LabelMap("plain", ("ok", "bad"), "ok"),),
    )
