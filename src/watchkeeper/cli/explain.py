"""`watchkeeper explain`: an objective, an alert, a metric in words and numbers, with the derivation."""

import json
from typing import Annotated

import typer

from watchkeeper.cli.options import JsonOption, ProjectOption

EXAMPLE = "Example: watchkeeper explain availability, or watchkeeper explain HighErrorRate --json"


def register(app: typer.Typer) -> None:
    app.command("explain", epilog=EXAMPLE)(explain)


def explain(
    name: Annotated[str, typer.Argument(help="An objective, alert, metric, recorded series, panel or check.")],
    *,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a definition means: every number, and where it comes from.

    Exit codes: 0 told, 1 nothing has that name or the definitions have problems, 2 misuse or a file
    that cannot be read.
    """
    from watchkeeper.cli.definitions import load_or_exit
    from watchkeeper.report.explain import explain as explained
    from watchkeeper.report.explain import names

    catalog = load_or_exit(project)
    found = explained(catalog, name)
    if not found:
        _unknown(name, names(catalog))
        raise typer.Exit(1)
    typer.echo(json.dumps([one.json for one in found]) if as_json else "\n\n".join(one.text for one in found))


def _unknown(name: str, known: frozenset[str]) -> None:
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(known), n=5, cutoff=0.5)
    typer.echo(f"nothing is called `{name}`", err=True)
    if near:
        typer.echo(f"did you mean: {', '.join(near)}", err=True)
