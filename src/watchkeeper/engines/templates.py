"""Debian's Alertmanager reads its default templates from one absolute directory; unpacked, it has to be led there.

Upstream builds carry the templates inside. Debian's does not start without `default.tmpl` in the directory its package
installs. Nothing is installed here, so the process gets a view of its own: a mount namespace in which the unpacked
tree lies over /usr/share. Where the kernel refuses namespaces (most containers), a copy of the binary is used in
which that directory reads `./././...`, started in the unpacked directory.
"""

import os
import subprocess
from pathlib import Path

INSTALLED = Path("/usr/share/prometheus/alertmanager")
_SEEN_BY_THE_BINARY = str(INSTALLED).encode()
_RELOCATED_SUFFIX = ".relocated"

_NAMESPACES = (
    ("unshare", "--mount", "--propagation", "unchanged"),
    ("unshare", "--map-root-user", "--mount", "--propagation", "unchanged"),
)
_OVERLAY = ("sh", "-c", 'mount -t overlay overlay -o "lowerdir=$0:/usr/share" /usr/share && exec "$@"')
_IN_DIRECTORY = ("sh", "-c", 'cd "$0" && exec "$@"')


def runnable(binary: Path, tree: Path) -> tuple[Path, tuple[str, ...]]:
    """The binary to start and what to write before it, so that an unpacked Alertmanager finds its templates."""
    if (INSTALLED / "default.tmpl").is_file():
        return binary, ()
    prefix = namespace(tree / "usr" / "share")
    if prefix is not None:
        return binary, prefix
    return relocated(binary), (*_IN_DIRECTORY, str(tree / INSTALLED.relative_to("/")))


def namespace(share: Path) -> tuple[str, ...] | None:
    """The prefix that lays `share` over /usr/share for one process; None where this machine does not allow it."""
    # overlayfs splits its options at these characters
    if set(str(share)) & set(":,\\"):
        return None
    for unshare in _NAMESPACES:
        prefix = (*unshare, *_OVERLAY, str(share))
        if _succeeds((*prefix, "test", "-r", str(INSTALLED / "default.tmpl"))):
            return prefix
    return None


def relocated(binary: Path) -> Path:
    """A copy of `binary` beside it that looks for its templates in the directory it is started in."""
    copy = binary.with_name(binary.name + _RELOCATED_SUFFIX)
    if not copy.is_file():
        here = b"./" * (len(_SEEN_BY_THE_BINARY) // 2)
        aside = copy.with_name(f"{copy.name}.{os.getpid()}")
        aside.write_bytes(binary.read_bytes().replace(_SEEN_BY_THE_BINARY, here.ljust(len(_SEEN_BY_THE_BINARY), b"/")))
        aside.chmod(0o755)
        aside.replace(copy)
    return copy


def _succeeds(command: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
