"""The `watchkeeper` command: one module per verb, each imported lightly and doing its heavy imports when called."""

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    import typer

VERBS = (
    "check", "build", "explain", "diff", "capacity",
    "up", "down", "status", "stack", "doctor", "demo", "notify_test", "slo",
)  # fmt: skip
"""Modules of this package with `register(app)`, in the order `--help` shows them."""

_ABOUT = "Watch over LLM copilot services: define, compile, prove, operate."
_NEEDS_OPS = """watchkeeper: the command needs more than the SDK ({missing} is not installed).
Install it with: pip install 'watchkeeper[ops,demo]'
"""


def main() -> None:
    """Entry point: 0 done, 1 problems or not healthy, 2 misuse."""
    try:
        app = application()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("watchkeeper"):
            raise
        sys.stderr.write(_NEEDS_OPS.format(missing=error.name))
        sys.exit(2)
    app()


def application() -> "typer.Typer":
    import typer

    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        # a crash is reported by Python itself: boxes around it hide what a bug report needs
        pretty_exceptions_enable=False,
    )
    _add_version(app)
    for verb in verbs():
        importlib.import_module(f"watchkeeper.cli.{verb}").register(app)
    return app


def verbs() -> tuple[str, ...]:
    """The verbs of this installation."""
    return tuple(verb for verb in VERBS if importlib.util.find_spec(f"watchkeeper.cli.{verb}"))


def _add_version(app: "typer.Typer") -> None:
    import typer

    def root(
        *, version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False
    ) -> None:
        if version:
            from watchkeeper._version import __version__

            typer.echo(f"watchkeeper {__version__}")
            raise typer.Exit

    app.callback(invoke_without_command=True, help=_ABOUT)(root)
