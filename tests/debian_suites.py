"""Newer engines than Debian 12 has, unpacked from newer suites through the machine's own package mirror."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.engines import debian, places

_PACKAGES = ("prometheus", "promtool", "prometheus-alertmanager")


@dataclass(frozen=True, slots=True)
class Unpacked:
    promtool: Path
    amtool: Path


def unpacked(suite: str) -> Unpacked:
    """The tools of a suite, fetched once. Raises `debian.FetchError` where they cannot be had."""
    tree = places.fetched() / suite
    if not tree.is_dir():
        places.fetched().mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=places.fetched()) as folder:
            _unpack(suite, Path(folder)).rename(tree)
    return Unpacked(tree / "usr/bin/promtool", tree / "usr/bin/amtool")


def _unpack(suite: str, folder: Path) -> Path:
    sources = folder / "sources.list"
    sources.write_text(f"deb {_mirror()} {suite} main\n")
    options = [
        *debian._private_lists(folder),
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
    ]
    downloads, tree = folder / "packages", folder / "tree"
    downloads.mkdir()
    debian._run(["apt-get", *options, "update"], downloads)
    debian._run(["apt-get", *options, "download", *(f"{package}/{suite}" for package in _PACKAGES)], downloads)
    for package in sorted(downloads.glob("*.deb")):
        debian._run(["dpkg", "-x", str(package), str(tree)], downloads)
    tree.chmod(0o755)
    return tree


def _mirror() -> str:
    """The address that the machine's own package sources name for Debian's main archive."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        address, _, rest = line.partition(" ")
        if rest.endswith(" Debian") and "-" not in rest.split()[0]:
            return address
    raise debian.FetchError("apt names no mirror of Debian's main archive")
