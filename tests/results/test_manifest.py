from __future__ import annotations

import json
from typing import Any

import pytest

from nids import datasets
from nids.errors import DamagedFileError, UserError
from nids.results import HeldOutAccess, RunManifest
from nids.results.manifest import DataSection, manifest_from
from tests.manifests import CREATED, a_manifest


def values() -> dict[str, Any]:
    """The content of a manifest's file."""
    return json.loads(a_manifest().to_json())


def changed(key: str, value: object) -> dict[str, Any]:
    """It with another value of a key."""
    content = values()
    *path, last = key.split(".")
    section = content
    for name in path:
        section = section[name]
    section[last] = value
    return content


def test_manifest_from_reads_what_was_written() -> None:
    access = HeldOutAccess(time=CREATED, purpose="baselines", files=("KDDTest+",))
    manifest = a_manifest(test_set_accesses=(access,), job={"search": {"metric": "macro_f1"}})
    again = manifest_from(json.loads(manifest.to_json()), "runs/a")
    assert again == manifest
    assert again.direction == "max"
    assert (again.data.classes, again.test_set_accesses) == (("Normal", "U2R"), (access,))


def test_manifest_from_takes_the_earlier_format() -> None:
    job = {"data": {"class_map": "nsl-kdd-variant"}}
    of_today = json.loads(a_manifest(job=job, dataset=datasets.get("nsl-kdd").labelled_by("nsl-kdd-variant")).to_json())
    former = {key: value for key, value in of_today.items() if key not in {"measures", "test_set_accesses", "dataset"}}
    look = {"time": CREATED.isoformat(), "purpose": "baselines", "files": ["KDDTest+"]}
    manifest = manifest_from({**former, "format": 3, "looks": [look]}, "runs/a")
    assert manifest == manifest_from({**of_today, "test_set_accesses": [look]}, "runs/a")
    assert (manifest.format, manifest.direction) == (4, "min")
    assert manifest.dataset.label_maps == datasets.get("nsl-kdd").label_maps[1:2]
    assert manifest_from({**former, "format": 3}, "runs/a") == manifest_from(of_today, "runs/a")


REASON = "Either the file is damaged, or another version of this program wrote it: read the run with that version."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            changed("folds.width", "wide"),
            "folds.width = 'wide': should be a valid integer, unable to parse string as an integer.",
            id="another-type",
        ),
        pytest.param(
            changed("job.search.colour", "red"), "job.search.colour = 'red': this version knows no such key.", id="key"
        ),
        pytest.param(
            changed("created", "2026-01-01T00:00:00"), "created = '2026-01-01T00:00:00': should have", id="zone"
        ),
        pytest.param(
            changed("created", "0001-01-01T00:00:00+23:59"),
            "created = '0001-01-01T00:00:00+23:59': should be a time from 1970 to 2261.",
            id="time",
        ),
        pytest.param(changed("folds.hash", "../../elsewhere"), "folds.hash = '../../elsewhere': ", id="path"),
        pytest.param(changed("folds.hash", "ab12\n"), "folds.hash = 'ab12\\n': ", id="path-and-newline"),
        pytest.param(changed("run", "a\n[model]"), "run = 'a\\n[model]': ", id="lines"),
        pytest.param(changed("data.rows", 10**30), f"data.rows = {10**30}: should be ", id="too-many"),
        pytest.param(
            changed("space", {"a": {"name": "CategoricalDistribution", "attributes": {"choices": [[1]]}}}),
            "space = {'a': {'name': 'CategoricalDistribution', 'attributes': {'ch…: should be distributions as",
            id="choices",
        ),
        pytest.param(
            changed("space", {"a": {"name": "CategoricalDistribution", "attributes": {"choices": [1, "b"]}}}),
            "space = {'a': {'name': 'CategoricalDistribution', 'attributes': {'ch…: Could not convert 'b'",
            id="choices-of-two-kinds",
        ),
        pytest.param(changed("job.search.metric", "beauty"), "job.search.metric = 'beauty': ", id="metric"),
        pytest.param(changed("space", {"a": 1}), "space = {'a': 1}: should be distributions as Optuna", id="space"),
        pytest.param(changed("space", [3]), "space = [3]: should be distributions as Optuna", id="no-space"),
        pytest.param([], "the file = []: should be", id="no-table"),
        pytest.param({"format": 4}, "run is missing. 8 more of its keys are not as expected.", id="nothing"),
    ],
)
def test_manifest_from_names_what_is_wrong(content: object, message: str) -> None:
    with pytest.raises(UserError) as caught:
        manifest_from(content, "runs/a")
    assert str(caught.value).startswith(f"runs/a/manifest.json: {message}")
    assert str(caught.value).endswith(REASON)


def test_manifest_from_refuses_what_names_no_format() -> None:
    with pytest.raises(DamagedFileError) as caught:
        manifest_from({}, "runs/a")
    assert str(caught.value) == (
        "runs/a/manifest.json: it names no format. Nothing else tells what the run searched: put back a copy of the "
        "file, or start a new search. `nids runs delete a` deletes what is left."
    )


@pytest.mark.parametrize("found", [2, 5, "4", [], {}])
def test_manifest_from_refuses_another_format(found: object) -> None:
    with pytest.raises(UserError) as caught:
        manifest_from({**values(), "format": found}, "runs/a")
    assert str(caught.value) == f"runs/a: the run has format {found}, this version reads formats 3 and 4."


def test_a_manifest_does_not_change() -> None:
    manifest = a_manifest()
    with pytest.raises(ValueError, match="frozen"):
        manifest.run = "another"  # type: ignore[misc]
    assert isinstance(manifest, RunManifest)
    assert isinstance(manifest.data, DataSection)
