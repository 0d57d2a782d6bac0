"""Finding engines: on PATH, unpacked, absent, or something else with the same name."""

from pathlib import Path

import pytest

from watchkeeper import engines
from watchkeeper.engines import Engine, Missing, advice, places, templates


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _says(path: Path, first_line: str) -> Path:
    return _program(path, f"echo '{first_line}'")


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one directory, into which a test puts what it wants found."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def test_path_comes_before_what_was_unpacked(tmp_path: Path, empty_path: Path) -> None:
    _says(tmp_path / "engines/debian/usr/bin/prometheus", "prometheus, version 2.42.0 (branch: x)")
    on_path = _says(empty_path / "prometheus", "prometheus, version 3.5.3 (branch: HEAD, revision: 1)")
    assert engines.find("prometheus", [tmp_path / "engines"]) == Engine("prometheus", on_path, "3.5.3")


@pytest.mark.usefixtures("empty_path")
def test_an_unpacked_engine_is_found_in_the_first_directory_that_has_it(tmp_path: Path) -> None:
    path = _says(tmp_path / "b/debian/usr/bin/promtool", "promtool, version 2.42.0+ds (branch: debian/sid)")
    found = engines.find("promtool", [tmp_path / "a", tmp_path / "b"])
    assert found == Engine("promtool", path, "2.42.0+ds")
    assert isinstance(found, Engine)
    assert found.command == (str(path),)


def test_both_names_of_alertmanager_are_known(empty_path: Path) -> None:
    upstream = _says(empty_path / "alertmanager", "alertmanager, version 0.28.1 (branch: HEAD)")
    assert engines.find("alertmanager", []) == Engine("alertmanager", upstream, "0.28.1")
    debian = _says(empty_path / "prometheus-alertmanager", "alertmanager, version 0.25.0 (branch: debian/sid)")
    assert engines.find("alertmanager", []) == Engine("alertmanager", debian, "0.25.0")


def test_a_build_without_a_version_is_an_engine_too(empty_path: Path) -> None:
    path = _says(empty_path / "prometheus", "prometheus, version  (branch: , revision: unknown)")
    found = engines.find("prometheus", [])
    assert found == Engine("prometheus", path, "")
    assert advice.describe(found) == f"unknown version  {path}"


@pytest.mark.parametrize(
    "text",
    ["echo 'Prometheus the titan 1.0'", "echo 'prometheus, version 2.42.0'; exit 3", "exit 0"],
    ids=["something else", "fails", "says nothing"],
)
def test_something_else_of_the_same_name_is_not_the_engine(empty_path: Path, text: str) -> None:
    path = _program(empty_path / "prometheus", text)
    assert engines.find("prometheus", []) == Missing("prometheus", f"{path} does not run as prometheus")


def test_one_that_is_too_old_is_named_and_passed_over(tmp_path: Path, empty_path: Path) -> None:
    old = _says(empty_path / "prometheus", "prometheus, version 2.31.2+ds1 (branch: debian/sid)")
    assert engines.find("prometheus", [tmp_path]) == Missing(
        "prometheus", f"{old} is 2.31.2+ds1, at least 2.42 is needed"
    )
    new = _says(tmp_path / "debian/usr/bin/prometheus", "prometheus, version 2.42.0+ds (branch: debian/sid)")
    assert engines.find("prometheus", [tmp_path]) == Engine("prometheus", new, "2.42.0+ds")


@pytest.mark.parametrize(("version", "found"), [("0.24.0", False), ("0.25.0", True), ("0.33.1", True), ("1.0.0", True)])
def test_versions_are_compared_as_numbers(empty_path: Path, version: str, found: bool) -> None:
    _says(empty_path / "amtool", f"amtool, version {version} (branch: x)")
    assert isinstance(engines.find("amtool", []), Engine) is found


def test_a_binary_of_another_machine_does_not_hide_one_that_runs(tmp_path: Path, empty_path: Path) -> None:
    alien = empty_path / "amtool"
    alien.write_bytes(b"\x7fELF made for another processor")
    alien.chmod(0o755)
    good = _says(tmp_path / "debian/usr/bin/amtool", "amtool, version 0.25.0 (branch: x)")
    assert engines.find("amtool", [tmp_path]) == Engine("amtool", good, "0.25.0")


@pytest.mark.usefixtures("empty_path")
def test_missing_says_where_it_looked(tmp_path: Path) -> None:
    missing = engines.find("prometheus", [tmp_path / "a", tmp_path / "b"])
    assert missing == Missing("prometheus", f"not on PATH, not in {tmp_path}/a or {tmp_path}/b")


def test_the_message_for_a_missing_engine_has_a_command_for_each_system() -> None:
    message = advice.missing([Missing("prometheus", "not on PATH"), Missing("promtool", "not on PATH")], "no network")
    assert message.splitlines()[0] == "prometheus, promtool not found: not on PATH."
    assert "Getting them by itself failed: no network." in message
    for command in (
        "sudo apt-get install prometheus prometheus-alertmanager",
        "brew install prometheus alertmanager",
        "go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1",
        "WATCHKEEPER_ENGINES",
    ):
        assert command in message


def test_places_are_the_named_one_or_work_and_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(places.VARIABLE, raising=False)
    checkout = Path(__file__).parents[1]
    assert places.searched() == (tmp_path / ".engines", checkout / ".engines")
    assert places.fetched() == checkout / ".engines"
    monkeypatch.setenv(places.VARIABLE, "elsewhere")
    assert places.searched() == (tmp_path / "elsewhere",)
    assert places.fetched() == tmp_path / "elsewhere"


def test_installed_from_a_wheel_the_working_directory_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setattr(places, "__file__", str(tmp_path / "lib/site-packages/watchkeeper/engines/places.py"))
    assert places.fetched() == tmp_path / ".engines"


def test_the_relocated_copy_reads_its_templates_where_it_is_started(tmp_path: Path) -> None:
    directory = b"/usr/share/prometheus/alertmanager"
    binary = tmp_path / "prometheus-alertmanager"
    binary.write_bytes(b"\x00before" + directory + b"/ui\x00" + directory + b"after\x00")
    copy = templates.relocated(binary)
    here = b"./" * 17
    assert copy.read_bytes() == b"\x00before" + here + b"/ui\x00" + here + b"after\x00"
    assert len(here) == len(directory), "nothing in the binary may move"
    assert copy.stat().st_mode & 0o777 == 0o755
    assert templates.relocated(binary) == copy
    assert sorted(path.name for path in tmp_path.iterdir()) == [binary.name, copy.name]


@pytest.mark.parametrize("name", ["with:colon", "with,comma", "with\\backslash"])
def test_paths_that_overlayfs_would_split_are_not_mounted(tmp_path: Path, name: str) -> None:
    assert templates.namespace(tmp_path / name) is None


def test_a_machine_with_the_package_installed_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "default.tmpl").touch()
    monkeypatch.setattr(templates, "INSTALLED", tmp_path)
    assert templates.runnable(tmp_path / "binary", tmp_path / "tree") == (tmp_path / "binary", ())
