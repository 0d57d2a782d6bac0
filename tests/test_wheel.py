"""What users install: everything the stack reads is in the wheel, nothing else is, and it works from there."""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

HOME = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(HOME)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def _run(unpacked: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "watchkeeper.cli", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin", "HOME": str(directory)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_file_of_the_package_is_in_it(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src/watchkeeper"], cwd=HOME, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name.removeprefix("src/") for name in tracked} <= packed


def test_nothing_else_is_in_it(wheel: Path) -> None:
    names = [PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()]
    assert {name.parts[0] for name in names if not name.parts[0].endswith(".dist-info")} == {"watchkeeper"}
    allowed = {".py", ".yaml", ".md", ".css", ".js", ".html", ".json", ".typed", ".proto", ".pyi", ".svg", ".xml"}
    assert {name.suffix for name in names if name.parts[0] == "watchkeeper"} <= allowed


def test_the_licence_and_the_command_are_in_it(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    info = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "watchkeeper = watchkeeper.cli:main" in archive.read(info).decode()
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


def test_it_compiles_the_pack_from_anywhere(unpacked: Path, tmp_path: Path) -> None:
    done = _run(unpacked, tmp_path, "build", "--out", "monitoring")
    assert done.returncode == 0, done.stdout + done.stderr
    for built in (tmp_path / "monitoring").rglob("*.yaml"):
        assert built.read_bytes() == (HOME / "monitoring" / built.relative_to(tmp_path / "monitoring")).read_bytes()


def test_it_is_the_unpacked_package_that_ran(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import watchkeeper; print(watchkeeper.__file__)"],
        env={"PYTHONPATH": str(unpacked)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(unpacked)
