"""How a stack stands: its processes, its objectives, how often it paged. Asked from outside, changes nothing."""

import json
import math
import time
from typing import TYPE_CHECKING

import msgspec

from watchkeeper.stack import record
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ready import USERNAME
from watchkeeper.stack.record import ChildRecord, ChildState, Phase, Record

if TYPE_CHECKING:
    from watchkeeper.live.prometheus import Prometheus

_ANSWER_SECONDS = 3.0
_PAGE_SIZE = 1000
_BEFORE_THE_FIRST = -1
"""The inbox counts from 1, and takes 0 as a wish for the newest."""


class ChildStanding(msgspec.Struct, frozen=True):
    name: str
    state: ChildState
    pid: int | None
    port: int | None
    restarts: int
    uptime_seconds: float | None


class SloStanding(msgspec.Struct, frozen=True):
    service: str
    slo: str
    good_ratio_5m: float
    """Share of good events in the last five minutes."""
    budget_remaining: float | None
    """1 untouched, 0 spent, negative overspent; None while there is too little history to tell."""


class Standing(msgspec.Struct, frozen=True):
    running: bool
    healthy: bool
    """Every process is ready."""
    state: str
    phase: Phase | None = None
    pid: int | None = None
    demo: bool = False
    environment: str = ""
    console: str = ""
    inbox: str = ""
    prometheus: str = ""
    alertmanager: str = ""
    children: tuple[ChildStanding, ...] = ()
    slos: tuple[SloStanding, ...] = ()
    pages: int | None = None
    """PagerDuty events that opened an incident; None while the inbox does not answer."""


def standing(layout: Layout, now: float | None = None) -> Standing:
    current = record.running(layout)
    if current is None:
        return Standing(running=False, healthy=False, state=str(layout.root))
    at = time.time() if now is None else now
    return Standing(
        running=True,
        healthy=current.phase is Phase.READY,
        state=str(layout.root),
        phase=current.phase,
        pid=current.pid,
        demo=current.demo,
        environment=current.environment,
        console=current.console,
        inbox=current.inbox,
        prometheus=current.prometheus,
        alertmanager=current.alertmanager,
        children=tuple(_child(child, at) for child in current.children),
        slos=slo_values(current, layout),
        pages=pages(current.inbox),
    )


def _child(child: ChildRecord, now: float) -> ChildStanding:
    uptime = None if child.started is None else round(max(0.0, now - child.started), 1)
    return ChildStanding(child.name, child.state, child.pid, child.port, child.restarts, uptime)


def slo_values(current: Record, layout: Layout) -> tuple[SloStanding, ...]:
    """One entry per objective that has a value now: not before there is data, not without traffic."""
    from watchkeeper.live.errors import LiveError
    from watchkeeper.live.prometheus import Prometheus
    from watchkeeper.model import Credentials

    credentials = Credentials(USERNAME, str(layout.password))
    try:
        with Prometheus(current.prometheus, credentials, timeout_seconds=_ANSWER_SECONDS) as prometheus:
            return _slo_values(prometheus)
    except LiveError:
        return ()


def _slo_values(prometheus: "Prometheus") -> tuple[SloStanding, ...]:
    from watchkeeper import budget, conventions
    from watchkeeper.quantity import Duration

    errors = prometheus.instant(conventions.error_ratio(Duration.of(minutes=5)))
    known = f"{conventions.BUDGET_REMAINING} and {conventions.HISTORY_COVERAGE} >= {budget.ENOUGH_HISTORY}"
    budgets = {(sample.labels["service"], sample.labels["slo"]): sample.value for sample in prometheus.instant(known)}
    found = sorted((sample.labels["service"], sample.labels["slo"], sample.value) for sample in errors)
    return tuple(
        SloStanding(service, slo, 1 - ratio, budgets.get((service, slo)))
        for service, slo, ratio in found
        if not math.isnan(ratio)
    )


def pages(address: str) -> int | None:
    """How many PagerDuty events opened an incident since the data was last dropped. None if the inbox is silent."""
    from watchkeeper.live.errors import LiveError
    from watchkeeper.live.inbox import Inbox

    seen, count = _BEFORE_THE_FIRST, 0
    try:
        with Inbox(address, timeout_seconds=_ANSWER_SECONDS) as inbox:
            while batch := inbox.messages(kind="pagerduty", since=seen, limit=_PAGE_SIZE):
                count += sum(1 for message in batch if message.action == "trigger")
                seen = batch[-1].id
    except LiveError:
        return None
    return count


def to_json(value: Standing) -> str:
    return json.dumps(msgspec.to_builtins(value), indent=2)
