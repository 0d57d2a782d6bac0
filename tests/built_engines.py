"""Engines that `make engines` builds: where a test finds them, or why it does not run."""

import os
import shutil
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
