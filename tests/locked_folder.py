"""A directory that nobody may look into, whoever runs the tests: root may read everything."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `chmod 000`: it is known that it is there, and nothing of what is in it."""

    def inside(path: object) -> bool:
        return isinstance(path, str | bytes | Path) and folder in Path(os.fsdecode(path)).absolute().parents

    def listed(path: object) -> bool:
        return isinstance(path, str | Path) and (Path(path).absolute() == folder or inside(path))

    def denying(real: Callable[..., object], closed: Callable[[object], bool]) -> Callable[..., object]:
        def tried(path: object = ".", *others: object, **named: object) -> object:
            if closed(path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            return real(path, *others, **named)

        return tried

    for name in ("open", "stat", "lstat"):
        monkeypatch.setattr(os, name, denying(getattr(os, name), inside))
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, denying(getattr(os, name), listed))
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not listed(path) and may(path, mode))
