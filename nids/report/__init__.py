"""A run's report: its summary, the same on the terminal and as one self-contained page, and a picture of it.

It reads a run in any state, while it goes on or after it has ended, and changes nothing but its own file.
"""

from nids.analysis.summary import RunSummary, summarize
from nids.report.html import write
from nids.report.images import picture
from nids.report.terminal import show

__all__ = ["RunSummary", "picture", "show", "summarize", "write"]
