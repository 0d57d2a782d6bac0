"""Files to text: the only place of this room that opens anything, and only what is small, regular and UTF-8."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeAlias

from watchkeeper.problem import Problem, Span
from watchkeeper.spec.wording import error

MAX_BYTES = 4 * 1024 * 1024
NOT_READ = frozenset({"not-utf8", "too-large", "unreadable"})
"""Codes of problems with a file of which not a word was read."""


@dataclass(frozen=True, slots=True)
class Source:
    file: str
    """As problems name it."""
    text: str


def _whole(file: str) -> Span:
    return Span(file, 0, 0, 0)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a pipe",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def _regular(path: Path) -> bytes | str:
    """The content, one byte more than allowed at most; or what stands there instead of a file. Raises OSError."""
    # without O_NONBLOCK a pipe without a writer would be waited for
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return _kind(mode)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)


def unreadable(file: str, failure: OSError | ValueError) -> Problem:
    reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
    return error(
        "unreadable",
        _whole(file),
        "cannot be read",
        found=reason[:1].lower() + reason[1:],
        fix="check the path and its permissions",
    )


def _bytes(path: Path, file: str) -> bytes | Problem:
    try:
        content = _regular(path)
    except (OSError, ValueError) as failure:
        return unreadable(file, failure)
    if isinstance(content, bytes):
        return content
    return error(
        "unreadable",
        _whole(file),
        "is no file",
        found=content,
        allowed="a YAML file",
        fix="name the file with the definitions, usually watchkeeper.yaml",
    )


def _encoding(content: bytes) -> str:
    head = content[:400]
    halves = (head[::2].count(0), head[1::2].count(0))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or max(halves) * 2 > 0.8 * len(head):
        return "UTF-16"
    return "a binary file" if 0 in content else "another encoding"


def _decoded(content: bytes, file: str) -> Source | Problem:
    if len(content) > MAX_BYTES:
        return error(
            "too-large",
            _whole(file),
            "is larger than 4 MiB",
            allowed="up to 4 MiB",
            fix="name the file with the definitions; logs and data do not belong here",
        )
    try:
        return Source(file, content.decode("utf-8-sig"))
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        begin = content.rfind(b"\n", 0, failure.start) + 1
        column = len(content[begin : failure.start].decode("utf-8", "replace")) + 1
        span = Span(file, line, column, column + 1)
        return error(
            "not-utf8",
            span,
            "is not UTF-8",
            found=_encoding(content),
            allowed="UTF-8 text",
            fix="save the file as UTF-8",
        )


def read(path: Path, file: str) -> Source | Problem:
    """The text of a file, which problems call `file`. Never raises, never blocks."""
    content = _bytes(path, file)
    return content if isinstance(content, Problem) else _decoded(content, file)


def pack_sources(pack: Traversable) -> list[Source | Problem]:
    """Every YAML file of a pack, sorted by the name problems give it: `pack/alerts/llm.yaml`."""
    try:
        return [_resource(each, name) for name, each in sorted(_definition_files(pack, "pack"))]
    except OSError as failure:
        return [unreadable("pack", failure)]


def _resource(resource: Traversable, file: str) -> Source | Problem:
    """A file of a pack, which may lie in an archive."""
    return read(resource, file) if isinstance(resource, Path) else _decoded(resource.read_bytes(), file)


def _definition_files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for child in folder.iterdir():
        name = f"{prefix}/{child.name}"
        if child.is_dir():
            yield from _definition_files(child, name)
        elif child.name.endswith((".yaml", ".yml")):
            yield name, child


def project_path(project: Path, default: str) -> Path:
    """The file that was meant: a directory stands for the one inside it."""
    try:
        return project / default if project.is_dir() else project
    except OSError:
        return project


Texts: TypeAlias = dict[str, Source | Problem]
"""By name; a folder that cannot be looked into is one problem instead."""


def runbook_pages(folder: Traversable, prefix: str) -> Texts | Problem:
    """The Markdown pages in `runbooks/` below a folder, which problems call `prefix`; none without such a folder."""
    return _texts(folder, prefix, "runbooks", ".md")


def examples(folder: Traversable, prefix: str) -> Texts | Problem:
    """The Python files in `examples/`, likewise: texts, never run from here."""
    return _texts(folder, prefix, "examples", ".py")


def _texts(folder: Traversable, prefix: str, inner: str, ending: str) -> Texts | Problem:
    place = folder / inner
    try:
        found = sorted(_files(place, ending), key=lambda file: file.name)
    except OSError as failure:
        return unreadable(f"{prefix}/{inner}", failure)
    return {file.name: _resource(file, f"{prefix}/{inner}/{file.name}") for file in found}


def _files(place: Traversable, ending: str) -> Iterator[Traversable]:
    if not isinstance(place, Path) and not place.is_dir():
        return
    try:
        found = list(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (file for file in found if file.name.endswith(ending) and file.is_file())
