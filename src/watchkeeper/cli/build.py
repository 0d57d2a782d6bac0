"""`watchkeeper build`: definitions in, every engine's configuration out."""

import json
from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: watchkeeper build --out monitoring, then watchkeeper build --out monitoring --verify in CI."


def register(app: typer.Typer) -> None:
    app.command("build", epilog=EXAMPLE)(build)


def build(
    project: Annotated[
        Path | None, typer.Argument(help="Project file. Default: watchkeeper.yaml if present, else the pack alone.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Directory to write to.")] = Path("monitoring"),
    verify: Annotated[bool, typer.Option("--verify", help="Write nothing; fail if the directory differs.")] = False,
    environment: Annotated[str, typer.Option(help="Environment the addresses and labels are for.")] = "production",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Compile the definitions for Prometheus and Alertmanager: all files or none.

    Exit codes: 0 built (or nothing differs), 1 problems in the definitions (or drift), 2 misuse.
    """
    from watchkeeper import compile as compiler
    from watchkeeper import files
    from watchkeeper.cli.definitions import load_or_exit
    from watchkeeper.compile.reference import reference

    catalog = load_or_exit(project)
    documents = {d.path: d.text for d in compiler.build(catalog, reference(catalog, environment))}
    if verify:
        drift = files.differences(out, documents)
        _report({"out": str(out), "drift": list(drift)}, as_json=as_json, lines=_drift_lines(out, drift))
        raise typer.Exit(1 if drift else 0)
    changed = files.write_tree(out, documents)
    _report(
        {"out": str(out), "files": sorted(documents), "changed": list(changed)},
        as_json=as_json,
        lines=[f"{out}: {len(documents)} files, {len(changed)} changed", *(f"  {name}" for name in changed)],
    )


def _drift_lines(out: Path, drift: tuple[str, ...]) -> list[str]:
    if not drift:
        return [f"{out}: as built from the definitions"]
    return [
        f"{out}: {len(drift)} files differ from what the definitions say",
        *(f"  {name}" for name in drift),
        f"run: watchkeeper build --out {out}",
    ]


def _report(facts: dict[str, str | list[str]], *, as_json: bool, lines: list[str]) -> None:
    typer.echo(json.dumps(facts) if as_json else "\n".join(lines))
