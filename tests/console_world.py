"""A made-up stack for the console: engines that answer what a test wants, around the shipped definitions."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from importlib.resources import files

from watchkeeper import conventions, spec
from watchkeeper.console import Runbooks, Sources, questions
from watchkeeper.console.compiled import definitions
from watchkeeper.console.definitions import Definitions
from watchkeeper.console.facts import Message
from watchkeeper.live.alertmanager import AlertState as Handling
from watchkeeper.live.alertmanager import Matcher, NotifiedAlert, Silence, SilenceState
from watchkeeper.live.errors import LiveError, Unreachable
from watchkeeper.live.labels import Labels
from watchkeeper.live.prometheus import AlertState, FiringAlert, Sample, Series
from watchkeeper.quantity import Duration

NOW = datetime(2026, 11, 23, 14, 7, 0, tzinfo=UTC).timestamp()
SERVICE = "llm-copilot-agent"
MINUTE = 60.0


@lru_cache(maxsize=1)
def pack() -> Definitions:
    loaded = spec.load(None)
    assert loaded.catalog is not None, loaded.problems
    return definitions(loaded.catalog)


def pages() -> Runbooks:
    return Runbooks((files("watchkeeper") / "pack" / "runbooks",))


@dataclass
class Standing:
    """One objective, as the rules would record it."""

    failing: float = 0.0004
    over_window: float = 0.0003
    over_hour: float = 0.0004
    left: float = 0.7
    coverage: float = 1.0


def _calm() -> dict[str, Standing]:
    return {
        "availability": Standing(),
        "latency-simple": Standing(failing=0.01, over_window=0.012, over_hour=0.01, left=0.76),
        "latency-complex": Standing(failing=0.02, over_window=0.025, over_hour=0.02, left=0.5),
    }


@dataclass
class World:
    """Everything well, until a test says otherwise. The doubles read it at every question."""

    now: float = NOW
    started: float = NOW - 6 * 3600
    slos: dict[str, Standing] = field(default_factory=_calm)
    remembered: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Objectives that are silent now: when they were last counted, and their last value."""
    traffic: float = 20.0
    """Requests a second; zero: none is counted."""
    idle: bool = False
    """Counters are there and stand still."""
    measured_ago: float | None = 3.0
    """Age of the newest sample; None: nothing was ever measured."""
    probe: float | None = 1.0
    firing: list[FiringAlert] = field(default_factory=list)
    held: list[NotifiedAlert] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)
    changing: list[Series] = field(default_factory=list)
    curves: dict[str, list[Series]] = field(default_factory=dict)
    """Answers to range queries, by a part of the query."""
    down: set[str] = field(default_factory=set)
    """Names of backends that do not answer."""
    definitions: Definitions | None = field(default_factory=pack)
    watchdog: bool = True
    asked: list[str] = field(default_factory=list)
    zone: tzinfo = UTC

    def sources(self) -> Sources:
        return Sources(
            metrics=_Metrics(self),
            notifications=_Notifications(self),
            inbox=_Inbox(self),
            definitions=lambda: self.definitions,
            clock=lambda: self.now,
            zone=self.zone,
            environment="demo",
            started=self.started,
        )

    def fire(
        self,
        name: str,
        *,
        minutes: float = 4.0,
        value: float = 1.0,
        pending: bool = False,
        held: bool = True,
        **labels: str,
    ) -> FiringAlert:
        """An alert of the pack, with its own texts, held by Alertmanager as well."""
        defined = pack().find(name, labels)
        assert defined is not None, name
        texts = {
            "summary": defined.summary,
            "impact": defined.impact,
            "actions": "\n".join(f"{number}. {action}" for number, action in enumerate(defined.actions, 1)),
            "escalation": defined.escalation,
            "threshold": defined.threshold,
            "detection": defined.detection,
            "runbook": defined.runbook,
        }
        known = dict(defined.labels) | {"alertname": name, "service": SERVICE, "environment": "demo"} | labels
        return self.add(known, texts, minutes=minutes, value=value, pending=pending, held=held)

    def add(
        self,
        labels: dict[str, str],
        texts: dict[str, str],
        *,
        minutes: float = 4.0,
        value: float = 1.0,
        pending: bool = False,
        held: bool = True,
    ) -> FiringAlert:
        since = datetime.fromtimestamp(self.now - minutes * MINUTE, UTC)
        state = AlertState.PENDING if pending else AlertState.FIRING
        alert = FiringAlert(labels.get("alertname", ""), state, Labels(labels), Labels(texts), since, value)
        self.firing.append(alert)
        if held and not pending:
            receivers = {"critical": ("pagerduty-critical", "slack-incidents"), "info": ("console-only",)}
            told = receivers.get(labels.get("severity", ""), ("slack-reliability",))
            self.held.append(held_alert(alert, told))
        return alert

    def mute(self, name: str, *, by: str = "", comment: str = "") -> None:
        """Inhibit an alert by another, or silence it with a comment."""
        for index, alert in enumerate(self.held):
            if alert.name == name:
                inhibited = tuple(other.fingerprint for other in self.held if by and other.name == by)
                silenced = ("s1",) if comment else ()
                self.held[index] = replace(
                    alert, state=Handling.SUPPRESSED, inhibited_by=inhibited, silenced_by=silenced
                )
        if comment:
            moment = datetime.fromtimestamp(self.now, UTC)
            matchers = (Matcher("alertname", name, is_regex=False),)
            self.silences.append(
                Silence("s1", SilenceState.ACTIVE, matchers, moment, moment.replace(hour=16), "ana", comment)
            )


