from __future__ import annotations

from nids.report import sentences
from tests.manifests import a_manifest


def test_notes_on_rows_begin_with_what_was_dropped() -> None:
    assert sentences.notes_on_rows(a_manifest()) == []
    manifest = a_manifest(data={"dropped": {"Worms": 44, "Shellcode": 0}}, folds={"notes": ["one", "two"]})
    first = "dropped as small classes: Worms (44 rows), Shellcode (0 rows)"
    assert sentences.notes_on_rows(manifest) == [first, "one", "two"]
