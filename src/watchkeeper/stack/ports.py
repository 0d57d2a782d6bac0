"""Which port everything listens on: the usual one, or a free one where that is taken."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FIRST = 8460
NAMES = (
    "console",
    "inbox",
    "prometheus",
    "alertmanager",
    "ingress",
    "agent",
    "agent-metrics",
    "providers",
    "test-bench",
    "observatory",
    "incident-manager",
    "orchestrator",
    "cache",
    "probe",
    "stack-metrics",
    "node-metrics",
    "inbox-smtp",
)
"""In the order of their usual ports, from `FIRST` on."""
WITHOUT_DEMO = (*NAMES[:4], "stack-metrics", "node-metrics", "inbox-smtp")

Free = Callable[[int], bool]
"""Whether a port can be listened on."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A usual port that something else has."""

    name: str
    usual: int
    now: int


@dataclass(frozen=True, slots=True)
class Ports:
    by_name: Mapping[str, int]
    moved: tuple[Moved, ...]

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self[name]}"


def is_free(port: int) -> bool:
    """Nothing listens there now. Connections of an earlier run that are still closing do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def unused() -> int:
    """Any port that is free at this moment, chosen by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose(
    names: Sequence[str], *, first: int = FIRST, free: Free = is_free, another: Callable[[], int] = unused
) -> Ports:
    """A port for each name, all different. `first` is where the usual ports begin."""
    chosen: dict[str, int] = {}
    moved: list[Moved] = []
    usual_ports = {first + NAMES.index(name) for name in names}
    for name in names:
        usual = port = first + NAMES.index(name)
        if not free(usual):
            while port in usual_ports or port in chosen.values():
                port = another()
            moved.append(Moved(name, usual, port))
        chosen[name] = port
    return Ports(chosen, tuple(moved))
