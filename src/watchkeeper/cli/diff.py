"""`watchkeeper diff`: what a change of definitions means for the people who are told, wait, look or pay."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import JsonOption

if TYPE_CHECKING:
    from watchkeeper.model import Catalog

PACK = "pack"
EXAMPLE = "Example: watchkeeper diff pack watchkeeper.yaml, or watchkeeper diff main/watchkeeper.yaml . --json in CI."
SIDE = "A project file, a directory with a watchkeeper.yaml, or `pack` for the shipped pack alone"


def register(app: typer.Typer) -> None:
    app.command("diff", epilog=EXAMPLE)(diff)


def diff(
    old: Annotated[str, typer.Argument(help=f"{SIDE}: as it was.")],
    new: Annotated[str, typer.Argument(help="Likewise: as it is to be.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Say what a change means, the worst first: what nobody sees any more, what is told later, louder, what costs more.

    Exit codes: 0 told, changed or not, 1 one side has problems, 2 misuse or a file that cannot be read.
    """
    from watchkeeper.report import diff as comparing

    before, after = _load(old), _load(new)
    if before is None or after is None:
        raise typer.Exit(1)
    changes = comparing.diff(before, after)
    typer.echo(json.dumps(comparing.tree(changes)) if as_json else comparing.text(changes))


def _load(side: str) -> "Catalog | None":
    """The definitions, or their problems on the error stream: those of both sides, not of the first alone."""
    from watchkeeper import problem, spec

    path = None if side == PACK else Path(side)
    if path is not None and not path.exists():
        raise typer.BadParameter(f"{side}: there is no such file or directory")
    loaded = spec.load(path)
    if loaded.problems:
        typer.echo(problem.render(loaded.problems, loaded.sources, color=sys.stderr.isatty()), err=True)
    if any(found.code in {"unreadable", "too-large"} for found in loaded.problems):
        raise typer.Exit(2)
    return loaded.catalog
