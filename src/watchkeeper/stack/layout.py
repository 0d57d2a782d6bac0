"""Where a stack keeps its things: one directory, every path in it named here."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT = Path(".watchkeeper")


@dataclass(frozen=True, slots=True)
class Layout:
    root: Path
    """Absolute, so that processes with another working directory mean the same place."""

    @classmethod
    def of(cls, root: Path) -> "Layout":
        return cls(root.resolve())

    @property
    def record(self) -> Path:
        return self.root / "run.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def password(self) -> Path:
        return self.secrets / "engine-password"

    def log(self, child: str) -> Path:
        return self.logs / f"{child}.log"
