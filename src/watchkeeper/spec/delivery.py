"""That everybody who must hear does: owners of alerts, schedules of routes, and what no rule may keep from ringing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watchkeeper.model import Kind
from watchkeeper.problem import Problem
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.firing import Fires, firing
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.references import Matches, unknown
from watchkeeper.spec.schedules import active
from watchkeeper.spec.wording import error, listed

_NEVER_SILENCED = frozenset({Kind.OUTAGE, Kind.WATCHDOG})
_KINDS = " or ".join(f"`{kind}`" for kind in sorted(_NEVER_SILENCED))


def owners(d: Definitions) -> Iterator[Problem]:
    """An alert belongs to a team that exists; one without an owner wakes nobody who feels meant."""
    if d.team is not None:
        yield from unknown(d, "teams", d.team, ("team",))
    for section, alerts in (("alerts", d.alerts), ("log_alerts", d.log_alerts)):
        for name, alert in alerts.items():
            if alert.team is not None:
                yield from unknown(d, "teams", alert.team, (section, name, "team"))


def teams(services: Sequence[Definitions]) -> Iterator[Problem]:
    d = services[0]
    for name, team in d.teams.items():
        for severity, receivers in team.hears.items():
            for index, receiver in enumerate(receivers):
                yield from unknown(d, "receivers", receiver, ("teams", name, "hears", severity, index))
        for shared, own in team.instead.items():
            if shared not in d.named("receivers"):
                yield from (
                    _at_key(d, problem, name, shared) for problem in unknown(d, "receivers", shared, ("teams",))
                )
            yield from unknown(d, "receivers", own, ("teams", name, "instead", shared))
            if own in d.receivers and not _sends(d.receivers[own]):
                yield error(
                    "silenced",
                    d.at("teams", name, "instead", shared),
                    f"team `{name}` would hear nothing in place of `{shared}`",
                    found=f"`{own}`, which sends nothing",
                    allowed="a receiver that sends",
                    fix="name one with `pagerduty`, `slack`, `mail` or `webhook`",
                )


def _at_key(d: Definitions, problem: Problem, team: str, shared: str) -> Problem:
    key = d.key("teams", team, "instead", shared)
    return error(problem.code, key, problem.summary, found=problem.found, allowed=problem.allowed, fix=problem.fix)


def limits(services: Sequence[Definitions]) -> Iterator[Problem]:
    """Schedules that routes name."""
    d = services[0]
    for index, route in enumerate(d.routing.routes if d.routing else ()):
        for key, names in (("active", route.active), ("mute", route.mute)):
            for number, name in enumerate(names):
                yield from unknown(d, "schedules", name, ("routing", "routes", index, key, number))


@dataclass(frozen=True, slots=True)
class _Delivery:
    path: Path
    match: Matches
    receiver: str
    instead_for: str = ""
    """The team whose own receiver this is, in place of the route's."""

    @property
    def key(self) -> tuple[tuple[tuple[str, frozenset[str]], ...], str, str]:
        match = sorted((label, frozenset(values)) for label, values in self.match.items())
        return tuple(match), self.receiver, self.instead_for


def twins(services: Sequence[Definitions]) -> Iterator[Problem]:
    """Two routes with one match and one receiver share an entry of Alertmanager's notification log."""
    d = services[0]
    seen: dict[object, _Delivery] = {}
    for delivery in _deliveries(d):
        first = seen.setdefault(delivery.key, delivery)
        if first is not delivery and first.path != delivery.path:
            yield error(
                "twin-routes",
                d.at(*delivery.path),
                f"`{delivery.receiver}` is reached twice by the same match",
                found=f"first at {d.at(*first.path)}",
                allowed="one route for each match and receiver: of two, either may swallow the other's message",
                fix="remove one of the two, or let their matches differ",
            )


def _deliveries(d: Definitions) -> Iterator[_Delivery]:
    for name, team in d.teams.items():
        for severity, receivers in team.hears.items():
            for index, receiver in enumerate(receivers):
                match: Matches = {"team": (name,), "severity": (str(severity),)}
                yield _Delivery(("teams", name, "hears", severity, index), match, receiver)
    for index, route in enumerate(d.routing.routes if d.routing else ()):
        for number, receiver in enumerate(route.receivers):
            yield _Delivery(("routing", "routes", index, "receivers", number), route.match, receiver)
            for name, team in d.teams.items():
                if receiver in team.instead:
                    path: Path = ("teams", name, "instead", receiver)
                    yield _Delivery(path, route.match, team.instead[receiver], name)


