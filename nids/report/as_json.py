"""A run's results as plain values, for programs; the same figures as in the terminal."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from nids.analysis.summary import summarize
from nids.results.gaps import gaps_of
from nids.search_space import params_of

if TYPE_CHECKING:
    import pandas as pd

    from nids.analysis.summary import RunSummary
    from nids.results import Run


def content(run: Run) -> dict[str, Any]:
    """Return what the report says of a run, in dictionaries, lists, numbers and texts.

    Shares are fractions from 0 to 1. What is not there yet, such as the evaluation of a detector that was not made, is
    None; a figure that does not exist is NaN.
    """
    summary, gaps = summarize(run), gaps_of(run)
    final, baselines = run.final_evaluation(), run.baselines_evaluation()
    best = None
    if summary.best is not None:
        best = {
            **asdict(summary.best),
            "hyperparameters": summary.hyperparameters["best"].to_dict(),
            "metrics": _by_index(summary.metrics),
            "classes": _by_index(summary.classes),
            "attack_types": summary.attacks.reset_index().to_dict("records"),
        }
    return {
        "run": summary.run,
        "state": summary.state,
        "message": summary.message,
        "data": run.manifest.data.model_dump(mode="json"),
        "metric": summary.metric,
        "direction": summary.direction,
        "objectives": list(summary.objectives),
        "constraints": _constraints(summary),
        "folds": summary.folds,
        "trials": {
            **summary.states,
            "total": run.manifest.job.search.most_trials,
            "duplicates": summary.duplicates,
            "infeasible": kept.complete - kept.feasible if (kept := summary.feasibility) else 0,
        },
        "lost_trials": list(gaps.trials),
        "gaps": gaps.in_words(run.uri),
        "best": best,
        "front": _front(run, summary),
        "hypervolume": None if summary.front.empty else float(summary.hypervolumes.iloc[-1]),
        "importances": dict(summary.importances),
        "detector": None if final is None else final.model_dump(mode="json"),
        "baselines": None if baselines is None else baselines.model_dump(mode="json"),
        "held_out_accesses": [access.model_dump(mode="json") for access in run.manifest.test_set_accesses],
    }


def _constraints(summary: RunSummary) -> list[dict[str, Any]]:
    kept = summary.feasibility.limits if summary.feasibility else ()
    return [{"limit": str(each.limit), "kept_by": each.trials, "nearest": each.nearest} for each in kept]


def _front(run: Run, summary: RunSummary) -> list[dict[str, Any]] | None:
    """Return the trials on the Pareto front, the best in the first objective first; None with one objective."""
    if len(summary.objectives) < 2:
        return None
    return [
        {
            "trial": int(row["trial"]),
            "objectives": {
                name: {"mean": row[name], "std": row.get(f"{name}_std", math.nan)} for name in summary.objectives
            },
            "hyperparameters": {**run.manifest.job.hyperparameters, **params_of(dict(row), run.manifest.space)},
        }
        for _, row in summary.front.iterrows()
    ]


def _by_index(table: pd.DataFrame) -> dict[str, Any]:
    """Return a row of a table by its name, each as a dictionary by column."""
    return {str(name): row.to_dict() for name, row in table.iterrows()}
