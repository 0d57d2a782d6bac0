"""The one writer: old or new, nothing between, nothing left aside, nothing of others touched."""

import contextlib
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from watchkeeper import files


def _tree(directory: Path) -> dict[str, str]:
    paths = (path for path in directory.rglob("*") if path.is_file() and path.name != files.MANIFEST)
    return {str(path.relative_to(directory)): path.read_text() for path in paths}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_write_creates_parents_and_sets_exactly_the_mode(tmp_path: Path) -> None:
    previous = os.umask(0o077)
    try:
        files.write(tmp_path / "a" / "b.txt", "hello\n")
        files.write(tmp_path / "a" / "secret", "s3cret", mode=0o600)
    finally:
        os.umask(previous)
    assert _tree(tmp_path) == {"a/b.txt": "hello\n", "a/secret": "s3cret"}
    assert _mode(tmp_path / "a" / "b.txt") == 0o644
    assert _mode(tmp_path / "a" / "secret") == 0o600


def test_write_replaces_the_file_and_not_what_a_reader_has_open(tmp_path: Path) -> None:
    path = tmp_path / "x"
    files.write(path, "old")
    with path.open() as reader:
        files.write(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_write_leaves_nothing_aside_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        files.write(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_what_fails_leaves_no_directory_behind_and_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("of somebody else")
    with pytest.raises(OSError, match="Not a directory") as caught:
        files.write_tree(tmp_path, {"new/deep/a.yml": "1", "rules/b.yml": "2"})
    assert caught.value.filename == str(tmp_path / "rules" / "b.yml")
    assert [path.name for path in tmp_path.iterdir()] == ["rules"]
    with pytest.raises(OSError, match="Not a directory"):
        files.write(tmp_path / "rules" / "new" / "b.yml", "2")
    assert [path.name for path in tmp_path.iterdir()] == ["rules"]
    (tmp_path / "here" / files.MANIFEST).mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.write_tree(tmp_path / "here", {"a.yml": "1"})
    assert [path.name for path in (tmp_path / "here").iterdir()] == [files.MANIFEST]


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    """As root, `--out /dev/stdout` would take the device away."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileExistsError, match="no regular file"):
        files.write(tmp_path / "pipe", "text")
    with pytest.raises(FileExistsError, match="no regular file"):
        files.write_tree(tmp_path, {"a": "1", "pipe": "2"})
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_write_tree_says_what_it_changed(tmp_path: Path) -> None:
    assert files.write_tree(tmp_path, {"a.yml": "1", "rules/b.yaml": "2"}) == ("a.yml", "rules/b.yaml")
    assert files.write_tree(tmp_path, {"a.yml": "1", "rules/b.yaml": "2"}) == ()
    assert files.write_tree(tmp_path, {"a.yml": "1", "rules/b.yaml": "3"}) == ("rules/b.yaml",)
    assert _tree(tmp_path) == {"a.yml": "1", "rules/b.yaml": "3"}


def test_unchanged_files_are_left_alone(tmp_path: Path) -> None:
    files.write_tree(tmp_path, {"a": "1"})
    before = (tmp_path / "a").stat()
    files.write_tree(tmp_path, {"a": "1", "b": "2"})
    after = (tmp_path / "a").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_wrong_mode_counts_as_a_change(tmp_path: Path) -> None:
    files.write_tree(tmp_path, {"a": "1"}, mode=0o644)
    assert files.write_tree(tmp_path, {"a": "1"}, mode=0o600) == ("a",)
    assert _mode(tmp_path / "a") == 0o600


def test_stale_files_and_their_empty_directories_go(tmp_path: Path) -> None:
    files.write_tree(tmp_path, {"keep": "1", "old/deep/x": "2", "old/y": "3"})
    assert files.write_tree(tmp_path, {"keep": "1"}) == ("old/deep/x", "old/y")
    assert _tree(tmp_path) == {"keep": "1"}
    assert not (tmp_path / "old").exists()


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text("by hand")
    files.write_tree(tmp_path, {"rules/generated.yaml": "1"})
    files.write_tree(tmp_path, {"other": "2"})
    assert _tree(tmp_path) == {"rules/mine.yaml": "by hand", "other": "2"}


def test_differences_names_what_write_tree_would_touch(tmp_path: Path) -> None:
    documents = {"same": "1", "other": "1", "missing": "1", "rules/a": "1"}
    files.write_tree(tmp_path, {"same": "1", "other": "0", "rules": "a file where a directory will be", "stale": "1"})
    (tmp_path / "foreign").write_text("by hand")
    (tmp_path / "same").chmod(0o600)
    assert files.differences(tmp_path, documents) == ("missing", "other", "rules", "rules/a", "stale")
    assert files.differences(tmp_path / "nowhere", {"a": "1"}) == ("a",)
    files.write_tree(tmp_path, {"same": "1"})
    assert files.differences(tmp_path, {"same": "1"}) == ()


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", ".", files.MANIFEST, "a/.b.aside"])
def test_paths_that_leave_the_directory_are_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(files.UnsafePathError, match="not a path below"):
        files.write_tree(tmp_path / "out", {"good": "1", name: "2"})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("blocked", ["sub", "plain/inner"])
def test_an_error_while_preparing_leaves_the_old_tree(tmp_path: Path, blocked: str) -> None:
    files.write_tree(tmp_path, {"a": "old", "plain": "old"})
    (tmp_path / "sub").mkdir()
    with pytest.raises(OSError, match=blocked.split("/", maxsplit=1)[0]):
        files.write_tree(tmp_path, {"a": "new", "b": "new", blocked: "in the way"})
    assert _tree(tmp_path) == {"a": "old", "plain": "old"}
    assert (tmp_path / files.MANIFEST).read_text() == "a\nplain\n"


def test_a_full_disk_leaves_the_old_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_tree(tmp_path, {"a": "old", "b": "old"})
    synced: list[int] = []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_tree(tmp_path, {"a": "new", "b": "new"})
    assert _tree(tmp_path) == {"a": "old", "b": "old"}


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    files.write_tree(tmp_path, {"rules/a": "1"})
    (tmp_path / "rules" / ".a.4711.aside").write_text("half")
    files.write_tree(tmp_path, {"rules/a": "1"})
    assert _tree(tmp_path) == {"rules/a": "1"}


def test_interrupted_between_renames_the_next_run_completes_and_forgets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_tree(tmp_path, {"a": "old", "gone": "old"})
    replace = Path.replace

    def dies_at_b(self: Path, target: Path) -> Path:
        if target.name == "b":
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies_at_b)
        with pytest.raises(KeyboardInterrupt):
            files.write_tree(tmp_path, {"a": "new", "b": "new"})
    # `b` was promised in the list before the first rename, so a later run without it would remove it
    assert (tmp_path / files.MANIFEST).read_text() == "a\nb\ngone\n"
    files.write_tree(tmp_path, {"a": "new", "b": "new"})
    assert _tree(tmp_path) == {"a": "new", "b": "new"}


_WRITE_FOR_EVER = """
import itertools, pathlib, sys
from watchkeeper import files
for number in itertools.count():
    files.write_tree(pathlib.Path(sys.argv[1]), {f"part-{index}": str(number % 2) * 20_000 for index in range(6)})
    if number == 0:
        print("writing", flush=True)
"""


def test_killed_at_any_moment_every_file_is_whole(tmp_path: Path) -> None:
    """Ten kills at arbitrary moments: each file holds one text completely, and the directory still takes a write."""
    whole = {"0" * 20_000, "1" * 20_000}
    for attempt in range(10):
        command = [sys.executable, "-c", _WRITE_FOR_EVER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                writer.wait(0.003 * attempt)
            writer.kill()
        parts = sorted(tmp_path.glob("part-*"))
        assert len(parts) == 6
        assert all(path.read_text() in whole for path in parts)
    files.write_tree(tmp_path, {"only": "1"})
    assert _tree(tmp_path) == {"only": "1"}


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    """While another process holds the directory, a writer waits instead of writing into the same set."""
    files.write_tree(tmp_path, {"a": "1"})
    program = f"import pathlib, watchkeeper.files as f; f.write_tree(pathlib.Path({str(tmp_path)!r}), {{'a': '2'}})"
    holder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        writer = subprocess.Popen([sys.executable, "-c", program])
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(0.4)
        assert _tree(tmp_path) == {"a": "1"}
    finally:
        os.close(holder)
    assert writer.wait(10) == 0
    assert _tree(tmp_path) == {"a": "2"}
