"""The columns of a file that no model should see: what identifies a record, or gives its label away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nids.datasets.leaks import leaks

if TYPE_CHECKING:
    from nids.datasets.profile import ColumnProfile, Profile
    from nids.datasets.recognition import Recognized

LABELS = ("attack_cat", "attack", "category", "label", "class", "target", "outcome")
# Names of columns that tell which record it is, or where and when it was made, rather than what it is like.
_IDENTIFIERS = re.compile(
    r"(.*[ _])?(id|uid|index|unnamed: 0)"
    r"|(src|dst|source|destination|orig|resp|client|server)?[ _]?(ip|ip[ _]?addr(ess)?|addr|mac|host|host[ _]?name)"
    r"|id\.(orig|resp)_h|[sd]addr|ipv[46]_(src|dst)_addr|host[ _]?ip|device[ _]?(name|ip)",
    re.IGNORECASE,
)
TIMES = re.compile(r".*(timestamp|time ?stamp).*|(start|end|stime|ltime|ts|date|datetime|time)", re.IGNORECASE)
MOST_CATEGORIES = 300
_LABEL = "another label"


def not_read(looked: Profile, label: str, known: Recognized | None, remarks: list[str]) -> dict[str, str]:
    """Return the columns that no model should see, each with the reason."""
    reasons = {name: _reason(name, looked, known) for name in looked.columns if name != label}
    ignored = {name: reason for name, reason in reasons.items() if reason}
    remarks += (f"{name} looks like {_LABEL}: it is ignored." for name, reason in ignored.items() if reason == _LABEL)
    if ignored:
        remarks.append(f"Ignored: {', '.join(ignored)}. The file says why.")
    return ignored


def _reason(name: str, looked: Profile, known: Recognized | None) -> str | None:
    values, rows = looked.columns[name], looked.rows
    if name in looked.times:
        return "a time, which identifies a record"
    if not values.rows:
        return "it has no value in any row"
    if known is not None and name in known.columns:
        return None
    reasons = {
        f"the same as {looked.same.get(name)} in each row": name in looked.same,
        _LABEL: (name.casefold() in LABELS and bool(values.labels)) or (known and name in known.names.values()),
        f"{known and known.dataset.name} does not read it": known and name in known.dataset.ignored,
        "by its name, it identifies a record": bool(_IDENTIFIERS.fullmatch(name) or TIMES.fullmatch(name)),
        "it numbers the rows": values.whole and values.ascending and rows > 2 and values.high - values.low == rows - 1,
        f"more than {MOST_CATEGORIES} different texts": not values.is_numeric and values.categories > MOST_CATEGORIES,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def ignore_leaks(
    looked: Profile,
    label: str,
    known: Recognized | None,
    kept: dict[str, ColumnProfile],
    ignored: dict[str, str],
    remarks: list[str],
) -> None:
    """Move the columns that alone give the label away to the ignored ones, unless a known data set has them."""
    numeric = [each for each, values in kept.items() if values.is_numeric]
    for leak, accuracy in leaks(looked.sample, [*kept], numeric, label).items():
        why = f"alone, it gives the label away: balanced accuracy {accuracy:.1%} by its values"
        if known and leak in known.columns:
            remarks.append(f"{leak} {why}. It is a column of {known.dataset.name}, so it is kept.")
        else:
            ignored[leak] = why
            remarks.append(f"{leak} {why}. It is ignored; keep it only if a detector will have it in time.")
            del kept[leak]
