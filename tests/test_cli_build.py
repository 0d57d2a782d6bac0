"""`watchkeeper build`: writes all or nothing, tells drift, and makes the SDK's instruments."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from watchkeeper import compile as compiler
from watchkeeper import files
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog

HOME = Path(__file__).parent.parent


def _build(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "watchkeeper.cli", "build", *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_first_build_writes_everything_a_second_nothing(tmp_path: Path, catalog: Catalog) -> None:
    everything = {document.path for document in compiler.build(catalog, reference(catalog))}
    first, second = _build(tmp_path, "--json"), _build(tmp_path, "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert set(json.loads(first.stdout)["changed"]) == everything
    assert json.loads(second.stdout)["changed"] == []
    written = (path for path in (tmp_path / "monitoring").rglob("*") if path.is_file() and path.name != files.MANIFEST)
    assert {str(path.relative_to(tmp_path / "monitoring")) for path in written} == everything


def test_verify_tells_drift_and_writes_nothing(tmp_path: Path) -> None:
    _build(tmp_path)
    rules = tmp_path / "monitoring" / "prometheus-alert-rules.yaml"
    rules.write_text("groups: []\n")
    done = _build(tmp_path, "--verify")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "monitoring: 1 files differ from what the definitions say",
        "  prometheus-alert-rules.yaml",
        "run the same command without --verify",
    ]
    assert rules.read_text() == "groups: []\n"


def test_bad_definitions_write_nothing_and_say_where(tmp_path: Path) -> None:
    (tmp_path / "watchkeeper.yaml").write_text("extends: copilot\nslos:\n  availability: {target: 0.999}\n")
    done = _build(tmp_path)
    assert done.returncode == 1
    assert "watchkeeper.yaml:3:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "monitoring").exists()


@pytest.mark.parametrize(
    ("out", "found"),
    [
        ("file", "file/.watchkeeper-files: not a directory"),
        ("file/deep", "file/deep/.watchkeeper-files: not a directory"),
        ("mine", "mine/tests/llm-copilot-agent-"),  # a file stands where the directory of the tests belongs
    ],
)
def test_a_place_that_cannot_be_written_is_said_and_left_as_it_was(tmp_path: Path, out: str, found: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tests").touch()
    before = sorted(tmp_path.rglob("*"))
    done = _build(tmp_path, "--out", out)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith(f"{out}: error: cannot be written [unwritable]\n  found    {found}")
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


UNPRIVILEGED = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root may write everywhere, unless it gives up what makes it root."""


@pytest.mark.skipif(bool(UNPRIVILEGED) and shutil.which("setpriv") is None, reason="root, and no setpriv")
@pytest.mark.parametrize("arguments", [("--out", "locked"), ("--target", "python", "--out", "locked/instruments.py")])
def test_a_directory_without_permission_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    done = _build(tmp_path, *arguments, before=UNPRIVILEGED)
    assert done.returncode == 2, done.stdout
    assert "error: cannot be written [unwritable]\n" in done.stderr
    assert "permission denied\n" in done.stderr
    assert list((tmp_path / "locked").iterdir()) == []


def test_a_project_file_changes_what_it_overrides(tmp_path: Path) -> None:
    (tmp_path / "watchkeeper.yaml").write_text(
        "service: checkout-copilot\nextends: copilot\nslos:\n  availability: {target: 99.95}\n"
    )
    done = _build(tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "monitoring" / "prometheus-recording-rules.yaml").read_text()
    # 1 % x 720 h / 0.25 h = 28.8; x 0.0005 = 0.0144. 2 % x 720 = 14.4; x 0.0005 = 0.0072
    assert "> 0.0072" in text
    assert 'service="checkout-copilot"' in text
    assert "llm-copilot-agent" not in text


def test_the_python_target_makes_the_committed_module(tmp_path: Path) -> None:
    done = _build(tmp_path, "--target", "python", "--out", "copilot.py")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copilot.py").read_bytes() == (HOME / "src" / "watchkeeper" / "copilot.py").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["copilot.py"]


def test_help_shows_an_example(tmp_path: Path) -> None:
    done = _build(tmp_path, "--help")
    assert "watchkeeper build --out monitoring" in " ".join(done.stdout.split())


def test_an_unknown_option_is_misuse(tmp_path: Path) -> None:
    assert _build(tmp_path, "--tagret", "python").returncode == 2
