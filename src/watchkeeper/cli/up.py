"""`watchkeeper up`: the whole stack from one command, in the foreground or behind it."""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import STATE, ProjectOption, StateOption

if TYPE_CHECKING:
    from watchkeeper.stack.layout import Layout
    from watchkeeper.stack.preparation import Prepared

EXAMPLE = "Example: watchkeeper up --demo, then in another terminal: watchkeeper demo break provider-outage."


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for, apart from how."""

    demo: bool
    project: Path | None
    environment: str
    first_port: int

    def options(self) -> tuple[str, ...]:
        """The same wish as options of a command."""
        return (
            *(("--demo",) if self.demo else ()),
            *(("--project", str(self.project)) if self.project else ()),
            *("--environment", self.environment, "--port-base", str(self.first_port)),
        )


def register(app: typer.Typer) -> None:
    app.command("up", epilog=EXAMPLE)(up)


def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Also run the demo agent, its load and the probe.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Return once everything is ready.")] = False,
    state: StateOption = STATE,
    project: ProjectOption = None,
    environment: Annotated[str, typer.Option(help="Default: demo with --demo, else development.")] = "",
    port_base: Annotated[int, typer.Option(min=1024, max=65000, help="Where the usual ports begin.")] = 8460,
    detached: Annotated[bool, typer.Option("--detached", hidden=True)] = False,
) -> None:
    """Start Prometheus, Alertmanager, the inbox and the console; with --demo, something to watch as well.

    Everything listens on 127.0.0.1 only. Exit codes: 0 stopped as asked (with --detach: ready), 1 it could not be
    started or runs already, 2 misuse or a file that cannot be read.
    """
    from watchkeeper.cli.terminal import refusals
    from watchkeeper.stack.layout import Layout

    layout = Layout.of(state)
    wish = Wish(demo, project, environment or ("demo" if demo else "development"), port_base)
    with refusals():
        raise typer.Exit(_detach(layout, wish) if detach else _run(layout, wish, detached=detached))


def _run(layout: "Layout", wish: "Wish", *, detached: bool) -> int:
    """Until stopped."""
    from watchkeeper.cli.definitions import load_or_exit, project_file
    from watchkeeper.cli.terminal import speaker
    from watchkeeper.stack import preparation, running
    from watchkeeper.stack.configuration import Purpose

    with preparation.claim(layout) as held:
        say = speaker(layout.log("supervisor"))
        catalog = load_or_exit(wish.project)
        purpose = Purpose(wish.demo, wish.environment, project_file(wish.project))
        prepared = preparation.prepare(catalog, purpose, layout, first_port=wish.first_port, say=say)

        def started() -> None:
            _announce(prepared, detached=detached)
            if detached:
                _leave_terminal(layout.log("supervisor"))

        done = running.run(prepared, held, say=say, started=started)
        say(f"stopped; everything it knew is kept in {layout.root}")
        return 0 if done else 1


def _announce(prepared: "Prepared", *, detached: bool) -> None:
    from watchkeeper.stack.summary import commands, summary

    text = summary(
        ports=prepared.ports,
        layout=prepared.layout,
        demo=prepared.purpose.demo,
        targets=prepared.targets,
        detached=detached,
        command=commands(prepared.layout),
    )
    # a terminal that was closed meanwhile is no reason to stop
    with contextlib.suppress(OSError):
        typer.echo(f"\n{text}\n")


def _detach(layout: "Layout", wish: "Wish") -> int:
    """Run the same command in a session of its own, show what it says, return when it is ready or has failed."""
    command = [sys.executable, "-P", "-m", "watchkeeper.cli", "up", "--detached", "--state", str(layout.root)]
    with subprocess.Popen(
        [*command, *wish.options()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    ) as supervisor:
        try:
            # it lets go of this pipe once it is ready; one that failed lets go by ending
            for line in supervisor.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
            return _outcome(layout, supervisor)
        except KeyboardInterrupt:
            supervisor.terminate()
            raise


def _outcome(layout: "Layout", supervisor: "subprocess.Popen[str]") -> int:
    from watchkeeper.stack import record

    current = record.running(layout)
    if current is not None and current.pid == supervisor.pid:
        # Popen would wait for it at the end of its block
        supervisor.returncode = 0
        return 0
    return supervisor.wait()


def _leave_terminal(log: Path) -> None:
    """Nobody listens any more: what is said goes to the log anyway, what breaks shall go there too."""
    with log.open("a") as errors, Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(errors.fileno(), sys.stderr.fileno())