def always_heard(services: Sequence[Definitions]) -> Iterator[Problem]:
    """The outage alert and the watchdog ring at every hour, and somewhere."""
    d = services[0]
    if d.routing is None:
        return
    for alert in _never_silenced(services):
        taking = tuple(_taking(alert, d.routing))
        for index, route in taking:
            limited = "mute" if route.mute else "active" if active(route, d) else ""
            if limited:
                yield error(
                    "silenced",
                    d.at("routing", "routes", index, limited),
                    f"this route keeps {alert.what} silent at some hours",
                    found=f"`{limited}` on a route that takes kind `{alert.kind}`",
                    allowed=f"`{limited}` on routes that never take kind {_KINDS}",
                    fix=f"remove `{limited}`, or name the kinds the route is for: `kind: [symptom, cause]`",
                )
        receivers = [name for _, route in taking for name in route.receivers] or [d.routing.receiver]
        named = [d.receivers[name] for name in receivers if name in d.receivers]
        if len(named) == len(receivers) and not any(_sends(receiver) for receiver in named):
            path: Path = ("routing", "routes", taking[-1][0], "receivers") if taking else ("routing", "receiver")
            yield error(
                "silenced",
                d.at(*path),
                f"nobody is told of {alert.what}",
                found=f"sent to {listed(set(receivers))}, which sends nothing",
                allowed="at least one receiver that sends",
                fix="add a receiver with `pagerduty`, `slack`, `mail` or `webhook`",
            )


def _never_silenced(services: Sequence[Definitions]) -> Iterator[Fires]:
    """Once for each way it is labelled; of several services only one says what is wrong."""
    return (alert for alert in firing(services) if alert.kind in _NEVER_SILENCED)


def _taking(alert: Fires, routing: schema.Routing) -> Iterator[tuple[int, schema.Route]]:
    for index, route in enumerate(routing.routes):
        if alert.may_fit(route.match):
            yield index, route
        if alert.surely_fits(route.match) and not route.continue_:
            return


def _sends(receiver: schema.Receiver) -> bool:
    return any((receiver.pagerduty, receiver.slack, receiver.mail, receiver.webhook))


def inhibitions(services: Sequence[Definitions]) -> Iterator[Problem]:
    d = services[0]
    alerts = tuple(firing(services))
    for index, rule in enumerate(d.routing.inhibitions if d.routing else ()):
        path: Path = ("routing", "inhibitions", index)
        if not rule.equal:
            yield error(
                "inhibition-equal",
                d.key(*path, "equal"),
                "an inhibition without `equal` silences its targets everywhere, whatever the source is about",
                allowed="`equal` with the labels that source and target share",
                fix="add `equal: [service, environment]`",
            )
        yield from _of_targets(d, rule, path, alerts)
        yield from _shared(d, rule, path, alerts)


def _of_targets(d: Definitions, rule: schema.Inhibition, path: Path, alerts: Sequence[Fires]) -> Iterator[Problem]:
    lost = [alert for alert in alerts if alert.kind in _NEVER_SILENCED and alert.may_fit(rule.target)]
    for alert in lost[:1]:
        yield error(
            "silenced",
            d.at(*path, "target"),
            f"this inhibition can silence {alert.what}",
            found=f"a target of kind `{alert.kind}`",
            allowed=f"targets that are never of kind {_KINDS}",
            fix="add `kind: symptom` to `target`",
        )


def _shared(d: Definitions, rule: schema.Inhibition, path: Path, alerts: Sequence[Fires]) -> Iterator[Problem]:
    """Where both sides lack a label, it counts as equal."""
    sides = (("source", rule.source), ("target", rule.target))
    for index, label in enumerate(rule.equal):
        lacking = [
            (side, alert)
            for side, match in sides
            for alert in alerts
            if alert.may_fit(match) and not alert.surely_has(label)
        ]
        for side, alert in lacking[:1]:
            yield error(
                "inhibition-equal",
                d.at(*path, "equal", index),
                f"`{label}` is not on every {side} of this inhibition: {alert.what} comes without it",
                found=label,
                allowed="labels that all sources and all targets carry; where both lack one, it counts as equal",
                fix=f"narrow `{side}` to alerts that have `{label}`, or leave `{label}` out",
            )
