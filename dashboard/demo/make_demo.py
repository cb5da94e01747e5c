"""Makes the demonstration anew: ``python -m nids.dashboard.demo.make_demo``, after ``make boosting``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nids.dashboard.data.cache import DEMONSTRATION

NAME = "demonstration"
# What no page reads: the scheduler's state, the study, the report, the weights and who drove it.
LEFT_OUT = ("tune", "study.journal", "report.html", "bundle", "unfinished", "driver.json", ".driver.lock")


def main() -> None:
    """Search, measure the baselines, finalize, and keep what the pages read."""
    with tempfile.TemporaryDirectory() as storage:
        job = Path(__file__).with_name("job.toml")
        search = ["search", str(job), "--name", NAME]
        for command in (search, ["baselines", NAME, "--tuned"], ["finalize", NAME, "--boosting"]):
            subprocess.run([sys.executable, "-m", "nids", *command, "--storage", storage], check=True)
        shutil.rmtree(DEMONSTRATION, ignore_errors=True)
        shutil.copytree(Path(storage, NAME), DEMONSTRATION / NAME, ignore=shutil.ignore_patterns(*LEFT_OUT))


if __name__ == "__main__":
    main()
