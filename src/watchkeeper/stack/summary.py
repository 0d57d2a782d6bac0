"""What somebody who has just started a stack needs to know, in the order they need it."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from watchkeeper.stack.layout import DEFAULT, Layout
from watchkeeper.stack.ports import Moved, Ports


@dataclass(frozen=True, slots=True)
class Commands:
    """How commands must be typed here so that they are found, and find this stack."""

    program: str
    state: str

    def __call__(self, verb: str) -> str:
        return f"{self.program} {verb}{self.state}"


def commands(layout: Layout, here: Path | None = None, installed: Path | None = None) -> Commands:
    """`watchkeeper` when a shell finds this installation, else its path; `--state` unless it is the usual one."""
    directory = Path.cwd() if here is None else here
    program = installed or Path(sys.executable).parent / "watchkeeper"
    found = shutil.which("watchkeeper")
    name = "watchkeeper" if found and Path(found).absolute() == program else _short(program, directory)
    usual = layout.root == (directory / DEFAULT).resolve()
    return Commands(name, "" if usual else f" --state {_short(layout.root, directory)}")


def summary(
    *, ports: Ports, layout: Layout, demo: bool, targets: Sequence[str], detached: bool, command: Commands
) -> str:
    stop = command("down") if detached else f"Ctrl-C, or {command('down')}"
    rows = [
        ("console", ports.url("console")),
        ("pages arrive at", ports.url("inbox")),
        *(_demo(ports, command) if demo else [("scraped", ", ".join(targets))]),
        ("send a test page", command("notify-test --one")),
        ("look closer", f"{command('status')}, {command('stack logs -f')}"),
        ("stop", stop),
        ("state lives in", f"{layout.root} (kept; {command('down --purge')} drops it)"),
        *([("ports taken", _moved(ports.moved))] if ports.moved else []),
    ]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)


def _demo(ports: Ports, command: Commands) -> list[tuple[str, str]]:
    return [
        ("front door of the demo", ports.url("ingress")),
        ("break something", command("demo break provider-outage")),
        ("heal it", command("demo heal")),
    ]


def _moved(moved: Sequence[Moved]) -> str:
    return ", ".join(f"{move.usual} ({move.name}: {move.now} instead)" for move in moved)


def _short(path: Path, directory: Path) -> str:
    return shlex.quote(str(path.relative_to(directory) if path.is_relative_to(directory) else path))
