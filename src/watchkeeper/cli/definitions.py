"""Reading definitions for a verb: the catalog, or every problem on the error stream and an exit code that fits them."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from watchkeeper.model import Catalog

if TYPE_CHECKING:
    from watchkeeper.problem import Problem
    from watchkeeper.spec import Loaded

PROJECT_FILE = Path("watchkeeper.yaml")


def project_file(given: Path | None) -> Path | None:
    """What the user named, else `watchkeeper.yaml` here, else None for the shipped pack alone."""
    if given is not None:
        return given
    try:
        PROJECT_FILE.lstat()
    except FileNotFoundError:
        return None
    except OSError:
        return PROJECT_FILE  # something keeps it from us: reading it says what
    return PROJECT_FILE


def load_or_exit(given: Path | None) -> Catalog:
    loaded = load(project_file(given))
    if loaded.catalog is None:
        raise typer.Exit(exit_code(loaded.problems))
    return loaded.catalog


def load(project: Path | None) -> "Loaded":
    """What is wrong goes to the error stream."""
    from watchkeeper import problem, spec

    loaded = spec.load(project)
    if loaded.problems:
        typer.echo(problem.render(loaded.problems, loaded.sources, color=sys.stderr.isatty()), err=True)
    return loaded


def exit_code(problems: "Iterable[Problem]") -> int:
    """2 where a file cannot be read, 1 for errors and warnings, 0 for notes."""
    from watchkeeper.problem import Severity
    from watchkeeper.spec.reading import NOT_READ

    codes = [2 if each.code in NOT_READ else 1 for each in problems if each.severity is not Severity.INFO]
    return max(codes, default=0)
