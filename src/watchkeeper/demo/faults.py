"""What can be broken in the demo, and the one file that says what is broken now.

Every process of the demo reads that file and breaks its own part. The file is replaced as a whole, so a reader never
sees half of it, and it outlives restarts of the processes.
"""

import asyncio
import difflib
import fcntl
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from watchkeeper.demo.config import MODULES, PROVIDERS

POLL_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Fault(StrEnum):
    PROVIDER_OUTAGE = "provider-outage"
    PROVIDER_DOWN = "provider-down"
    PROVIDER_SLOW = "provider-slow"
    DATABASE_DOWN = "database-down"
    REDIS_DOWN = "redis-down"
    MODULE_DOWN = "module-down"
    ERROR_RATE = "error-rate"
    LATENCY = "latency"
    HANG = "hang"
    INGRESS_DOWN = "ingress-down"
    STREAM_DEATH = "stream-death"
    LOOP_BLOCK = "loop-block"
    DEPLOY = "deploy"
    COST_SPIKE = "cost-spike"


class FaultError(ValueError):
    """A fault or an argument that does not exist; the text says what is allowed."""


class Active(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault that is on. `arguments` holds at most one entry: the fault's argument under its name."""

    fault: Fault
    since: float
    arguments: dict[str, str] = {}

    @property
    def argument(self) -> str:
        return next(iter(self.arguments.values()), "")

    def __str__(self) -> str:
        return f"{self.fault} {self.argument}".rstrip()


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    active: tuple[Active, ...] = ()


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    allowed: str
    parse: Callable[[str], str | None]
    """The argument in its one canonical spelling, or None when it is not allowed."""


@dataclass(frozen=True, slots=True)
class Explanation:
    summary: str
    """What is broken."""
    seen: str
    """What people who use the service notice."""
    alerts: tuple[str, ...]
    """Alerts of the shipped pack to expect, the first one first."""
    argument: Argument | None = None


def _module(text: str) -> str | None:
    return text if text in MODULES else None


def _provider(text: str) -> str | None:
    return text if text in PROVIDERS else None


def _share(text: str) -> str | None:
    number, percent = text.removesuffix("%"), text.endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        return None
    return f"{share:g}" if 0 < share <= 1 else None


def _version(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,31}", text) else None


FAULTS: dict[Fault, Explanation] = {
    Fault.PROVIDER_OUTAGE: Explanation(
        "Both model providers answer every call with an error.",
        "Questions are answered with 502; login, history and lists still work.",
        ("ServiceOutage", "ErrorBudgetBurnRateCritical", "LLMAPIHighErrorRate", "LLMProviderDown", "HighErrorRate"),
    ),
    Fault.PROVIDER_DOWN: Explanation(
        "One model provider answers every call with an error.",
        "Next to nothing: the other provider stands in.",
        ("LLMFallbackActive",),
        Argument("name", f"one of {', '.join(PROVIDERS)}", _provider),
    ),
    Fault.PROVIDER_SLOW: Explanation(
        "Both model providers take 20 s longer.",
        "Answers come after 20 s; most people leave before.",
        ("ServiceOutage", "ErrorBudgetBurnRateCritical", "LLMAPIHighErrorRate", "ExtremeLatency"),
    ),
    Fault.DATABASE_DOWN: Explanation(
        "The agent cannot use its database.",
        "Nearly every request is answered with 503.",
        ("ServiceOutage", "DatabaseDown", "ErrorBudgetBurnRateCritical"),
    ),
    Fault.REDIS_DOWN: Explanation(
        "The cache is stopped.",
        "Nothing: answers are built from the database instead.",
        ("RedisDown",),
    ),
    Fault.MODULE_DOWN: Explanation(
        "One module behind gRPC is stopped.",
        "Answers lack what the module does; without the orchestrator no workflow runs.",
        ("ModuleIntegrationFailure", "ModuleUnhealthy"),
        Argument("name", f"one of {', '.join(MODULES)}", _module),
    ),
    Fault.ERROR_RATE: Explanation(
        "A share of all API requests fails inside the agent.",
        "That share of requests is answered with 500.",
        ("ServiceOutage", "ErrorBudgetBurnRateCritical", "HighErrorRate"),
        Argument("share", "a share above 0 and up to 1, such as 0.3 or 30%", _share),
    ),
    Fault.LATENCY: Explanation(
        "Every API request takes 3 s longer.",
        "Everything works and feels broken; a conversation of three steps takes ten seconds.",
        ("ServiceOutage", "ProbeFailing", "ErrorBudgetBurnRateHigh"),
    ),
    Fault.HANG: Explanation(
        "Every API request takes 8 s longer.",
        "Everything hangs; people give up, and come back to hang again.",
        ("ServiceOutage", "ProbeFailing", "AnswersHang", "ExtremeLatency"),
    ),
    Fault.INGRESS_DOWN: Explanation(
        "The front door refuses connections; the agent behind it is well.",
        "Nobody gets in. The agent's own figures look healthy, there is just no traffic.",
        ("ServiceOutage", "ProbeFailing"),
    ),
    Fault.STREAM_DEATH: Explanation(
        "Streamed model answers break off after a few words.",
        "Streamed answers stop in mid-sentence although they began with 200.",
        ("ServiceOutage", "ErrorBudgetBurnRateCritical", "HighErrorRate", "LLMAPIHighErrorRate"),
    ),
    Fault.LOOP_BLOCK: Explanation(
        "Blocking code holds the agent's event loop for 0.4 s again and again.",
        "Everything is slower, streams stutter.",
        ("HighEventLoopLag",),
    ),
    Fault.DEPLOY: Explanation(
        "The agent finishes its requests and starts again as another version. Not a fault: a thing that happens.",
        "Nothing: the ingress holds new requests for the seconds it takes.",
        ("NewVersionDeployed",),
        Argument("version", "a version such as 1.1.0", _version),
    ),
    Fault.COST_SPIKE: Explanation(
        "Every model call uses eight times the tokens.",
        "Nothing; the bill does.",
        ("LLMCostSpike", "LLMTokenAbuse"),
    ),
}


def find(name: str) -> Fault:
    """The fault of this name; FaultError names the nearest one and all of them."""
    if name in set(Fault):
        return Fault(name)
    near = difflib.get_close_matches(name, list(Fault), n=1, cutoff=0.5)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise FaultError(f"there is no fault `{name}`.{hint} Faults: {', '.join(Fault)}.")


def activate(name: str, arguments: Sequence[str], *, since: float) -> Active:
    """The fault as the user typed it, checked."""
    fault = find(name)
    wanted = FAULTS[fault].argument
    if wanted is None:
        if arguments:
            raise FaultError(f"`{fault}` takes no argument; found `{' '.join(arguments)}`.")
        return Active(fault, since)
    if len(arguments) != 1:
        found = f"found `{' '.join(arguments)}`" if arguments else "found none"
        raise FaultError(f"`{fault}` takes one argument, {wanted.name.upper()}: {wanted.allowed}; {found}.")
    value = wanted.parse(arguments[0])
    if value is None:
        raise FaultError(f"`{arguments[0]}` is no {wanted.name.upper()} for `{fault}`; allowed: {wanted.allowed}.")
    return Active(fault, since, {wanted.name: value})


@dataclass(frozen=True, slots=True)
class Faults:
    """What is broken at one moment."""

    active: tuple[Active, ...] = ()

    def __contains__(self, fault: Fault) -> bool:
        return any(item.fault is fault for item in self.active)

    def arguments(self, fault: Fault) -> tuple[str, ...]:
        return tuple(item.argument for item in self.active if item.fault is fault)

    def argument(self, fault: Fault, default: str) -> str:
        return next(iter(self.arguments(fault)), default)

    def broken(self, new: Active) -> "Faults":
        """With `new`; it replaces the same fault, except that several modules can be down together."""
        together = new.fault is Fault.MODULE_DOWN
        kept = (
            item for item in self.active if item.fault is not new.fault or (together and item.argument != new.argument)
        )
        return Faults((*kept, new))

    def healed(self, fault: Fault | None = None) -> "Faults":
        """Without `fault`, or without all of them. A deployed version is rolled back only when named."""
        if fault is None:
            return Faults(tuple(item for item in self.active if item.fault is Fault.DEPLOY))
        return Faults(tuple(item for item in self.active if item.fault is not fault))


def read(path: Path) -> Faults:
    """What the file says; nothing is broken when there is none."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Faults()
    try:
        return Faults(msgspec.json.decode(text, type=_Document).active)
    except msgspec.DecodeError as error:
        raise FaultError(f"{path}: {error}; delete the file to heal everything.") from error


def write(path: Path, faults: Faults) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(msgspec.json.encode(_Document(faults.active)) + b"\n")
    aside.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time, so that two commands typed together both count."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def break_(path: Path, name: str, arguments: Sequence[str], *, now: float | None = None) -> Active:
    """Break something in every process that watches `path`."""
    new = activate(name, arguments, since=time.time() if now is None else now)
    with _alone(path):
        write(path, read(path).broken(new))
    return new


def heal(path: Path, name: str | None = None) -> tuple[Active, ...]:
    """Heal one fault or all; says what was healed."""
    fault = None if name is None else find(name)
    with _alone(path):
        before = read(path)
        after = before.healed(fault)
        if after != before:
            write(path, after)
    return tuple(item for item in before.active if item not in after.active)


class FaultWatch:
    """Follows the file. `now` is what is broken at this moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = Faults()
        self._seen: tuple[int, int] | None = None

    def refresh(self) -> bool:
        """Read the file if it is another one than before; True when something changed."""
        seen = self._identity()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            faults = read(self.path)
        except FaultError as error:
            _log.warning("%s", error)
            return False
        changed, self.now = faults != self.now, faults
        return changed

    async def apply(self, effect: Callable[[Faults], Awaitable[None]], stop: asyncio.Event) -> None:
        """Hand what is broken to `effect`: now, and after every change until `stop` is set."""
        self.refresh()
        await effect(self.now)
        while not await _set_within(stop, POLL_SECONDS):
            if self.refresh():
                await effect(self.now)

    async def follow(self, stop: asyncio.Event) -> None:
        """Keep `now` true until `stop` is set."""
        await self.apply(_nothing, stop)

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return (status.st_ino, status.st_mtime_ns)


async def _nothing(_: Faults) -> None:
    """The effect of processes that look at `now` themselves."""


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
