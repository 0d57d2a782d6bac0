"""How verbs speak: lines with a tone, colour only where a person reads, refusals without a traceback."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from watchkeeper.stack.saying import Refusal, Say, Tone

_COLOURS = {Tone.GOOD: typer.colors.GREEN, Tone.BAD: typer.colors.RED}
_MARKS = {Tone.GOOD: "+ ", Tone.BAD: "! ", Tone.QUIET: "  "}


def speaker(log: Path | None = None) -> Say:
    """Says things on stdout, and writes them to `log` as well. Never fails: a closed terminal is no reason to stop."""

    def say(text: str, tone: Tone = Tone.QUIET) -> None:
        line = f"{_MARKS[tone]}{text}"
        with contextlib.suppress(OSError):
            typer.secho(line, fg=_COLOURS.get(tone))
            sys.stdout.flush()
        if log is not None:
            with contextlib.suppress(OSError), log.open("a") as file:
                file.write(f"{line}\n")

    return say


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """A refusal is printed as what it is and ends the command with code 1."""
    try:
        yield
    except Refusal as refusal:
        typer.echo(f"watchkeeper: {refusal}", err=True)
        raise typer.Exit(1) from None
