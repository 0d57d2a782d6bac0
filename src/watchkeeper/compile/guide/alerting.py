"""Severities, every alert with who is told, the receivers behind the names, and the index of runbooks."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from watchkeeper import conventions
from watchkeeper.compile import texts
from watchkeeper.compile.guide.facts import Facts, Told
from watchkeeper.compile.guide.markdown import Blocks, link, table
from watchkeeper.model import Catalog, Hours, Mail, PagerDuty, Receiver, Route, Schedule, Severity, Slack, Webhook

_LIVE = re.compile(r"\{\{.*?\}\}")


# --- severities -----------------------------------------------------------------------------------


def severities(facts: Facts) -> Blocks:
    yield "## Severities"
    yield table(
        ("severity", "told", "answer", "first message after", "repeated every", "alerts"),
        (_severity(facts, severity) for severity in Severity),
    )
    yield (
        "*First message after* is what Alertmanager waits to put messages together. What else passes between the"
        " failure and the message stands beside every alert below."
    )


def _severity(facts: Facts, severity: Severity) -> tuple[str, ...]:
    routes = [route for route in _routes(facts.catalog, severity) if "team" not in dict(route.match)]
    waits = severity is not Severity.INFO
    return (
        severity.value,
        told(facts.catalog, severity),
        texts.ESCALATION[severity],
        _spread(route.timing.group_wait.words for route in routes) if waits else "",
        _spread(route.timing.repeat_interval.words for route in routes) if waits else "",
        str(len({each.name for each in facts.of(severity)})),
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
        if severity.value in dict(route.match).get("severity", ())
        and set(dict(route.match)) <= {"severity", "priority", "team"}
    ]


def _spread(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


# --- alerts ---------------------------------------------------------------------------------------


def alerts(facts: Facts) -> Blocks:
    yield "## Alerts"
    yield (
        f"{facts.totals.alerts} alerts, {facts.totals.alert_rules} rules: an alert about objectives has a rule for"
        " each. *Found* is a bound: from the moment everything fails to the first message. A part of it takes longer."
    )
    for severity in Severity:
        own = facts.of(severity)
        if own:
            yield f"### {severity.value}"
            yield table(("alert", "when", "found", "told"), _rows(own))


def _rows(own: list[Told]) -> Iterator[tuple[str, ...]]:
    for name, rules_ in groupby(own, key=lambda told: told.name):
        its = list(rules_)
        yield runbook(name, f"`{name}`"), _each(its, _when), _each(its, lambda told: told.found), _each(its, _receivers)


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


def _receivers(told: Told) -> str:
    return ", ".join(told.receivers)


def runbooks(facts: Facts) -> Blocks:
    yield "## Runbooks"
    yield (
        "A page for every alert: what the rules say, then what was written for the one who is woken. They also stand"
        " in the console, where their queries are answered."
    )
    yield ", ".join(runbook(name) for name in facts.names)


def runbook(alert: str, words: str = "") -> str:
    """A link to the page of an alert."""
    return link(words or alert, conventions.published_runbook(conventions.runbook_for(alert)))


# --- receivers ------------------------------------------------------------------------------------


def contacts(facts: Facts) -> Blocks:
    catalog = facts.catalog
    yield "## Contacts"
    yield (
        "Keys and addresses are never in these files: each receiver names the file that holds its own, relative to"
        f" `{conventions.ALERTMANAGER_FILE}`."
    )
    yield table(("receiver", "reaches", "when", "key"), (_contact(catalog, each) for each in catalog.receivers))
    teams = sorted({told.label("team") for told in facts.alerts})
    yield table(
        ("team", "owns", "its own receivers"),
        ((team, ", ".join(_components(facts, team)), _own_receivers(catalog, team)) for team in teams),
    )
    yield table(("schedule", f"in {catalog.timezone}"), ((s.name, schedule(s)) for s in catalog.schedules))


def _components(facts: Facts, team: str) -> list[str]:
    return sorted({told.label("component") for told in facts.alerts if told.label("team") == team})


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
    return " and ".join(" to ".join(each.clock) for each in hours)