def held_alert(alert: FiringAlert, receivers: tuple[str, ...]) -> NotifiedAlert:
    moment = alert.active_at
    return NotifiedAlert(
        name=alert.name,
        fingerprint=f"fp-{alert.name}-{len(alert.labels)}",
        state=Handling.ACTIVE,
        labels=Labels(dict(alert.labels) | {"environment": "demo"}),
        annotations=alert.annotations,
        receivers=receivers,
        inhibited_by=(),
        silenced_by=(),
        starts_at=moment,
        ends_at=moment,
        updated_at=moment,
    )


def message(alert: str, *, at: float = NOW - 180, page: bool = True, firing: bool = True, title: str = "") -> Message:
    channel = "PagerDuty (pagerduty-critical)" if page else "Slack (slack-incidents)"
    state = "critical" if firing else "resolved"
    return Message(at, channel, alert, title or f"[{state}] {alert} {SERVICE} demo", firing, page and firing)


def curve(*values: float, labels: dict[str, str] | None = None, end: float = NOW, step: float = 30.0) -> Series:
    first = end - (len(values) - 1) * step
    points = tuple((first + index * step, value) for index, value in enumerate(values))
    return Series(Labels(labels or {}), points)


class _Metrics:
    def __init__(self, world: World) -> None:
        self._world = world

    def _answering(self) -> World:
        return _answering(self._world, "Prometheus")

    def alerts(self) -> tuple[FiringAlert, ...]:
        world = self._answering()
        always = (_watchdog(world),) if world.watchdog else ()
        return (*world.firing, *always)

    def instant(self, query: str) -> tuple[Sample, ...]:
        world = self._answering()
        world.asked.append(query)
        answers = {
            questions.FRESH: self._fresh,
            questions.LAST_FRESH: lambda: self._fresh(old=True),
            questions.BAD: lambda: self._rates(bad=True),
            questions.COUNTED: lambda: self._rates(bad=False),
            questions.LAST_COUNTED: self._last_counted,
            questions.PROBE: self._probe,
        }
        if query in answers:
            return tuple(answers[query]())
        if query.startswith("last_over_time("):
            return tuple(self._last_recorded())
        return tuple(self._recorded())

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        world = self._answering()
        world.asked.append(query)
        assert start < end
        assert step > 0
        if query == questions.CHANGING:
            return tuple(world.changing)
        return next((tuple(found) for part, found in world.curves.items() if part in query), ())

    def _fresh(self, *, old: bool = False) -> Iterator[Sample]:
        ago = self._world.measured_ago
        if ago is not None and (old or ago < 300):
            yield Sample(Labels({"job": "watchkeeper-critical"}), self._world.now, self._world.now - ago)

    def _rates(self, *, bad: bool) -> Iterator[Sample]:
        world = self._world
        for name, standing in world.slos.items():
            if name not in world.remembered and world.traffic > 0:
                rate = 0.0 if world.idle else world.traffic * (standing.failing if bad else 1)
                yield Sample(Labels({"service": SERVICE, "slo": name}), world.now, rate)

    def _last_counted(self) -> Iterator[Sample]:
        for name, (at, _) in self._world.remembered.items():
            yield Sample(Labels({"service": SERVICE, "slo": name}), self._world.now, at)

    def _probe(self) -> Iterator[Sample]:
        if self._world.probe is not None:
            yield Sample(Labels({}), self._world.now, self._world.probe)

    def _recorded(self) -> Iterator[Sample]:
        world = self._world
        for name, standing in world.slos.items():
            if name in world.remembered:
                continue
            for series, value in _series(standing).items():
                labels = {"__name__": series, "service": SERVICE, "slo": name, "environment": "demo"}
                yield Sample(Labels(labels), world.now, value)

    def _last_recorded(self) -> Iterator[Sample]:
        world = self._world
        for name, (_, value) in world.remembered.items():
            for series in _series(Standing()):
                labels = {"__name__": series, "service": SERVICE, "slo": name}
                yield Sample(Labels(labels), world.now, value)


