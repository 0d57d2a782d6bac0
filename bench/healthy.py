"""Does a healthy service page anybody? Four hours of the day's traffic at six times the speed, with one deploy.

    python bench/healthy.py [--hours 4] [--speed 6] [--start-hour 8] [--state DIR]

Starts a stack of its own with the demo, quickens its load, deploys a version half-way, and counts. Providers refuse
three calls in a thousand once, people hang up, some ask for what does not exist: that is health. Exit code 1 when
somebody was paged, or more failed than half of what the objective allows.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec

LOOK_SECONDS = 60.0
FIRST_PORT = 18460
HEALTHY_SHARE = 0.0005
"""Of requests that may fail, at a deploy for example: half of what the objective of 99.9 % allows."""
ENDINGS = ("ok", "refused", "failed", "impatient", "left")


class Child(msgspec.Struct):
    name: str
    pid: int | None
    restarts: int


class Slo(msgspec.Struct):
    slo: str
    good_ratio_5m: float


class Status(msgspec.Struct):
    pages: int | None
    inbox: str
    children: tuple[Child, ...]
    slos: tuple[Slo, ...]

    def child(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of our own, driven through the command line as anybody would."""

    state: Path

    def run(self, *words: str, check: bool = True) -> str:
        command = [sys.executable, "-m", "watchkeeper.cli", *words, "--state", str(self.state)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if check and ended.returncode:
            sys.exit(f"{' '.join(words)}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    def status(self) -> Status:
        return msgspec.json.decode(self.run("status", "--json", check=False), type=Status)

    def quicken(self, speed: float, start_hour: float) -> None:
        """Give the load another pace; its supervisor starts it again with it."""
        file = self.state / "config" / "demo.json"
        settings = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
        file.write_bytes(msgspec.json.encode(settings | {"speed": speed, "start_hour": start_hour}))
        load = self.status().child("load")
        if load.pid is None:
            sys.exit("the load does not run")
        os.kill(load.pid, signal.SIGTERM)

    def endings(self) -> Counter[str]:
        """How requests ended, as the people who made them saw it."""
        log = (self.state / "logs" / "load.log").read_text()
        return Counter({name: sum(map(int, re.findall(rf" {name}=(\d+)", log))) for name in ENDINGS})


def watch(stack: Stack, seconds: float) -> None:
    """One line a minute until the time is over."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_SECONDS, left))
        now = stack.status()
        slos = "  ".join(f"{slo.slo} {slo.good_ratio_5m:.3%}" for slo in now.slos)
        print(f"{time.strftime('%H:%M:%S')}  pages {now.pages}  {slos}", flush=True)


def verdict(stack: Stack, hours: float) -> bool:
    status, endings = stack.status(), stack.endings()
    restarts = {child.name: child.restarts for child in status.children if child.restarts}
    print(f"pages {status.pages}, requests {endings.total()} in {hours:g} h of the day, {dict(endings)}")
    print(f"restarts {restarts} (the load's is ours, the agent's is the deploy)")
    return status.pages == 0 and endings["failed"] <= HEALTHY_SHARE * endings.total()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--speed", type=float, default=6.0)
    parser.add_argument("--start-hour", type=float, default=8.0)
    parser.add_argument("--state", type=Path, default=None)
    asked = parser.parse_args()
    stack = Stack(asked.state or Path(tempfile.mkdtemp(prefix="healthy-")))
    print(f"state in {stack.state}", flush=True)
    stack.run("up", "--demo", "--detach", "--port-base", str(FIRST_PORT))
    try:
        stack.quicken(asked.speed, asked.start_hour)
        seconds = asked.hours * 3600 / asked.speed
        watch(stack, seconds / 2)
        print(stack.run("demo", "break", "deploy", "1.1.0"), flush=True)
        watch(stack, seconds / 2)
        healthy = verdict(stack, asked.hours)
    finally:
        stack.run("down", check=False)
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
