"""Debian's packages, downloaded with apt and unpacked. Never installed: installing starts both engines as services."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from watchkeeper.engines import places

PACKAGES = ("prometheus", "prometheus-alertmanager")
# Debian 13 moved promtool into a package of its own
_SPLIT_OUT = "promtool"
_TOOLS = ("apt-get", "apt-cache", "dpkg")
_SECONDS = 300


class FetchError(Exception):
    """The packages could not be downloaded or unpacked; the text says which step failed and what it printed."""


def fetch(directory: Path) -> Path:
    """Download the engines' packages into `directory` and unpack them there, whole or not at all."""
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if absent:
        raise FetchError(f"{', '.join(absent)} not found: this is not a Debian or Ubuntu machine")
    tree = directory / places.UNPACKED
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=directory) as folder:
            downloads, unpacked = Path(folder) / "packages", Path(folder) / "tree"
            downloads.mkdir()
            _download(downloads, Path(folder))
            for package in sorted(downloads.glob("*.deb")):
                _run(["dpkg", "-x", str(package), str(unpacked)], downloads)
            _replace(tree, unpacked, Path(folder))
    except OSError as error:
        raise FetchError(f"cannot write to {directory}: {error.strerror}") from error
    return tree


def _replace(tree: Path, unpacked: Path, folder: Path) -> None:
    # mkdtemp made the parent 0700; what is inside must be readable by whoever runs the engines
    unpacked.chmod(0o755)
    if tree.exists():
        tree.rename(folder / "before")
    unpacked.rename(tree)


def _download(downloads: Path, folder: Path) -> None:
    """With the machine's own package lists; where they are absent or outdated, with private ones."""
    try:
        _get(downloads, [])
    except FetchError:
        private = _private_lists(folder)
        _run(["apt-get", *private, "update"], downloads)
        _get(downloads, private)


def _get(downloads: Path, options: list[str]) -> None:
    asked = ["apt-cache", *options, "show", _SPLIT_OUT]
    known = subprocess.run(asked, capture_output=True, check=False, cwd=downloads, timeout=_SECONDS).returncode == 0
    packages = [*PACKAGES, *([_SPLIT_OUT] if known else [])]
    _run(["apt-get", *_unsandboxed(), *options, "download", *packages], downloads)


def _unsandboxed() -> list[str]:
    # apt drops root for downloads and then cannot write into a private directory
    return ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []


def _private_lists(folder: Path) -> list[str]:
    """Options that make apt keep its state in `folder`: works for any user and leaves the machine's own untouched."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    settings = (
        f"Dir::State={folder / 'state'}",
        f"Dir::Cache={folder / 'cache'}",
        "Dir::State::status=/var/lib/dpkg/status",
    )
    return [*_unsandboxed(), *(part for setting in settings for part in ("-o", setting))]


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS, errors="replace"
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"{command[0]} did not end within {_SECONDS} s") from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise FetchError(f"{command[0]} failed: {' '.join(last)}")
