"""Reading definitions for a verb: the catalog, or every problem on the error stream and exit code 1."""

import sys
from pathlib import Path

import typer

from watchkeeper.model import Catalog

PROJECT_FILE = Path("watchkeeper.yaml")


def project_file(given: Path | None) -> Path | None:
    """What the user named, else `watchkeeper.yaml` here, else None for the shipped pack alone."""
    if given is not None:
        return given
    return PROJECT_FILE if PROJECT_FILE.is_file() else None


def load_or_exit(given: Path | None) -> Catalog:
    from watchkeeper import problem, spec

    loaded = spec.load(project_file(given))
    if loaded.problems:
        typer.echo(problem.render(loaded.problems, loaded.sources, color=sys.stderr.isatty()), err=True)
    if loaded.catalog is None:
        raise typer.Exit(1)
    return loaded.catalog
