"""Engines that `make engines` builds: where a test finds them, or why it does not run, and how it runs them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest


def built(name: str) -> str:
    """Below the directory that WATCHKEEPER_ENGINES names, in the cache of `make engines`, or on PATH."""
    named = os.environ.get("WATCHKEEPER_ENGINES")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "watchkeeper" / "engines"
    folders = [*([named, f"{named}/bin"] if named else []), str(cache / "bin"), *os.environ.get("PATH", "").split(":")]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        pytest.skip(f"{name} is missing; build it with: make engines")
    return found


@contextlib.contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Told to end afterwards, and killed if it has not within 20 s: some engines forget."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
