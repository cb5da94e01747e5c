from __future__ import annotations

from nids.analysis.run_diff import configurations, results
from nids.results import HeldOutAccess
from tests.manifests import CREATED, a_manifest

ACCESS = HeldOutAccess(time=CREATED, purpose="baselines", files=("KDDTest+",))


def test_only_settings_that_differ_are_listed() -> None:
    found = configurations(
        {
            "a": a_manifest(job={"name": "a", "search": {"trials": 4}}, test_set_accesses=(ACCESS,)),
            "b": a_manifest(job={"name": "b", "search": {"trials": 8}, "folds": {"use": 2}}),
        }
    )
    assert found.to_dict("index") == {"job.search.trials": {"a": "4", "b": "8"}, "job.folds.use": {"a": "–", "b": "2"}}


def test_of_a_hash_the_first_digits_are_shown() -> None:
    first, second = a_manifest(), a_manifest()
    second = second.model_copy(update={"data": second.data.model_copy(update={"sha256": "0" * 63 + "1"})})
    found = configurations({"a": first, "b": second})
    assert found.to_dict("index") == {"data.sha256": {"a": "ab12", "b": "000000000000…"}}


def test_a_figure_that_a_run_lacks_is_shown_as_missing() -> None:
    found = results({"a": {"state": "running"}, "b": {"state": "finished", "accuracy": "99 %"}})
    assert found.to_dict("index") == {
        "state": {"a": "running", "b": "finished"},
        "accuracy": {"a": "–", "b": "99 %"},
    }
