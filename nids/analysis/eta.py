"""How far a search is, and how long it will take: from the trials' times, without knowing the cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nids.metrics.formatting import duration

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from nids.config import Search


@dataclass(frozen=True)
class Outlook:
    """Where a search stands.

    Attributes:
        total: Trials that it is to have; None if something else ends it.
        ended: Trials that have ended.
        seconds_left: Estimate of the time until all have ended; NaN if nothing supports one.
        at_most: Whether the estimate takes trials to run all their epochs, for want of one that is complete.
        share: Share of the trials that have ended, or of the hours that have passed if that is more; 0 to 1.
    """

    total: int | None
    ended: int
    seconds_left: float
    at_most: bool
    share: float


def outlook(trials: pd.DataFrame, search: Search, epochs: int, now: datetime, searched: float = 0.0) -> Outlook:
    """Return where a search stands.

    The time left is that of ``seconds_left``, where a trial takes the mean of the complete and the pruned ones. The
    first to end are pruned ones, which tell nothing of how long others take: as long as none is complete, a trial's
    seconds are those of an epoch so far, times the most epochs.

    Args:
        trials: The run store's trials: state, started, seconds, epochs.
        search: Says how many trials the search is to have, and what else ends it.
        epochs: The most epochs of a trial.
        now: The time, with its zone.
        searched: Seconds for which the search has run trials.
    """
    total = search.most_trials
    ended = trials[trials["state"] != "RUNNING"]
    running = trials[trials["state"] == "RUNNING"]
    elapsed = (pd.Timestamp(now) - running["started"]).dt.total_seconds().clip(lower=0)
    judged = trials[(trials["state"] != "FAIL") & trials["duplicate_of"].isna()]
    has_complete = bool((judged["state"] == "COMPLETE").any())
    if has_complete:
        each = float(judged.loc[judged["state"] != "RUNNING", "seconds"].mean())
    else:
        paces = (judged["seconds"] / judged["epochs"].where(judged["epochs"] > 0)).dropna()
        each = float(paces.mean()) * epochs if len(paces) else math.nan
    left = math.nan
    if len(running) and total is not None:
        left = seconds_left(each, total - len(ended), elapsed, len(running))
    share = len(ended) / total if total else 0.0
    if search.hours is not None:
        share = max(share, searched / (3600 * search.hours))
        if len(running):
            left = np.fmin(left, max(3600 * search.hours - searched, 0.0))
    return Outlook(total, len(ended), left, at_most=not has_complete, share=min(share, 1.0))


def seconds_left(each: float, remaining: int, elapsed: Iterable[float], at_once: int) -> float:
    """Return the seconds until all trials have ended: their work that is left, shared by as many as run at once.

    Args:
        each: Seconds that a trial takes.
        remaining: Trials that have not ended, those that run included.
        elapsed: Seconds that each of the running ones has run for.
        at_once: Trials that run at once.
    """
    work = each * max(remaining, 0) - sum(min(seconds, each) for seconds in elapsed)
    return max(work, 0.0) / at_once


def in_words(outlook: Outlook, state: str) -> str:
    """Return where a search stands, in a sentence."""
    if outlook.total is None:
        sentence = f"{outlook.ended:,} {'trial has' if outlook.ended == 1 else 'trials have'} ended"
    else:
        have = "trial has" if outlook.total == 1 else "trials have"
        sentence = f"{outlook.ended:,} of {outlook.total:,} {have} ended"
    if state != "running" and (outlook.total is None or (state == "finished" and outlook.ended < outlook.total)):
        return f"{sentence}."
    if state != "running" and outlook.total is not None:
        missing = outlook.total - outlook.ended
        if missing > 0:
            return f"{sentence}; the other {missing:,} {'has' if missing == 1 else 'have'} not."
        return f"All {outlook.total:,} trials ended." if outlook.total > 1 else "The one trial has ended."
    if not math.isfinite(outlook.seconds_left):
        return f"{sentence}; the time left is not known before a trial's first epoch."
    left = f"{'at most ' if outlook.at_most else ''}about {_roughly(outlook.seconds_left)} left"
    return f"{sentence}; {left}."


def age(created: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit: "3 h", "2 days"."""
    seconds = (now - created).total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{int(seconds // size)} {unit}"
    return f"{max(int(seconds), 0)} s"


def _roughly(seconds: float) -> str:
    # The mean of some trials says no more of those to come.
    if seconds >= 2 * 3600:
        return f"{round(seconds / 3600)} h"
    if seconds >= 10 * 60:
        return f"{round(seconds / 60)} min"
    return duration(round(seconds, -1) if seconds >= 60 else seconds)
