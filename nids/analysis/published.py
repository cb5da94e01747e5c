"""What others have published about a run's data set, and how far a run can be compared with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nids.datasets.small_classes import OTHER_ATTACKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nids.datasets.published import PublishedResult
    from nids.results import RunManifest


def published_for(manifest: RunManifest) -> tuple[PublishedResult, ...]:
    """Return the published results of a run's data set; none for generated rows."""
    return () if manifest.data.synthetic else manifest.dataset.published


def differences(manifest: RunManifest, published: PublishedResult) -> tuple[str, ...]:
    """Return why a run's figures cannot be compared like for like with a published result; empty if they can."""
    source, folds = manifest.data.source, manifest.job.folds
    reasons = []
    if source != published.training_file:
        reasons.append(f"the rows are those of {source}, the published ones those of {published.training_file}")
    if OTHER_ATTACKS in manifest.dataset.classes:
        reasons.append("the run has small classes merged into one")
    if dropped := manifest.dataset.label_maps[0].dropped_classes:
        reasons.append(f"the run leaves out rows of {', '.join(dropped)}")
    if folds.scheme == "unseen-attacks":
        reasons.append(
            "the training part of each fold lacks some attack types altogether, that of the published does not"
        )
    if folds.scheme in ("time", "group"):
        others = "later rows" if folds.scheme == "time" else "other groups"
        reasons.append(f"each fold validates on {others} than it trains on, the published on rows at random")
    used, count = len(manifest.folds.used), folds.drawn
    if used < count:
        reasons.append(f"the run used only {used} of {count} folds")
    return tuple(reasons)


def ranges_of(published: Sequence[PublishedResult]) -> tuple[str, ...]:
    """Return the measures that some published result gives a range of, each once."""
    return tuple(dict.fromkeys(name for result in published for name in result.ranges))
