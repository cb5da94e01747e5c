from __future__ import annotations

import pytest

from nids.datasets.label_encoding import is_label_encoded


@pytest.mark.parametrize(
    ("name", "values", "usually", "named"),
    [
        pytest.param("service", ["0", "1", "2"], True, True, id="codes"),
        pytest.param("protocol_type", ["1.0", "2.0", "3.0"], True, True, id="codes from 1, as floats"),
        pytest.param("Protocol", ["0", "6", "17"], False, False, id="numbers of protocols"),
        pytest.param("proto", ["tcp", "udp"], False, False, id="names"),
        pytest.param("proto", ["0", "1", "udp"], False, False, id="names and numbers"),
        pytest.param("flag", ["0", "1"], False, True, id="a flag, or two codes"),
        pytest.param("service", ["80", "443", "8080"], False, True, id="ports"),
        pytest.param("bytes", ["0", "1", "2"], False, True, id="a column of numbers"),
        pytest.param("state", [], False, False, id="no values"),
        pytest.param("state", ["9" * 400, "1"], False, True, id="a number beyond all"),
    ],
)
def test_label_encoded(name: str, values: list[str], usually: bool, named: bool) -> None:
    assert is_label_encoded(name, values) is usually
    assert is_label_encoded(name, values, named=True) is named
