"""Where unpacked engines live: one directory named by the environment, else beside the work or the checkout."""

import os
from pathlib import Path

VARIABLE = "WATCHKEEPER_ENGINES"
FOLDER = ".engines"
UNPACKED = "debian"


def _checkout() -> Path | None:
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").is_file() else None


def searched() -> tuple[Path, ...]:
    """Directories that may hold unpacked engines, the first match wins."""
    named = os.environ.get(VARIABLE)
    if named:
        return (Path(named).resolve(),)
    roots = [Path.cwd(), _checkout()]
    return tuple(dict.fromkeys(root / FOLDER for root in roots if root is not None))


def fetched() -> Path:
    """The directory a download goes to: the checkout's when there is one, so that all its users share it."""
    return searched()[-1]
