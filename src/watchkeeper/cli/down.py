"""`watchkeeper down`: end the stack of a state directory."""

from typing import Annotated

import typer

from watchkeeper.cli.options import STATE, StateOption

EXAMPLE = "Example: watchkeeper down, or watchkeeper down --purge to begin anew next time."


def register(app: typer.Typer) -> None:
    app.command("down", epilog=EXAMPLE)(down)


def down(
    *,
    state: StateOption = STATE,
    purge: Annotated[bool, typer.Option("--purge", help="Then drop data, logs, secrets and configuration.")] = False,
) -> None:
    """Stop the stack and everything it started. Data is kept unless --purge is given.

    Exit codes: 0 nothing runs there any more (also if nothing did), 1 it could not be stopped.
    """
    from watchkeeper.cli.terminal import refusals
    from watchkeeper.stack import stopping
    from watchkeeper.stack.layout import Layout

    layout = Layout.of(state)
    with refusals():
        typer.echo("stopped" if stopping.stop(layout) else f"nothing runs in {layout.root}")
        if purge:
            stopping.purge(layout)
            typer.echo(f"dropped {layout.root}")
