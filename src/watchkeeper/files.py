"""The one writer: what is on disk is the old text or the new, never half of either.

Everything is written aside, synced, and only then renamed into place. A set of files is prepared completely before the
first rename, so an error (a full disk, a missing permission) leaves the directory as it was. A kill in the moment of
the renames may leave some files new and some old; each is whole, and the next run completes the set.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

MANIFEST = ".watchkeeper-files"
"""Names what was written last time: what is in it and no longer made is removed, anything else is never touched."""

_ASIDE = ".aside"


class UnsafePathError(ValueError):
    """A document's path would leave its directory, or is one of the writer's own names."""


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace `path` by `text` in one step, with exactly these permissions."""
    made: list[Path] = []
    try:
        _folder(path.parent, made)
        _stage(path, text.encode(), mode)
        _aside(path).replace(path)
    except OSError:
        _undo([path], made)
        raise
    _sync(path.parent)


def write_tree(directory: Path, files: Mapping[str, str], *, mode: int = 0o644) -> tuple[str, ...]:
    """Make `directory` hold `files` (relative path -> text), removing what an earlier call wrote and this one does not.

    Returns the paths that were changed, added or removed, sorted. Unchanged files keep their time stamps.
    """
    targets = {name: _inside(directory, name) for name in files}
    made: list[Path] = []
    try:
        _folder(directory, made)
        with _only_writer(directory):
            before = _manifest(directory)
            changed = {name: path for name, path in targets.items() if not _holds(path, files[name], mode)}
            stale = {name: _inside(directory, name) for name in sorted(before - files.keys())}
            for name, path in changed.items():
                _folder(path.parent, made)
                _stage(path, files[name].encode(), mode)
            # whatever happens from here on, the next run knows every file that may be ours
            write(directory / MANIFEST, _listing(before | files.keys()))
            for path in changed.values():
                _aside(path).replace(path)
            for path in stale.values():
                _remove(path, directory)
            for folder in sorted({path.parent for path in changed.values()}):
                _sync(folder)
            write(directory / MANIFEST, _listing(files.keys()))
    except OSError:
        _undo(targets.values(), made)
        raise
    return tuple(sorted({*changed, *stale}))


def differences(directory: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """What `write_tree` would change, add or remove, sorted. Permissions do not count: a checkout sets its own."""
    missing_or_other = {name for name, text in files.items() if _text(_inside(directory, name)) != text}
    return tuple(sorted(missing_or_other | (_manifest(directory) - files.keys())))


def _text(path: Path) -> str | None:
    if _is_other(path):
        return None
    try:
        return path.read_bytes().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _inside(directory: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or name == MANIFEST or parts[-1].endswith(_ASIDE):
        raise UnsafePathError(f"{name!r} is not a path below the directory it is written to")
    return directory.joinpath(*parts)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}{_ASIDE}")


def _holds(path: Path, text: str, mode: int) -> bool:
    if _is_other(path):
        return False
    try:
        return path.read_bytes() == text.encode() and path.stat().st_mode & 0o777 == mode
    except FileNotFoundError:
        return False


def _folder(path: Path, made: list[Path]) -> None:
    """With its parents; `made` gets those that were not there, the outermost first."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            with contextlib.suppress(FileExistsError):  # another writer was first, or the next step says what is there
                folder.mkdir()
                made.append(folder)


def _replaceable(path: Path) -> None:
    """A directory cannot be replaced by a file, and a device must not be."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a file of this name is to be written, and it is a directory", str(path))
    if _is_other(path):
        raise FileExistsError(errno.EEXIST, "it is no regular file", str(path))


def _is_other(path: Path) -> bool:
    """A pipe would be waited for, and a device may never end."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _undo(targets: Iterable[Path], made: Iterable[Path]) -> None:
    """Nothing aside and no empty directory is left of what failed."""
    for path in targets:
        # a parent that is no directory, or that nobody may write to, holds no leftover either
        with contextlib.suppress(OSError):
            _aside(path).unlink(missing_ok=True)
    for folder in reversed([*made]):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _stage(path: Path, content: bytes, mode: int) -> None:
    """Write aside what will be at `path`; an error names the path, not the name aside."""
    _replaceable(path)
    try:
        # created without any permission to others, so a secret is never readable for a moment
        descriptor = os.open(_aside(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as failure:
        failure.filename = str(path)
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path, directory: Path) -> None:
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == directory or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _manifest(directory: Path) -> frozenset[str]:
    try:
        return frozenset((directory / MANIFEST).read_text().splitlines())
    except FileNotFoundError:
        return frozenset()


def _listing(names: Iterable[str]) -> str:
    return "".join(f"{name}\n" for name in sorted(names))


@contextlib.contextmanager
def _only_writer(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sweep(directory)
        yield
    finally:
        os.close(descriptor)


def _sweep(directory: Path) -> None:
    """Remove what a killed writer left aside."""
    for leftover in directory.rglob(f".*{_ASIDE}"):
        leftover.unlink(missing_ok=True)
