"""Watchkeeper's root exports the SDK's names lazily: `import watchkeeper` loads nothing else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchkeeper._version import __version__
    from watchkeeper.sdk import Traces, Watchkeeper, init

__all__ = ["Traces", "Watchkeeper", "__version__", "init"]

_HOMES = {
    "Traces": "watchkeeper.sdk",
    "Watchkeeper": "watchkeeper.sdk",
    "__version__": "watchkeeper._version",
    "init": "watchkeeper.sdk",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
