"""Bad definitions and the messages they get. To record them again: `python tests/record_problems.py`; read the diff.

A case is a folder with a README (its idea in a line), `watchkeeper.yaml` (or a whole `pack/`) and `expected.txt`.
"""

import contextlib
from datetime import date
from pathlib import Path

from watchkeeper import problem, spec

GOLDEN = Path(__file__).parent / "golden"
PACK = GOLDEN / "pack"
CASES = GOLDEN / "problems"
TODAY = date(2027, 1, 15)


def cases() -> list[Path]:
    return sorted(folder for folder in CASES.iterdir() if folder.is_dir())


def load(folder: Path) -> spec.Loaded:
    """A case as if its folder were the working directory, so that messages name no machine's paths."""
    project = Path("watchkeeper.yaml")
    pack = folder / "pack"
    with contextlib.chdir(folder):
        return spec.load(
            project if project.is_file() else None,
            pack=pack if pack.is_dir() else PACK,
            today=TODAY,
        )


def rendered(folder: Path) -> str:
    loaded = load(folder)
    return problem.render(loaded.problems, loaded.sources) + f"\n{problem.count(loaded.problems)}\n"


def record() -> None:
    for folder in cases():
        (folder / "expected.txt").write_text(rendered(folder), encoding="utf-8")


if __name__ == "__main__":
    record()
