"""How long the whole pack takes to compile, and whether the bytes depend on anything but the definitions.

    python bench/build.py [--runs 5]

Prints the time of a fresh process (interpreter, imports, reading, compiling) and of the compile alone, and compares the
digest of all documents between processes with another directory, time zone, locale and hash seed. Exit code 1 if one
differs or a fresh compile takes over a second.
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
from watchkeeper import compile as compiler, spec
from watchkeeper.compile.reference import reference
loaded = spec.load()
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


def measure(surroundings: dict[str, str]) -> tuple[float, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", COMPILE],
            cwd=folder,
            env={**os.environ, **surroundings},
            capture_output=True,
            text=True,
            check=True,
        )
        return time.perf_counter() - begun, done.stdout.split()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    results = [measure(SURROUNDINGS[run % len(SURROUNDINGS)]) for run in range(max(runs, len(SURROUNDINGS)))]
    totals = [total for total, _ in results]
    documents, size = results[0][1][:2]
    digests = {fields[4] for _, fields in results}
    worst = max(totals)
    print(f"documents            {documents} ({int(size):,} bytes)")
    print(f"fresh process        median {statistics.median(totals):.3f} s, worst {worst:.3f} s   (bound 1 s)")
    print(f"  imports and reading  median {statistics.median(float(fields[2]) for _, fields in results):.3f} s")
    print(f"  compiling            median {statistics.median(float(fields[3]) for _, fields in results):.3f} s")
    print(f"different digests    {len(digests)} of {len(results)} runs (must be 1): {min(digests)[:16]}")
    return 0 if len(digests) == 1 and worst <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
