"""What is compiled is valid for newer engines, too: their own checkers say so, from Debian's newer suites."""

import subprocess
from pathlib import Path

import pytest

from debian_suites import Unpacked, unpacked
from watchkeeper import compile as compiler
from watchkeeper import conventions
from watchkeeper.compile.reference import reference
from watchkeeper.engines import debian
from watchkeeper.model import Catalog

pytestmark = pytest.mark.engine

RULE_FILES = (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE)


@pytest.fixture(scope="module", params=["trixie", "sid"])
def newer(request: pytest.FixtureRequest) -> Unpacked:
    try:
        return unpacked(request.param)
    except (debian.FetchError, OSError) as error:
        pytest.skip(f"no newer engines of Debian {request.param} here: {error}")


@pytest.fixture(scope="module")
def folder(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration with the secrets it names."""
    place = tmp_path_factory.mktemp("monitoring")
    for document in compiler.running(catalog, reference(catalog)):
        (place / document.path).parent.mkdir(parents=True, exist_ok=True)
        (place / document.path).write_text(document.text)
    (place / "secrets").mkdir()
    (place / "secrets" / "engine-password").write_text("secret")
    return place


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_rules_have_no_error_and_no_lint(newer: Unpacked, folder: Path) -> None:
    said = run(folder, newer.promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)
    assert said.count("SUCCESS") == len(RULE_FILES)


def test_the_configuration_of_prometheus_is_valid(newer: Unpacked, folder: Path) -> None:
    said = run(folder, newer.promtool, "check", "config", "--lint=all", "--lint-fatal", conventions.PROMETHEUS_FILE)
    assert "is valid prometheus config file syntax" in said


@pytest.mark.parametrize("mode", [(), ("--enable-feature=utf8-strict-mode",)], ids=["default", "strict"])
def test_the_configuration_of_alertmanager_is_valid(newer: Unpacked, folder: Path, mode: tuple[str, ...]) -> None:
    said = run(folder, newer.amtool, *mode, "check-config", conventions.ALERTMANAGER_FILE)
    assert "SUCCESS" in said
