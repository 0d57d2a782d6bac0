"""The request being answered: what is known of it, and how it is counted when it ends."""

import time
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar

from watchkeeper.sdk.instruments import Counter, Gauge, Histogram
from watchkeeper.sdk.outcome import Ending, Facts, Outcome, availability, latency, waited
from watchkeeper.sdk.policy import Objective, Policy, RequestClass

Scope = MutableMapping[str, object]

CURRENT: ContextVar["Request | None"] = ContextVar("watchkeeper_request", default=None)
"""The request that the running code answers."""

UNMATCHED = "unmatched"
CLIENT_LEFT = "499"


def endpoint_of(scope: Scope) -> str:
    """The route template that answered, never the path: `/items/{id}`. Complete once the router has run."""
    fastapi = scope.get("fastapi")
    context = fastapi.get("effective_route_context") if isinstance(fastapi, Mapping) else None
    template = getattr(context or scope.get("route"), "path_format", None)
    if not isinstance(template, str):
        return UNMATCHED
    outer, inner = scope.get("app_root_path"), scope.get("root_path")
    if isinstance(outer, str) and isinstance(inner, str):
        return inner[len(outer) :] + template
    return template


class Request:
    """One request in progress. Times are of `time.perf_counter`."""

    __slots__ = (
        "bad_modules",
        "began",
        "chosen",
        "correlation_id",
        "ended",
        "ending",
        "excluded",
        "failed",
        "failed_by",
        "first_useful",
        "last_useful",
        "method",
        "outcome",
        "scope",
        "sent_bytes",
        "settled",
        "stalled",
        "started",
        "status",
        "streamed",
    )

    def __init__(self, scope: Scope, correlation_id: str) -> None:
        self.scope = scope
        self.method = str(scope.get("method", ""))
        self.correlation_id = correlation_id
        self.started = time.perf_counter()
        self.bad_modules: set[str] = set()
        """Modules with a bad event that this request caused already."""
        self.began: float | None = None
        self.ended: float | None = None
        self.ending = Ending.COMPLETE
        self.status: int | None = None
        self.sent_bytes = 0
        """Of the answer's body."""
        self.streamed = False
        self.chosen = False
        """The service marks its first useful token itself, with `wk.stream()`."""
        self.first_useful: float | None = None
        self.last_useful: float | None = None
        self.stalled = False
        self.failed = False
        self.failed_by = ""
        """The dependency that the service named."""
        self.excluded = ""
        """Why, in the service's words; empty while it is not."""
        self.settled = False
        self.outcome = Outcome.GOOD
        """For availability, since it is settled; whether there is an objective or not."""

    def useful(self, now: float, patience: float) -> None:
        """A useful token is on its way to the client."""
        self.silence(now, patience)
        if self.first_useful is None:
            self.first_useful = now
        self.last_useful = now

    def silence(self, now: float, patience: float) -> float:
        """Seconds since the stream last said something; more than `patience` makes it stalled."""
        since = self.last_useful or self.began
        quiet = now - since if since is not None else 0.0
        if quiet > patience:
            self.stalled = True
        return quiet

    @property
    def verdict(self) -> dict[str, str]:
        """What the service itself said about the request, for its log lines."""
        said = {"failed_dependency": self.failed_by, "excluded_because": self.excluded}
        return {name: text for name, text in said.items() if text}

    def facts(self, now: float) -> Facts:
        return Facts(
            ending=self.ending,
            status=self.status,
            elapsed=(self.ended or now) - self.started,
            streamed=self.streamed,
            first_useful=None if self.first_useful is None else self.first_useful - self.started,
            stalled=self.streamed and self.stalled,
            failed=self.failed,
            excluded=bool(self.excluded),
        )


class RequestInstruments:
    """The metrics that every request moves."""

    def __init__(
        self,
        *,
        events: Counter,
        latency: Histogram,
        in_flight: Gauge,
        total: Counter,
        duration: Histogram,
        first_token: Histogram,
    ) -> None:
        self.events = events
        self.latency = latency
        self.in_flight = in_flight
        self.total = total
        self.duration = duration
        self.first_token = first_token
        in_flight.write((), 0)


class Requests:
    """Counts requests by the service's policy."""

    def __init__(self, policy: Policy, instruments: RequestInstruments) -> None:
        self._policy = policy
        self._instruments = instruments
        self._classes = {request_class.name: request_class for request_class in policy.classes}
        self._assigned: dict[str, str] = {}
        self._thresholds = {name: self._threshold(name) for name in self._classes}
        self.shortest_threshold = min(filter(None, self._thresholds.values()), default=1.0)

    def assign(self, classes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Give routes their classes; returns those whose class is not defined."""
        unknown = tuple((route, name) for route, name in classes.items() if name not in self._classes)
        self._assigned.update({route: name for route, name in classes.items() if name in self._classes})
        return unknown

    def class_of(self, request: Request) -> RequestClass:
        name = self._assigned.get(f"{request.method} {endpoint_of(request.scope)}")
        return self._classes[name] if name is not None else self._policy.classes[0]

    def begin(self) -> None:
        self._instruments.in_flight.shift((), 1)

    def internal_error(self, where: str) -> None:
        self._instruments.total.registry.internal_error(where)

    def settle(self, request: Request) -> None:
        """Count the request's events, once."""
        if request.settled:
            return
        request.settled = True
        name = self.class_of(request).name
        threshold = self._thresholds[name]
        facts = request.facts(time.perf_counter())
        request.outcome = availability(facts, threshold)
        for objective in self._policy.objectives:
            if objective.request_class in {"", name}:
                self._event(objective, name, facts, threshold)
        seconds = waited(facts, threshold)
        if seconds is not None:
            self._instruments.latency.record((name,), seconds)

    def end(self, request: Request, ending: Ending) -> None:
        """The request is over: nothing that happens later changes how it is counted. Only the first call counts."""
        if request.ended is not None:
            return
        if request.ending is Ending.COMPLETE:
            request.ending = ending
        request.ended = time.perf_counter()
        if request.streamed:
            request.silence(request.ended, self.class_of(request).stall_seconds)
        self._instruments.in_flight.shift((), -1)
        self.settle(request)
        self._measure(request, request.ended - request.started)

    def _event(self, objective: Objective, name: str, facts: Facts, threshold: float | None) -> None:
        within = objective.within_seconds
        outcome = availability(facts, threshold) if within is None else latency(facts, within)
        self._instruments.events.add((objective.name, name, outcome.value))

    def _measure(self, request: Request, elapsed: float) -> None:
        endpoint = endpoint_of(request.scope)
        self._instruments.total.add((request.method, endpoint, _status_text(request)))
        self._instruments.duration.record((request.method, endpoint), elapsed)
        if request.streamed and request.first_useful is not None:
            self._instruments.first_token.record((endpoint,), request.first_useful - request.started)

    def _threshold(self, name: str) -> float | None:
        within = (
            objective.within_seconds
            for objective in self._policy.objectives
            if objective.within_seconds is not None and objective.request_class in {"", name}
        )
        return min(within, default=None)


def _status_text(request: Request) -> str:
    if request.status is not None:
        return str(request.status)
    return CLIENT_LEFT if request.ending is Ending.LEFT else "500"
