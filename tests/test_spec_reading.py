"""Files that are no definitions: never a traceback, never a hang, always a problem that names the file."""

import errno
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchkeeper import spec
from watchkeeper.problem import Problem
from watchkeeper.spec.reading import MAX_BYTES, Source, pack_sources, read, runbook_pages

ROOT = Path(__file__).parent


def refused(path: Path) -> Problem:
    result = read(path, "name")
    assert isinstance(result, Problem)
    assert result.span.file == "name"
    return result


def test_a_file_is_read_with_and_without_its_mark(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfservice: x\n")
    (tmp_path / "b.yaml").write_bytes(b"service: x\n")
    assert read(tmp_path / "a.yaml", "a") == Source("a", "service: x\n")
    assert read(tmp_path / "b.yaml", "b") == Source("b", "service: x\n")


def test_a_missing_file() -> None:
    problem = refused(Path("/nowhere/watchkeeper.yaml"))
    assert (problem.code, problem.found) == ("unreadable", "no such file or directory")


def test_a_directory(tmp_path: Path) -> None:
    assert (refused(tmp_path).code, refused(tmp_path).found) == ("unreadable", "a directory")


def test_a_pipe_without_a_writer_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    start = time.monotonic()
    assert refused(tmp_path / "pipe").found == "a pipe"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/full"])
def test_a_device(device: str) -> None:
    assert refused(Path(device)).found == "a device"


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refused(tmp_path / "a").code == "unreadable"


def test_names_that_no_file_can_have() -> None:
    assert refused(Path("a\0b")).code == "unreadable"
    assert refused(Path("x" * 5000)).code == "unreadable"


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # whoever runs this may read everything

    monkeypatch.setattr(os, "open", denied)
    assert refused(tmp_path / "a.yaml").found == "permission denied"


def test_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(100 * 1024 * 1024)
    start = time.monotonic()
    assert refused(path).code == "too-large"
    assert time.monotonic() - start < 10
    path.write_bytes(b"#" * MAX_BYTES)
    assert isinstance(read(path, "name"), Source)


@pytest.mark.parametrize(
    ("content", "found", "place"),
    [
        ("service: x\n".encode("utf-16"), "UTF-16", (1, 1)),
        ("service: über\n".encode("utf-16-le"), "UTF-16", (1, 19)),
        ("a: 1\nb: übel\n".encode("latin-1"), "another encoding", (2, 4)),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00\x03\x00>\x00\xff", "a binary file", (1, 15)),
        (b"a: \xed\xa0\x80\n", "another encoding", (1, 4)),  # half a surrogate pair
    ],
)
def test_other_encodings(tmp_path: Path, content: bytes, found: str, place: tuple[int, int]) -> None:
    (tmp_path / "a").write_bytes(content)
    problem = refused(tmp_path / "a")
    assert (problem.code, problem.found) == ("not-utf8", found)
    assert (problem.span.line, problem.span.column) == place


def test_load_takes_a_directory_for_the_file_inside(tmp_path: Path) -> None:
    (tmp_path / "watchkeeper.yaml").write_text("service: my-agent\n")
    loaded = spec.load(tmp_path, pack=ROOT / "golden" / "pack")
    assert loaded.catalog is not None
    assert loaded.catalog.services[0].name == "my-agent"


@pytest.mark.parametrize("path", ["/dev/zero", "/nowhere/x.yaml", "/proc/self/mem", "/bin/sh", "/", "x" * 5000, "a\0b"])
def test_load_never_raises_for_what_is_no_definition(path: str) -> None:
    loaded = spec.load(Path(path), pack=ROOT / "golden" / "pack")
    assert loaded.catalog is None
    assert loaded.problems


def test_a_pack_that_is_not_there() -> None:
    loaded = spec.load(pack=Path("/nowhere"))
    assert loaded.catalog is None
    (problem, *_) = loaded.problems
    assert problem.code == "unreadable"


def test_files_of_a_pack_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.yaml", "a.yml", "b/c.yaml", "notes.txt"):
        (tmp_path / name).write_text("")
    files = [source.file for source in pack_sources(tmp_path) if isinstance(source, Source)]
    assert files == ["pack/a.yml", "pack/b/c.yaml", "pack/z.yaml"]


def test_a_pack_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for path in sorted((ROOT / "golden" / "pack").rglob("*.*")):
            archive.write(path, path.relative_to(ROOT / "golden").as_posix())
    loaded = spec.load(pack=zipfile.Path(tmp_path / "pack.zip", "pack/"))
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert loaded.catalog.runbooks == ("availability.md", "database-down.md", "high-latency.md")


def test_runbooks_are_pages_beside_the_definitions(tmp_path: Path) -> None:
    assert runbook_pages(tmp_path, "pack") == {}
    folder = tmp_path / "runbooks"
    (folder / "folder.md").mkdir(parents=True)
    os.mkfifo(folder / "pipe.md")
    (folder / "b.md").write_text("# b")
    (folder / "a.md").write_text("# a")
    (folder / "b.txt").write_text("b")
    found = runbook_pages(tmp_path, "pack")
    assert not isinstance(found, Problem)
    assert list(found.items()) == [
        ("a.md", Source("pack/runbooks/a.md", "# a")),
        ("b.md", Source("pack/runbooks/b.md", "# b")),
    ]


def test_a_page_of_the_project_goes_before_one_of_the_pack(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: x\nextends: copilot\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "database-down.md").write_text("# Ours\n")
    loaded = spec.load(project, pack=ROOT / "golden" / "pack")
    assert loaded.catalog is not None, loaded.problems
    texts = {page.name: page.text for page in loaded.catalog.pages}
    assert texts["database-down.md"] == "# Ours\n"
    assert texts["availability.md"] == (ROOT / "golden" / "pack" / "runbooks" / "availability.md").read_text()
    assert loaded.catalog.runbooks == tuple(sorted(texts))


def test_a_folder_of_pages_that_cannot_be_read_is_one_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one more for each page that an alert names."""
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: x\nextends: copilot\nalerts: {DatabaseDown: {runbook: ours.md}}\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "ours.md").write_text("# Ours\n")
    listed = Path.iterdir

    def denied(path: Path) -> Iterator[Path]:
        if path == tmp_path / "runbooks":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", denied)
    loaded = spec.load(project, pack=ROOT / "golden" / "pack")
    assert loaded.catalog is None
    (problem,) = loaded.problems
    assert (problem.code, problem.span.file) == ("unreadable", str(tmp_path / "runbooks"))
    assert problem.found == "permission denied"


def test_a_page_that_is_no_text_is_one_problem_at_its_place(tmp_path: Path) -> None:
    """Not a second one where an alert names it."""
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: x\nextends: copilot\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "database-down.md").write_bytes(b"# Ours\ngef\xe4hrlich\n")
    loaded = spec.load(project, pack=ROOT / "golden" / "pack")
    assert loaded.catalog is None
    (problem,) = loaded.problems
    assert (problem.code, problem.span.file) == ("not-utf8", str(tmp_path / "runbooks" / "database-down.md"))
    assert (problem.span.line, problem.span.column) == (2, 4)
