"""Which binary answers to an engine's name, how it must be called, and which version it says it is."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from watchkeeper.engines import places, templates

Name = Literal["prometheus", "promtool", "alertmanager", "amtool"]
NAMES: tuple[Name, ...] = get_args(Name)

# Debian calls the server `prometheus-alertmanager`; everyone else, and its own --version, say `alertmanager`.
_FILES: dict[Name, tuple[str, ...]] = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "amtool": ("amtool",),
}
_VERSION_SECONDS = 20
OLDEST: dict[Name, tuple[int, int]] = {
    "prometheus": (2, 42),
    "promtool": (2, 42),
    "alertmanager": (0, 25),
    "amtool": (0, 25),
}
"""What the compiled configuration is made for and tested with. Older ones refuse some of it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A binary that runs here. `command` is how to call it: the process that results is the engine itself."""

    name: Name
    path: Path
    version: str
    """As the binary says it; empty when it was built without one."""
    prefix: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        return (*self.prefix, str(self.path))


@dataclass(frozen=True, slots=True)
class Missing:
    name: Name
    reason: str
    """Where it was looked for and what was wrong there, as one sentence."""


def find(name: Name, directories: Sequence[Path] | None = None) -> Engine | Missing:
    """The engine on PATH, else the one unpacked in `directories` (default: `places.searched()`)."""
    folders = places.searched() if directories is None else tuple(directories)
    rejected: list[str] = []
    for path, unpacked in _candidates(name, folders):
        version = _version(path, name)
        if version is None:
            rejected.append(f"{path} does not run as {name}")
            continue
        if _too_old(name, version):
            rejected.append(f"{path} is {version}, at least {'.'.join(map(str, OLDEST[name]))} is needed")
            continue
        if unpacked is not None and name == "alertmanager":
            binary, prefix = templates.runnable(path, unpacked)
            return Engine(name, binary, version, prefix)
        return Engine(name, path, version)
    looked = f"not on PATH, not in {' or '.join(str(folder) for folder in folders)}"
    return Missing(name, "; ".join(rejected) or looked)


def _candidates(name: Name, folders: Sequence[Path]) -> list[tuple[Path, Path | None]]:
    on_path = [(Path(found), None) for file in _FILES[name] if (found := shutil.which(file))]
    trees = [folder / places.UNPACKED for folder in folders]
    unpacked = [(tree / "usr" / "bin" / file, tree) for tree in trees for file in _FILES[name]]
    return [*on_path, *((path, tree) for path, tree in unpacked if path.is_file())]


def _too_old(name: Name, version: str) -> bool:
    """Own builds may not say their version: they are taken as they are."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST[name]


def _version(path: Path, name: Name) -> str | None:
    """What the binary says of itself; None when it does not run or is something else of the same name."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=_VERSION_SECONDS, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = re.match(rf"{name}, version\s+([0-9][^\s(]*)?", answer.stdout or answer.stderr)
    if answer.returncode != 0 or words is None:
        return None
    return words.group(1) or ""
