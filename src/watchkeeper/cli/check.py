"""`watchkeeper check`: every definition, every problem, with its line and what to do."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import ProjectArgument

if TYPE_CHECKING:
    from watchkeeper.spec import Loaded

EXAMPLE = "Example: watchkeeper check, or watchkeeper check --format sarif > check.sarif in CI."


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    app.command("check", epilog=EXAMPLE)(check)


def check(
    path: ProjectArgument = None,
    *,
    format_: Annotated[Format, typer.Option("--format", help="How to print what was found.")] = Format.TEXT,
) -> None:
    """Check the definitions and print every problem at once.

    Exit codes: 0 clean, 1 errors or warnings, 2 the file cannot be read or the command is misused.
    """
    from watchkeeper import spec
    from watchkeeper.cli.definitions import project_file

    project = project_file(path)
    loaded = spec.load(project)
    _print(loaded, project, format_)
    raise typer.Exit(_exit_code(loaded))


def _exit_code(loaded: "Loaded") -> int:
    from watchkeeper.problem import Severity

    if any(problem.code in {"unreadable", "too-large"} for problem in loaded.problems):
        return 2
    return 1 if any(problem.severity is not Severity.INFO for problem in loaded.problems) else 0


def _print(loaded: "Loaded", project: Path | None, format_: Format) -> None:
    from watchkeeper import problem
    from watchkeeper._version import __version__

    match format_:
        case Format.JSON:
            sys.stdout.write(problem.to_json(loaded.problems))
        case Format.SARIF:
            sys.stdout.write(problem.to_sarif(loaded.problems, __version__))
        case Format.TEXT:
            typer.echo(_text(loaded, project, color=sys.stdout.isatty()))


def _text(loaded: "Loaded", project: Path | None, *, color: bool) -> str:
    from watchkeeper import problem

    checked = f"{project} and the shipped pack" if project else "the shipped pack"
    if loaded.problems:
        rendered = problem.render(loaded.problems, loaded.sources, color=color)
        return f"{rendered}\n{problem.count(loaded.problems)} in {checked}"
    catalog = loaded.catalog
    if catalog is None:
        return f"{checked}: nothing defined"
    slos = sum(len(service.slos) for service in catalog.services)
    alerts = sum(len(service.alerts) for service in catalog.services)
    facts = f"{len(catalog.metrics)} metrics, {slos} SLOs, {alerts} alerts, {len(catalog.receivers)} receivers"
    return f"{checked}: no problems\n{facts} for {', '.join(service.name for service in catalog.services)}"
