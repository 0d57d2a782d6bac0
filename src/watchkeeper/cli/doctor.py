"""`watchkeeper doctor`: what this machine has, what is missing, and the command that gets it."""

import importlib.util
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import STATE, JsonOption, StateOption

if TYPE_CHECKING:
    from watchkeeper.stack.layout import Layout

EXAMPLE = "Example: watchkeeper doctor --fetch."
EXTRAS = {
    "ops": (
        "bcrypt",
        "genai_prices",
        "httpx2",
        "jinja2",
        "markdown_it",
        "promql_parser",
        "psutil",
        "starlette",
        "uvicorn",
    ),
    "demo": ("aiosqlite", "anthropic", "fakeredis", "fastapi", "grpc", "openai", "redis", "sqlalchemy"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    app.command("doctor", epilog=EXAMPLE)(doctor)


def doctor(
    *,
    state: StateOption = STATE,
    fetch: Annotated[bool, typer.Option("--fetch", help="Get missing engines from Debian first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is found on this machine: engines, Python packages, ports, the state directory.

    Exit codes: 0 everything that is needed is here, 1 something is missing.
    """
    from watchkeeper.stack.layout import Layout

    failure = _fetch() if fetch else ""
    findings = [*_engines(failure), *_extras(), *_stack(Layout.of(state))]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            typer.echo(f"{'+' if finding.good else '!'} {finding.what:<{width}}  {finding.found}")
        for remedy in dict.fromkeys(finding.remedy for finding in findings if finding.remedy):
            typer.echo(f"\n{remedy}")
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


def _fetch() -> str:
    """What went wrong; empty when nothing did, or nothing had to be done."""
    from watchkeeper.engines import NAMES, Missing, debian, fetched, find

    if any(isinstance(find(name), Missing) for name in NAMES):
        try:
            debian.fetch(fetched())
        except debian.FetchError as error:
            return str(error)
    return ""


def _engines(failure: str) -> list[Finding]:
    from watchkeeper.engines import NAMES, Missing, advice, find

    found = [find(name) for name in NAMES]
    missing = [engine for engine in found if isinstance(engine, Missing)]
    remedy = f"{_program()} doctor --fetch\n{advice.missing(missing, failure)}" if missing else ""
    return [
        Finding(engine.name, not isinstance(engine, Missing), advice.describe(engine), remedy if missing else "")
        for engine in found
    ]


def _program() -> str:
    from watchkeeper.stack.layout import Layout
    from watchkeeper.stack.summary import commands

    return commands(Layout.of(STATE)).program


def _extras() -> list[Finding]:
    findings = []
    for extra, modules in EXTRAS.items():
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        found = f"missing: {', '.join(absent)}" if absent else "installed"
        remedy = "pip install 'watchkeeper[ops,demo]'" if absent else ""
        findings.append(Finding(f"python packages [{extra}]", not absent, found, remedy))
    return findings


def _stack(layout: "Layout") -> list[Finding]:
    from watchkeeper.stack import record

    current = record.running(layout)
    if current is not None:
        text = f"{layout.root}: {current.phase}, console at {current.console}"
        return [Finding("stack", True, text), Finding("ports", True, _ports(current.ports))]
    kept = "nothing runs, data is kept" if layout.data.is_dir() else "nothing runs, nothing is kept"
    return [Finding("stack", True, f"{layout.root}: {kept}"), _free_ports()]


def _ports(used: dict[str, int]) -> str:
    return ", ".join(f"{name} {port}" for name, port in used.items())


def _free_ports() -> Finding:
    from watchkeeper.stack.ports import FIRST, NAMES, choose

    taken = [f"{move.name} {move.usual}" for move in choose(NAMES).moved]
    usual = f"{FIRST} to {FIRST + len(NAMES) - 1}"
    # a taken port is no obstacle: another one is chosen and reported
    return Finding("ports", True, f"{usual}, taken: {', '.join(taken)}" if taken else f"{usual} are free")
