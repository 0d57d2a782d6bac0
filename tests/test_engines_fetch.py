"""Fetching Debian's packages, with an apt of our own making: what is called, what is left, what is said."""

from pathlib import Path

import pytest

from watchkeeper.engines import __main__ as command
from watchkeeper.engines import debian, places

_APT_GET = """
echo "apt-get $@" >> "$CALLS"
case "$*" in
  *update*) [ -n "$NO_NETWORK" ] && { echo "E: Could not resolve the mirror" >&2; exit 100; }
            echo "lists" > "$CALLS.updated" ;;
  *download*) [ -z "$NEEDS_UPDATE" ] || [ -e "$CALLS.updated" ] || { echo "E: Unable to locate package" >&2; exit 100; }
            for name in prometheus prometheus-alertmanager; do echo "$name" > "${name}_1_amd64.deb"; done ;;
esac
"""
_DPKG = """
echo "dpkg $1" >> "$CALLS"
name=$(cat "$2")
mkdir -p "$3/usr/bin"
printf '#!/bin/sh\\necho "%s, version 2.42.0 (x)"\\n' "${name#prometheus-}" > "$3/usr/bin/$name"
chmod +x "$3/usr/bin/$name"
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the file in which the made-up tools write down how they were called."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"apt-get": _APT_GET, "apt-cache": "exit 100", "dpkg": _DPKG}.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_packages_are_downloaded_and_unpacked_and_never_installed(tmp_path: Path, apt: Path) -> None:
    tree = debian.fetch(tmp_path / "engines")
    assert tree == tmp_path / "engines/debian"
    assert sorted(path.name for path in (tree / "usr/bin").iterdir()) == ["prometheus", "prometheus-alertmanager"]
    assert tree.stat().st_mode & 0o777 == 0o755
    calls = apt.read_text().splitlines()
    assert calls[0].endswith("download prometheus prometheus-alertmanager")
    assert calls[1:] == ["dpkg -x", "dpkg -x"]
    assert "install" not in apt.read_text()
    assert [path.name for path in (tmp_path / "engines").iterdir()] == ["debian"], "packages are not kept"


def test_without_package_lists_private_ones_are_made(
    tmp_path: Path, apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEEDS_UPDATE", "1")
    debian.fetch(tmp_path / "engines")
    first, update, second = (line for line in apt.read_text().splitlines() if line.startswith("apt-get"))
    assert "Dir::State" not in first
    assert update.endswith("update")
    assert second.endswith("download prometheus prometheus-alertmanager")
    for call in (update, second):
        assert f"Dir::State={tmp_path}/engines/fetch-" in call
        assert f"Dir::Cache={tmp_path}/engines/fetch-" in call
        assert "Dir::State::status=/var/lib/dpkg/status" in call
    assert [path.name for path in (tmp_path / "engines").iterdir()] == ["debian"]


def test_debian_13_has_promtool_in_a_package_of_its_own(tmp_path: Path, apt: Path) -> None:
    (tmp_path / "tools/apt-cache").write_text("#!/bin/sh\nexit 0\n")
    debian.fetch(tmp_path / "engines")
    assert apt.read_text().splitlines()[0].endswith("download prometheus prometheus-alertmanager promtool")


@pytest.mark.usefixtures("apt")
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = debian.fetch(tmp_path / "engines")
    (tree / "mark").touch()
    monkeypatch.setenv("NEEDS_UPDATE", "1")
    monkeypatch.setenv("NO_NETWORK", "1")
    with pytest.raises(debian.FetchError, match="apt-get failed: E: Could not resolve the mirror"):
        debian.fetch(tmp_path / "engines")
    assert (tree / "mark").exists()
    assert [path.name for path in (tmp_path / "engines").iterdir()] == ["debian"]


@pytest.mark.usefixtures("apt")
def test_a_new_fetch_replaces_the_old_tree(tmp_path: Path) -> None:
    (debian.fetch(tmp_path / "engines") / "mark").touch()
    assert not (debian.fetch(tmp_path / "engines") / "mark").exists()


def test_another_system_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(debian.FetchError, match="apt-get, apt-cache, dpkg not found: this is not a Debian"):
        debian.fetch(tmp_path / "engines")
    assert not (tmp_path / "engines").exists()


@pytest.mark.usefixtures("apt")
def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(debian.FetchError, match=f"cannot write to {tmp_path}/file/engines: Not a directory"):
        debian.fetch(tmp_path / "file/engines")


@pytest.mark.usefixtures("apt")
def test_the_command_fetches_what_is_missing_and_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "engines"))
    monkeypatch.setenv("PATH", f"{tmp_path}/tools:/bin")
    # the made-up packages hold no tools
    assert command.main(["fetch"]) == 1
    out, err = capsys.readouterr()
    assert f"prometheus    2.42.0  {tmp_path}/engines/debian/usr/bin/prometheus" in out
    assert "promtool, amtool not found" in err
    assert "brew install" in err


def test_the_command_without_a_word_fetches_nothing(
    tmp_path: Path, apt: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "engines"))
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    assert command.main([]) == 1
    assert not apt.exists()
    assert "prometheus    missing: not on PATH, not in" in capsys.readouterr().out


def test_a_misuse_of_the_command_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["install"]) == 2
    assert "usage:" in capsys.readouterr().err
