from __future__ import annotations

import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from nids.datasets.catalog.nsl_kdd.published import PAPER
from nids.datasets.published import PublishedResult

RESULTS = TypeAdapter(PublishedResult)


def test_published_result_survives_json_and_pickling():
    assert RESULTS.validate_json(RESULTS.dump_json(PAPER)) == PAPER
    assert pickle.loads(pickle.dumps(PAPER)) == PAPER


def test_published_result_refuses_what_it_does_not_know():
    with pytest.raises(ValidationError, match="figure\n"):
        RESULTS.validate_python(
            {"label": "A", "short_name": "a", "training_file": "f", "label_map": "m", "figures": {}, "figure": {}}
        )
