"""Severities, every alert with who is told, the receivers behind the names, and the index of runbooks."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from watchkeeper import conventions
from watchkeeper.compile import rules, texts
from watchkeeper.compile.guide.markdown import Blocks, link, table
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Hours, Mail, PagerDuty, Receiver, Route, Schedule, Severity, Slack, Webhook

_LIVE = re.compile(r"\{\{.*?\}\}")
_FOUND = re.compile(r"at most (.+?) after everything fails")


@dataclass(frozen=True, slots=True)
class Told:
    """One compiled alert rule and the receivers that hear of it."""

    rule: Alerting
    receivers: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.rule.alert

    @property
    def severity(self) -> Severity:
        return Severity(self.label("severity"))

    @property
    def about(self) -> str:
        return self.label("slo") or self.label("component")

    def label(self, name: str) -> str:
        return dict(self.rule.labels).get(name, "")

    def says(self, annotation: str) -> str:
        return dict(self.rule.annotations).get(annotation, "")


def every(catalog: Catalog) -> tuple[Told, ...]:
    """All alert rules, by severity and name."""
    order = list(Severity)
    groups = (*rules.recording_groups(catalog), *rules.alerting_groups(catalog))
    found = [
        Told(rule, catalog.routing.told(dict(rule.labels)))
        for group in groups
        for rule in group.rules
        if isinstance(rule, Alerting)
    ]
    return tuple(sorted(found, key=lambda told: (order.index(told.severity), told.name)))


# --- severities -----------------------------------------------------------------------------------


def severities(catalog: Catalog) -> Blocks:
    alerts = every(catalog)
    yield "## Severities"
    yield table(
        ("severity", "told", "answer", "first message after", "repeated every", "alerts"),
        (_severity(catalog, severity, alerts) for severity in Severity),
    )
    yield (
        "*First message after* is what Alertmanager waits to put messages together. What else passes between the"
        " failure and the message stands beside every alert below."
    )


def _severity(catalog: Catalog, severity: Severity, alerts: tuple[Told, ...]) -> tuple[str, ...]:
    own = [told for told in alerts if told.severity is severity]
    routes = _routes(catalog, severity)
    waits = severity is not Severity.INFO
    return (
        severity.value,
        told(catalog, severity),
        texts.ESCALATION[severity],
        _spread(route.timing.group_wait.words for route in routes) if waits else "",
        _spread(route.timing.repeat_interval.words for route in routes) if waits else "",
        str(len({each.name for each in own})),
    )


def told(catalog: Catalog, severity: Severity) -> str:
    """Receivers of every alert of this severity, whatever it is about."""
    named = ((receiver, _when_told(route)) for route in _routes(catalog, severity) for receiver in route.receivers)
    by_receiver: dict[str, list[str]] = {}
    for receiver, when in named:
        by_receiver.setdefault(receiver, []).append(when)
    whens = {receiver: [when for when in found if when] for receiver, found in by_receiver.items()}
    return ", ".join(
        f"{receiver} ({', '.join(found)})" if len(found) == len(by_receiver[receiver]) else receiver
        for receiver, found in whens.items()
    )


def _routes(catalog: Catalog, severity: Severity) -> list[Route]:
    return [
        route
        for route in catalog.routing.routes
        if dict(route.match).get("severity") == (severity.value,)
        and set(dict(route.match)) <= {"severity", "priority", "team"}
    ]


def _spread(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


# --- alerts ---------------------------------------------------------------------------------------


def alerts(catalog: Catalog) -> Blocks:
    found = every(catalog)
    names = {told.name for told in found}
    yield "## Alerts"
    yield (
        f"{len(names)} alerts, {len(found)} rules: an alert about objectives has a rule for each. *Found* is a bound:"
        " from the moment everything fails to the first message. Less than everything takes longer."
    )
    for severity in Severity:
        own = [told for told in found if told.severity is severity]
        if own:
            yield f"### {severity.value}"
            yield table(("alert", "when", "found", "told"), _rows(own))


def _rows(own: list[Told]) -> Iterator[tuple[str, ...]]:
    for name, rules_ in groupby(own, key=lambda told: told.name):
        its = list(rules_)
        runbook = link(f"`{name}`", conventions.published_runbook(conventions.runbook_for(name)))
        yield runbook, _each(its, _when), _each(its, _found), _each(its, _receivers)


def _each(its: list[Told], fact: Callable[[Told], str]) -> str:
    """What holds for all once, else for each objective."""
    by_fact: dict[str, list[str]] = {}
    for told in its:
        by_fact.setdefault(fact(told), []).append(told.about)
    if len(by_fact) == 1:
        return next(iter(by_fact))
    return "\n".join(f"{', '.join(dict.fromkeys(about))}: {words}" for words, about in by_fact.items())


def _when(told: Told) -> str:
    """In words and in numbers; a summary with a live value in it says nothing here."""
    summary, threshold = told.says("summary"), told.says("threshold")
    if _LIVE.search(summary) or told.label("slo"):
        return threshold or _LIVE.sub("…", summary)
    return f"{summary}\n{threshold}" if threshold else summary


def _found(told: Told) -> str:
    stated = _FOUND.match(told.says("detection"))
    return stated[1] if stated else "-"


def _receivers(told: Told) -> str:
    return ", ".join(told.receivers)


def runbooks(catalog: Catalog) -> Blocks:
    yield "## Runbooks"
    pages = {told.name: conventions.published_runbook(conventions.runbook_for(told.name)) for told in every(catalog)}
    yield (
        "A page for every alert: what the rules say, then what was written for the one who is woken. They also stand"
        " in the console, where their queries are answered."
    )
    yield ", ".join(link(name, pages[name]) for name in sorted(pages))


# --- receivers ------------------------------------------------------------------------------------


def contacts(catalog: Catalog) -> Blocks:
    yield "## Contacts"
    yield (
        "Keys and addresses are never in these files: each receiver names the file that holds its own, relative to"
        f" `{conventions.ALERTMANAGER_FILE}`."
    )
    yield table(("receiver", "reaches", "when", "key"), (_contact(catalog, each) for each in catalog.receivers))
    owned = {team: _components(catalog, team) for team in sorted({told.label("team") for told in every(catalog)})}
    yield table(
        ("team", "owns", "its own receivers"),
        ((team, ", ".join(parts), _own_receivers(catalog, team)) for team, parts in owned.items()),
    )
    yield table(("schedule", f"in {catalog.timezone}"), ((s.name, schedule(s)) for s in catalog.schedules))


def _components(catalog: Catalog, team: str) -> list[str]:
    return sorted({told.label("component") for told in every(catalog) if told.label("team") == team})


def _own_receivers(catalog: Catalog, team: str) -> str:
    named = (
        f"{own} for {shared}" for each in catalog.routing.teams if each.name == team for shared, own in each.instead
    )
    return ", ".join(named)


def _contact(catalog: Catalog, receiver: Receiver) -> tuple[str, ...]:
    match receiver.sends:
        case PagerDuty(routing_key_file):
            reaches, key = "PagerDuty", f"`{routing_key_file}`"
        case Slack(channel, url_file):
            reaches, key = f"Slack {channel}", f"`{url_file}`"
        case Mail(to):
            reaches, key = f"mail to {', '.join(to)}", "the mail server's"
        case Webhook():
            reaches, key = "the dead-man's switch", "a forwarder on loopback holds the address"
        case None:
            reaches, key = "nobody: dashboards and console show it", ""
    return receiver.name, reaches, _hours(catalog, receiver.name), key


def _hours(catalog: Catalog, receiver: str) -> str:
    routes = [route for route in catalog.routing.routes if receiver in route.receivers]
    return _spread(_of_route(route) for route in routes)


def _of_route(route: Route) -> str:
    severity = " or ".join(dict(route.match).get("severity", ()))
    return " ".join(filter(None, (severity, _when_told(route)))) or "always"


def _when_told(route: Route) -> str:
    """Beside the severity; empty for always."""
    match = dict(route.match)
    of = (*match.get("priority", ()), *(f"team {name}" for name in match.get("team", ())))
    times = (*(f"in {name}" for name in route.active), *(f"not in {name}" for name in route.mute))
    return " ".join((*of, *times))


def schedule(each: Schedule) -> str:
    return "; ".join(
        f"{', '.join(day.name.capitalize() for day in sorted(period.weekdays))} {_times(period.hours)}"
        for period in each.periods
    )


def _times(hours: Iterable[Hours]) -> str:
    return " and ".join(f"{_clock(each.start)} to {_clock(each.end)}" for each in hours)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
