"""The command itself: quick to help, clear about mistakes, honest about what is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watchkeeper import cli
from watchkeeper._version import __version__

RUNNER = CliRunner()


def test_version() -> None:
    done = RUNNER.invoke(cli.application(), ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"watchkeeper {__version__}\n")


def test_help_names_every_verb() -> None:
    done = RUNNER.invoke(cli.application(), ["--help"], env={"COLUMNS": "120", "NO_COLOR": "1"})
    assert done.exit_code == 0
    for verb in cli.verbs():
        assert f" {verb.replace('_', '-')} " in done.stdout


@pytest.mark.parametrize("verb", cli.verbs())
def test_every_verb_has_help_without_doing_anything(verb: str) -> None:
    done = RUNNER.invoke(cli.application(), [verb.replace("_", "-"), "--help"])
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_a_misspelt_verb_is_a_misuse_with_a_hint() -> None:
    done = RUNNER.invoke(cli.application(), ["statsu"])
    assert done.exit_code == 2
    assert "Did you mean 'status'" in done.stderr


def _imported(*arguments: str) -> set[str]:
    program = (
        "import sys, contextlib\n"
        "with contextlib.suppress(SystemExit): import watchkeeper.cli as c; c.application()(sys.argv[1:])\n"
        "sys.stderr.write(' '.join(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stderr.split())


def test_help_loads_no_heavy_library() -> None:
    heavy = {"yaml", "promql_parser", "pydantic", "psutil", "httpx2", "starlette", "uvicorn", "jinja2", "sqlalchemy"}
    assert not heavy & _imported("--help")
    assert not {name for name in _imported("--help") if name.startswith(("watchkeeper.spec", "watchkeeper.sdk"))}


def test_help_loads_little() -> None:
    """A hundred modules take a tenth of a second; 357 are rich's help and what Python brings itself."""
    assert len(_imported("--help")) < 400


def test_without_its_libraries_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import watchkeeper.cli as c; c.main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "watchkeeper: the command needs more than the SDK (typer is not installed).",
        "Install it with: pip install 'watchkeeper[ops,demo]'",
    ]
