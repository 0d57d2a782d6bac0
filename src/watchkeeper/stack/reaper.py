"""The reaper process: outlives the supervisor by the few seconds it takes to end what the supervisor left.

It holds the reading end of a pipe, which tells which processes there are. When the pipe ends, the supervisor has
finished or is dead, however that came about: the reaper ends whatever is left, usually nothing after a clean stop. It
also holds the state directory's lock, so no new stack begins before the old one is gone.
"""

import signal
import sys
from pathlib import Path
from typing import BinaryIO

from watchkeeper.stack import processes
from watchkeeper.stack.processes import Identity

TOKEN_VARIABLE = "WATCHKEEPER_STACK"  # noqa: S105 - the name of a variable
TERM_SECONDS = 4.0
STRAY_SECONDS = 1.0
"""After a clean stop only what ran away from its group can be left."""


def follow(pipe: BinaryIO) -> tuple[Identity, ...]:
    """Read until the pipe ends: the processes that were left alone."""
    known: dict[int, Identity] = {}
    for line in pipe:
        match line.split():
            case [b"+", pid]:
                identity = processes.identify(int(pid))
                # gone already, but what it started may live on in its group
                known[int(pid)] = identity or Identity(int(pid), 0.0)
            case [b"-", pid]:
                known.pop(int(pid), None)
    return tuple(known.values())


def reap(leaders: tuple[Identity, ...], token: str) -> frozenset[int]:
    """End the leaders' groups and everything that carries the token. Returns what could not be ended."""
    marked = processes.has_variable(TOKEN_VARIABLE, token)
    patience = TERM_SECONDS if leaders else STRAY_SECONDS
    return processes.end(lambda: processes.members(leaders, marked), patience_seconds=patience)


def main(arguments: list[str]) -> int:
    """`reaper RUN_JSON TOKEN < pipe`"""
    record, token = Path(arguments[0]), arguments[1]
    # the supervisor decides when this ends, not a key or a closing terminal
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    immortal = reap(follow(sys.stdin.buffer), token)
    record.unlink(missing_ok=True)
    return 1 if immortal else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
