"""`watchkeeper diff`: what a change of definitions means for the people who are told, wait, look or pay."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import JsonOption

if TYPE_CHECKING:
    from watchkeeper.spec import Loaded

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
    from watchkeeper.cli.definitions import exit_code
    from watchkeeper.report import diff as comparing

    before, after = _load(old), _load(new)
    if before.catalog is None or after.catalog is None:
        raise typer.Exit(exit_code((*before.problems, *after.problems)))
    changes = comparing.diff(before.catalog, after.catalog)
    typer.echo(json.dumps(comparing.tree(changes)) if as_json else comparing.text(changes))


def _load(side: str) -> "Loaded":
    from watchkeeper.cli.definitions import load

    return load(None if side == PACK else Path(side))
