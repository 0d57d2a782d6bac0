"""`watchkeeper capacity`: what the reference deployment and its multiples of traffic need, with the derivation."""

import json
import re
from typing import Annotated

import typer

from watchkeeper.cli.options import JsonOption, ProjectOption

EXAMPLE = "Example: watchkeeper capacity, or watchkeeper capacity --times 1,5 --json"
TIMES = "Multiples of the reference deployment's traffic, with commas between them."


def register(app: typer.Typer) -> None:
    app.command("capacity", epilog=EXAMPLE)(capacity)


def capacity(
    *,
    project: ProjectOption = None,
    times: Annotated[str, typer.Option(help=TIMES)] = "1,10,100",
    as_json: JsonOption = False,
) -> None:
    """Say how many series, samples, log lines and spans there are, what they need, and where each figure comes from.

    Exit codes: 0 told, 1 the definitions have problems, 2 misuse or a file that cannot be read.
    """
    from watchkeeper.cli.definitions import load_or_exit
    from watchkeeper.report import capacity as planning

    multiples = _multiples(times)
    plan = planning.capacity(load_or_exit(project), multiples)
    typer.echo(json.dumps(planning.tree(plan)) if as_json else planning.text(plan))


def _multiples(times: str) -> tuple[int, ...]:
    parts = [part.strip() for part in times.split(",")]
    if not all(re.fullmatch("[1-9][0-9]{0,5}", part) for part in parts):
        raise typer.BadParameter(f"{times!r}: whole numbers from 1 to 999999, as in 1,10,100", param_hint="--times")
    return tuple(map(int, parts))
