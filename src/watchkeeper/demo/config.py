"""The one configuration file of the demo's processes: who listens where, and how much traffic there is."""

from pathlib import Path
from typing import Literal, Self, get_args

import msgspec

ModuleName = Literal["test-bench", "observatory", "incident-manager", "orchestrator"]
MODULES: tuple[ModuleName, ...] = get_args(ModuleName)
PROVIDERS = ("anthropic", "openai")


class ConfigError(ValueError):
    """The configuration file cannot be used; the text says which file and why."""


class DemoConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    environment: str
    version: str
    state: Path
    faults: Path
    ingress_port: int
    agent_port: int
    metrics_port: int
    providers_port: int
    module_ports: dict[ModuleName, int]
    cache_port: int
    probe_secret_file: Path
    speed: float = 1.0
    peak_rps: float = 20.0
    start_hour: float | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises ConfigError, with a text for the user, when the file is missing or does not fit."""
        try:
            config = msgspec.json.decode(path.read_bytes(), type=cls, dec_hook=_path)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise ConfigError(f"{path}: {error}") from error
        if sorted(config.module_ports) != sorted(MODULES):
            found = ", ".join(sorted(config.module_ports)) or "nothing"
            raise ConfigError(f"{path}: module_ports names {found}; it must name {', '.join(MODULES)}")
        if config.speed <= 0 or config.peak_rps <= 0:
            raise ConfigError(f"{path}: speed and peak_rps must be above 0")
        return config


def _path(kind: type, text: object) -> Path:
    """For fields that JSON has no type for; there is one such type."""
    if kind is not Path or not isinstance(text, str):
        raise TypeError(f"expected a path, got {text!r}")
    return Path(text)