def _series(standing: Standing) -> dict[str, float]:
    values = {
        conventions.error_ratio(Duration.of(minutes=5)): standing.failing,
        conventions.error_ratio(Duration.of(hours=1)): standing.over_hour,
        conventions.error_ratio(Duration.of(days=30)): standing.over_window,
        conventions.BUDGET_REMAINING: standing.left,
        conventions.HISTORY_COVERAGE: standing.coverage,
    }
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _watchdog(world: World) -> FiringAlert:
    since = datetime.fromtimestamp(world.started, UTC)
    labels = {"alertname": "Watchdog", "severity": "info", "kind": "watchdog"}
    return FiringAlert("Watchdog", AlertState.FIRING, Labels(labels), Labels({}), since, 1.0)


class _Notifications:
    def __init__(self, world: World) -> None:
        self._world = world

    def alerts(self) -> tuple[NotifiedAlert, ...]:
        world = _answering(self._world, "Alertmanager")
        always = (held_alert(_watchdog(world), ("deadman",)),) if world.watchdog else ()
        return (*world.held, *always)

    def silences(self) -> tuple[Silence, ...]:
        return tuple(_answering(self._world, "Alertmanager").silences)


class _Inbox:
    def __init__(self, world: World) -> None:
        self._world = world

    def messages(self) -> tuple[Message, ...]:
        return tuple(_answering(self._world, "inbox").received)


def _answering(world: World, name: str) -> World:
    if name in world.down:
        raise down(name)
    return world


def down(name: str) -> LiveError:
    url = "http://127.0.0.1:1"
    return Unreachable(url, f"{name} at {url} cannot be reached: Connection refused")


def incident() -> World:
    """The provider fails: an outage, its cause, a burn alert, warnings, what changed and who was told."""
    world = World()
    world.slos["availability"] = Standing(failing=0.38, over_window=0.0009, over_hour=0.031, left=1.0)
    world.fire("ServiceOutage", minutes=4, value=0.38)
    world.fire("LLMAPIHighErrorRate", minutes=3, value=0.97, provider="anthropic")
    world.fire("ErrorBudgetBurnRateCritical", minutes=3.5, value=6840.0, slo="availability")
    world.fire("ErrorBudgetBurnRateHigh", minutes=3, value=6840.0, slo="availability")
    world.mute("ErrorBudgetBurnRateHigh", by="ErrorBudgetBurnRateCritical")
    world.fire("HighErrorRate", minutes=2, value=0.31, pending=True)
    world.fire("HighEventLoopLag", minutes=41, value=0.131)
    world.received = [
        message("LLMAPIHighErrorRate", at=NOW - 120, page=True),
        message("ServiceOutage", at=NOW - 225, page=False),
        message("ServiceOutage", at=NOW - 226),
        message("HighEventLoopLag", at=NOW - 2400, page=False),
    ]
    before = [1.0] * 340
    world.changing = [
        curve(
            *before, labels={"__name__": "service_build_info", "service": SERVICE, "version": "1.0.0"}, end=NOW - 500
        ),
        curve(*[1.0] * 16, labels={"__name__": "service_build_info", "service": SERVICE, "version": "1.1.0"}, end=NOW),
        curve(
            *[1.0] * 340,
            0.0,
            0.0,
            labels={"__name__": "dependency_up", "service": SERVICE, "dependency": "cache"},
            end=NOW,
        ),
    ]
    ramp = [0.0003 + 0.0002 * math.sin(index / 9) for index in range(350)] + [0.05 * index for index in range(1, 11)]
    world.curves = {
        "llm_requests_total": [
            curve(
                *[0.01] * 352,
                0.2,
                0.5,
                0.8,
                0.95,
                0.97,
                0.97,
                0.97,
                0.97,
                labels={"provider": "anthropic", "service": SERVICE},
            ),
            curve(
                *[0.02 + 0.01 * math.sin(index / 5) for index in range(360)],
                labels={"provider": "openai", "service": SERVICE},
            ),
        ],
        "sli_events_total": [curve(*ramp)],
        "slo:sli_error:ratio_rate": [curve(*[value / 3 for value in ramp])],
        "slo:error_budget_remaining:ratio": [curve(*[0.72] * 350, *[0.72 - 0.03 * index for index in range(10)])],
    }
    return world
