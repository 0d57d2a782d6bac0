"""`watchkeeper build`: definitions in, every engine's configuration out, or the typed instruments of the SDK."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import ProjectArgument
from watchkeeper.model import Catalog

if TYPE_CHECKING:
    from watchkeeper.compile.versions import Versions

EXAMPLE = "Example: watchkeeper build --out monitoring, then watchkeeper build --out monitoring --verify in CI."


class Made(StrEnum):
    """What `--target` can name."""

    ENGINES = "engines"
    PYTHON = "python"


DEFAULT_OUT = {Made.ENGINES: Path("monitoring"), Made.PYTHON: Path("instruments.py")}


def register(app: typer.Typer) -> None:
    app.command("build", epilog=EXAMPLE)(build)


def build(
    project: ProjectArgument = None,
    *,
    target: Annotated[
        Made,
        typer.Option(help="engines: a directory of configurations. python: the SDK's typed instruments, a module."),
    ] = Made.ENGINES,
    out: Annotated[
        Path | None, typer.Option(help="Where to write. Default: monitoring, or instruments.py.", show_default=False)
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Write nothing; fail if what is there differs.")] = False,
    environment: Annotated[str, typer.Option(help="Environment the addresses and labels are for.")] = "production",
    collector_version: Annotated[
        str, typer.Option(help="Version of the OpenTelemetry Collector: components were renamed. From 0.140 on.")
    ] = "0.145",
    jaeger_version: Annotated[
        str, typer.Option(help="Version of Jaeger: its indices are described in another way now. From 2.13 on.")
    ] = "2.13",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Compile the definitions: all files or none.

    Exit codes: 0 built (or nothing differs), 1 problems in the definitions (or drift), 2 misuse or a file
    that cannot be read or written.
    """
    from watchkeeper import files
    from watchkeeper.cli.definitions import load_or_exit

    catalog = load_or_exit(project)
    place = out or DEFAULT_OUT[target]
    if target is Made.PYTHON:
        folder, made = place.parent, {place.name: _instruments(catalog)}
    else:
        folder, made = place, _engines(catalog, environment, _versions(collector_version, jaeger_version))
    try:
        changed = files.differences(folder, made)
        if not verify:
            _write(target, folder, made)
    except OSError as failure:
        raise _refused(place, failure, "read" if verify else "written") from None
    facts: dict[str, str | list[str]] = {"out": str(place), "files": sorted(made), "changed": list(changed)}
    lines = _drift(place, changed) if verify else _built(place, made, changed)
    typer.echo(json.dumps(facts) if as_json else "\n".join(lines))
    raise typer.Exit(1 if verify and changed else 0)


def _engines(catalog: Catalog, environment: str, versions: "Versions") -> dict[str, str]:
    from watchkeeper import compile as compiler
    from watchkeeper.compile.reference import reference

    documents = compiler.build(catalog, reference(catalog, environment), versions)
    return {document.path: document.text for document in documents}


def _versions(collector: str, jaeger: str) -> "Versions":
    from watchkeeper.compile import versions

    try:
        return versions.Versions(collector=versions.collector(collector), jaeger=versions.jaeger(jaeger))
    except versions.UnknownVersionError as error:
        raise typer.BadParameter(str(error)) from None


def _instruments(catalog: Catalog) -> str:
    from importlib.metadata import version

    from genai_prices.data import providers

    from watchkeeper.compile import prices, python

    return python.instruments(catalog, prices.snapshot(providers, version("genai-prices")))


def _write(target: Made, folder: Path, made: dict[str, str]) -> None:
    from watchkeeper import files

    if target is Made.ENGINES:
        files.write_tree(folder, made)
        return
    for name, text in made.items():
        # a module among others: the directory is not ours to tidy
        files.write(folder / name, text)


def _refused(place: Path, failure: OSError, done: str) -> typer.Exit:
    """Said like a problem of a file; what was there is as it was."""
    from watchkeeper import problem
    from watchkeeper.spec.wording import error

    reason = (failure.strerror or str(failure)).lower()
    where = f"{failure.filename}: " if failure.filename and str(failure.filename) != str(place) else ""
    span = problem.Span(str(place), 0, 0, 0)
    fix = "check the path and its permissions" + ("" if done == "read" else ", or name another place with --out")
    told = error(
        "unwritable" if done == "written" else "unreadable", span, f"cannot be {done}", found=where + reason, fix=fix
    )
    typer.echo(problem.render([told], {}, color=sys.stderr.isatty()), err=True)
    return typer.Exit(2)


def _built(place: Path, made: dict[str, str], changed: tuple[str, ...]) -> list[str]:
    return [f"{place}: {len(made)} files, {len(changed)} changed", *(f"  {name}" for name in changed)]


def _drift(place: Path, changed: tuple[str, ...]) -> list[str]:
    if not changed:
        return [f"{place}: as the definitions say"]
    return [
        f"{place}: {len(changed)} files differ from what the definitions say",
        *(f"  {name}" for name in changed),
        "run the same command without --verify",
    ]
