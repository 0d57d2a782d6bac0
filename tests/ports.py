"""Ports that nothing listened on a moment ago."""

import socket
from contextlib import ExitStack


def free_port() -> int:
    (found,) = free_ports(1)
    return found


def free_ports(count: int) -> list[int]:
    """All different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
