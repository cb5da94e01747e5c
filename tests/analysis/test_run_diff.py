from __future__ import annotations

from nids.analysis.run_diff import configurations, results


def test_only_settings_that_differ_are_listed() -> None:
    found = configurations(
        {
            "a": {"job": {"name": "a", "search": {"trials": 4, "seed": 0}}, "versions": {"ray": "2"}, "looks": [1]},
            "b": {
                "job": {"name": "b", "search": {"trials": 8, "seed": 0}, "folds": {"use": 2}},
                "versions": {"ray": "2"},
            },
        }
    )
    assert found.to_dict("index") == {"job.search.trials": {"a": "4", "b": "8"}, "job.folds.use": {"a": "–", "b": "2"}}


def test_a_figure_that_a_run_lacks_is_shown_as_missing() -> None:
    found = results({"a": {"state": "running"}, "b": {"state": "finished", "accuracy": "99 %"}})
    assert found.to_dict("index") == {
        "state": {"a": "running", "b": "finished"},
        "accuracy": {"a": "–", "b": "99 %"},
    }
