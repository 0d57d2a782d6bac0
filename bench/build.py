"""How long the whole pack takes to compile, and whether the bytes depend on anything but the definitions.

    python bench/build.py [--runs 5] [--slos 400]

Prints the time of a fresh process (interpreter, imports, reading, compiling) and of the compile alone, and compares the
digest of all documents between processes with another directory, time zone, locale and hash seed. Then the same for a
project with so many objectives of its own. Exit code 1 if a digest differs or a time is beyond its bound.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

COMPILE = """
import hashlib, sys, time
begun = time.perf_counter()
from pathlib import Path
from watchkeeper import compile as compiler, spec
from watchkeeper.compile.reference import reference
loaded = spec.load(*map(Path, sys.argv[1:]))
assert loaded.catalog is not None, loaded.problems
read = time.perf_counter()
documents = compiler.build(loaded.catalog, reference(loaded.catalog))
done = time.perf_counter()
digest = hashlib.sha256()
for document in documents:
    digest.update(document.path.encode() + b"\\0" + document.text.encode())
print(len(documents), sum(len(d.text) for d in documents), read - begun, done - read, digest.hexdigest())
"""
SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
    {"PYTHONHASHSEED": "4711", "TZ": "America/New_York", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "random", "TZ": "Pacific/Apia", "LANG": "tr_TR.UTF-8"},
)


PACK_BOUND, MANY_BOUND = 1.5, 15.0
OBJECTIVE = """
  queue-{number}:
    title: 99.5 % of the jobs of queue {number} succeed
    target: 99.5
    window: 30d
    total: jobs_total{{queue="q{number}"}}
    bad: jobs_total{{queue="q{number}",outcome="failed"}}
    impact: Work of queue {number} is lost.
    component: api
    runbook: availability.md
"""
JOBS = """
service: llm-copilot-agent
extends: copilot
metrics:
  jobs_total:
    type: counter
    help: Jobs done.
    category: business
    labels: {queue: {cap: 1000}, outcome: [done, failed]}
    scrape: standard
    retention: 30d
slos:"""


def measure(surroundings: dict[str, str], *project: str) -> tuple[float, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", COMPILE, *project],
            cwd=folder,
            env={**os.environ, **surroundings},
            capture_output=True,
            text=True,
            check=True,
        )
        return time.perf_counter() - begun, done.stdout.split()


def many(objectives: int) -> float:
    """Seconds of a fresh process for a project with so many objectives beside the pack's."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as project:
        project.write(JOBS + "".join(OBJECTIVE.format(number=number) for number in range(objectives)))
        project.flush()
        seconds, fields = measure({}, project.name)
    print(f"{objectives} objectives more  {seconds:.2f} s, {int(fields[1]):,} bytes   (bound {MANY_BOUND:g} s)")
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slos", type=int, default=400)
    options = parser.parse_args()
    runs = options.runs
    results = [measure(SURROUNDINGS[run % len(SURROUNDINGS)]) for run in range(max(runs, len(SURROUNDINGS)))]
    totals = [total for total, _ in results]
    documents, size = results[0][1][:2]
    digests = {fields[4] for _, fields in results}
    worst = max(totals)
    print(f"documents            {documents} ({int(size):,} bytes)")
    print(
        f"fresh process        median {statistics.median(totals):.3f} s, worst {worst:.3f} s   (bound {PACK_BOUND:g} s)"
    )
    print(f"  imports and reading  median {statistics.median(float(fields[2]) for _, fields in results):.3f} s")
    print(f"  compiling            median {statistics.median(float(fields[3]) for _, fields in results):.3f} s")
    print(f"different digests    {len(digests)} of {len(results)} runs (must be 1): {min(digests)[:16]}")
    slowly = many(options.slos)
    return 0 if len(digests) == 1 and worst <= PACK_BOUND and slowly <= MANY_BOUND else 1


if __name__ == "__main__":
    raise SystemExit(main())
