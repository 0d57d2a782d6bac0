"""`watchkeeper stack logs`: what the stack's processes printed."""

from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import STATE, StateOption

if TYPE_CHECKING:
    from watchkeeper.stack.logs import Line

EXAMPLE = "Example: watchkeeper stack logs -f agent."


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help="Look into the running stack.", no_args_is_help=True)
    verbs.command("logs", epilog=EXAMPLE)(logs)
    app.add_typer(verbs, name="stack")


def logs(
    child: Annotated[str, typer.Argument(help="One process. Default: all.")] = "",
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many old lines of each.")] = 20,
    state: StateOption = STATE,
) -> None:
    """Print the newest lines of every log, or of one.

    Exit codes: 0 printed, 1 there is no log, 2 there is no process of this name.
    """
    from watchkeeper.stack import logs as kept
    from watchkeeper.stack.layout import Layout

    directory = Layout.of(state).logs
    names = kept.names(directory)
    if not names:
        typer.echo(f"watchkeeper: no logs in {directory}: nothing was started there", err=True)
        raise typer.Exit(1)
    if child and child not in names:
        typer.echo(f"watchkeeper: there is no process `{child}`. Logs: {', '.join(names)}.", err=True)
        raise typer.Exit(2)
    chosen = (child,) if child else names
    width = 0 if child else max(map(len, names))
    for line in kept.last(directory, chosen, lines):
        _print(line, width)
    if follow:
        try:
            for line in kept.follow(directory, chosen):
                _print(line, width)
        except KeyboardInterrupt:
            raise typer.Exit from None


def _print(line: "Line", width: int) -> None:
    typer.echo(f"{line.child:<{width}} | {line.text}" if width else line.text)
