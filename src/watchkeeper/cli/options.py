"""What several verbs take, so that it is called and explained alike everywhere."""

from pathlib import Path
from typing import Annotated

import typer

STATE = Path(".watchkeeper")
StateOption = Annotated[Path, typer.Option("--state", help="Where the stack keeps data, logs, secrets, configuration.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PROJECT = "Project file. Default: watchkeeper.yaml if present, else the pack alone."
# not checked by typer: what cannot be read is told like every other problem of a definition
ProjectOption = Annotated[Path | None, typer.Option("--project", help=PROJECT, readable=False)]
ProjectArgument = Annotated[Path | None, typer.Argument(help=PROJECT, readable=False)]
