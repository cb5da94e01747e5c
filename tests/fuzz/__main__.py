"""Fuzzing guided by coverage: ``python -m tests.fuzz [TARGET …] [--runs N]`` gives each target N inputs.

Each target runs in a process of its own, which ends at the first finding: an exception that is no ``UserError``, a
reading of more than five seconds, or more memory than the limit. The input is then made as small as it goes and kept in
``tests/fuzz/findings``, where the tests read it from then on.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

SECONDS, MEBIBYTES = 5, 3072
LONGEST = 1 << 18  # bytes
HERE = Path(__file__).parent
ONE = "--one"  # what a target's own process is begun with


def main() -> None:
    if sys.argv[1:2] == [ONE]:
        _fuzz(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", help="default: all")
    parser.add_argument("--runs", type=int, default=10_000, help="inputs a target")
    parser.add_argument("--seed", type=int, default=0, help="decides the inputs, 0: never the same")
    given = parser.parse_args()
    from tests.fuzz.targets import TARGETS

    print("| target | inputs | seconds | new paths | peak memory | findings |\n| --- | --- | --- | --- | --- | --- |")
    for name in given.targets or TARGETS:
        print(_row(name, given.runs, given.seed), flush=True)


def _row(name: str, runs: int, seed: int) -> str:
    """Fuzz a target, in a process of its own, and return the table's row."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.fuzz", ONE, name, f"{folder}/corpus", f"-artifact_prefix={folder}/"]
        limits = [f"-runs={runs}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEBIBYTES}", f"-max_len={LONGEST}"]
        (Path(folder) / "corpus").mkdir()
        ended = subprocess.run(
            [*command, *limits, f"-seed={seed}", "-print_final_stats=1", "-detect_leaks=0"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        found = [path for path in Path(folder).iterdir() if path.is_file()]
        for path in found:
            kept = HERE / "findings" / name / hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(path.read_bytes())
            sys.stderr.write(f"--- {kept}\n{ended.stdout[-1500:]}{ended.stderr[-4000:]}\n")
    figures = dict(re.findall(r"stat::(\w+):\s+(\d+)", ended.stderr))
    seconds = re.search(r"Done \d+ runs in (\d+) second", ended.stderr)
    return (
        f"| {name} | {int(figures.get('number_of_executed_units', 0)):,} | {seconds[1] if seconds else '?'} | "
        f"{int(figures.get('new_units_added', 0)):,} | {figures.get('peak_rss_mb', '?')} MiB | {len(found)} |"
    )


def _fuzz(name: str, corpus: Path, options: list[str]) -> None:
    """Give a target inputs until it has had enough of them, or comes to something else than an error in words."""
    import atheris

    warnings.simplefilter("error")
    # As in pyproject.toml: Keras does not know NumPy's keyword yet.
    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
    with atheris.instrument_imports(include=["nids"]):
        from tests.fuzz.mutations import SEPARATOR, mutated
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    for number, seed in enumerate(target.seeds()):
        (corpus / str(number)).write_bytes(seed)

    def mutator(content: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        of_file, separator, rest = content.partition(SEPARATOR)
        if separator and len(of_file) < 100 and name in FOLDERS:
            rest = mutated(rest, chance, lambda old: atheris.Mutate(old, longest - len(of_file) - 1))
            return (of_file + separator + rest)[:longest]
        return mutated(content, chance, lambda old: atheris.Mutate(old, longest))[:longest]

    atheris.Setup([sys.argv[0], str(corpus), *options], target, custom_mutator=mutator)
    atheris.Fuzz()


FOLDERS = {"bundle", "runs", "report", "report-page", "folds"}

if __name__ == "__main__":
    main()
