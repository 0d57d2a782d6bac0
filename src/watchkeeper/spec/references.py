"""Names that must lead somewhere: runbooks, classes, receivers, what routes and inhibitions speak of."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from watchkeeper import model
from watchkeeper.problem import Problem
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.log_schema import LogAlert
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.wording import closest, error, instead, listed, noun

Matches: TypeAlias = dict[str, tuple[str, ...]]

TARGET_LABELS = frozenset({"environment", "instance", "job", "role", "service"})
"""Labels that the scrape adds to every series."""
ALERT_LABELS = frozenset({"alertname", "component", "kind", "priority", "severity", "slo", "team", "tier"})
_USUAL_COMPONENTS = frozenset(
    {
        "api", "cache", "cost", "database", "infrastructure", "ingress", "llm", "modules", "monitoring", "queue",
        "security",
    }
)  # fmt: skip
"""Parts of a service that a route may be ready for before an alert speaks of them, or after the last is gone."""


def unknown(d: Definitions, section: str, word: str, path: Path) -> Iterator[Problem]:
    """A problem unless the section defines the word."""
    names = d.named(section)
    if word in names:
        return
    what = noun(section)
    if word in d.off.get(section, ()):
        yield error(
            "unknown-reference",
            d.at(*path),
            f"{what} `{word}` is switched off",
            found=f"switched off at {d.key(section, word, 'enabled')}",
            allowed=listed(names),
            fix=f"switch off what needs `{word}`, too, or name another {what}",
        )
        return
    yield error(
        "unknown-reference",
        d.at(*path),
        f"there is no {what} `{word}`",
        found=word,
        allowed=listed(names),
        fix=instead(word, names, f"define it under `{section}`"),
    )


def runbooks(d: Definitions) -> Iterator[Problem]:
    pages = [("slos", name, slo.runbook) for name, slo in d.slos.items()]
    pages += [("alerts", name, alert.runbook) for name, alert in d.alerts.items()]
    pages += [("log_alerts", name, alert.runbook) for name, alert in d.log_alerts.items()]
    for section, name, page in pages:
        if page not in d.runbooks:
            near = closest(page, d.runbooks)
            yield error(
                "unknown-runbook",
                d.at(section, name, "runbook"),
                f"there is no runbook `{page}`",
                found=page,
                allowed=listed(d.runbooks),
                fix=f"{f'write `{near}`, or add' if near else 'add'} the page runbooks/{page} beside your file",
            )


def classes(d: Definitions) -> Iterator[Problem]:
    for name, slo in d.slos.items():
        if slo.class_ is not None:
            yield from unknown(d, "classes", slo.class_, ("slos", name, "class"))


def receivers(d: Definitions) -> Iterator[Problem]:
    if d.routing is None:
        return
    yield from unknown(d, "receivers", d.routing.receiver, ("routing", "receiver"))
    for index, route in enumerate(d.routing.routes):
        for number, receiver in enumerate(route.receivers):
            yield from unknown(d, "receivers", receiver, ("routing", "routes", index, "receivers", number))


def budget_policy(d: Definitions) -> Iterator[Problem]:
    """Each step begins at a share of its own, and the first at nothing."""
    seen: dict[str, str] = {}
    for name, state in d.budget_policy.items():
        consumed = str(state.consumed)
        if consumed in seen:
            yield error(
                "budget-policy",
                d.at("budget_policy", name, "consumed"),
                f"budget states `{seen[consumed]}` and `{name}` begin at the same share",
                found=consumed,
                allowed="a share of its own for each",
                fix="change one of the two",
            )
        seen.setdefault(consumed, name)
    if d.budget_policy and "0%" not in seen:
        yield error(
            "budget-policy",
            d.key("budget_policy"),
            "no budget state begins at 0%",
            allowed="one state with `consumed: 0%`",
            fix="add the state of a budget that is not touched",
        )


# --- routes and inhibitions are shared by all services ---------------------------------------------


def _values(services: Sequence[Definitions]) -> dict[str, frozenset[str]]:
    """What the labels of alerts can be, where that is known; of what is switched off, too: its route waits for it."""
    alerts: list[schema.Alert | LogAlert] = []
    for d in services:
        alerts += [*d.alerts.values(), *d.log_alerts.values()]
    slos = {name: slo for d in services for name, slo in d.slos.items()}
    teams = {team for d in services if (team := d.team)} | {alert.team for alert in alerts if alert.team}
    components = {alert.component for alert in alerts} | {slo.component for slo in slos.values()}
    off = {key: frozenset(word for d in services for word in _of_silent(d, key)) for key in ("component", "team")}
    return {
        "component": frozenset(components) | off["component"] | _USUAL_COMPONENTS,
        "kind": frozenset(model.Kind),
        "priority": frozenset(model.Priority),
        "service": frozenset(d.service for d in services),
        "severity": frozenset(model.Severity),
        "slo": frozenset(slos).union(*(d.off.get("slos", ()) for d in services)),
        "team": frozenset(teams) | off["team"],
        "tier": frozenset(model.Severity),
    }


def _of_silent(d: Definitions, key: str) -> Iterator[str]:
    for section in ("alerts", "log_alerts", "slos"):
        for name in d.off.get(section, ()):
            if word := d.scalar(section, name, key):
                yield word.text


def _labels(services: Sequence[Definitions]) -> frozenset[str]:
    metrics = [metric for d in services for metric in d.metrics.values()]
    return TARGET_LABELS | ALERT_LABELS | {label for metric in metrics for label in metric.labels}


def _matchers(routing: schema.Routing) -> Iterator[tuple[Path, Matches]]:
    for index, route in enumerate(routing.routes):
        yield ("routing", "routes", index, "match"), route.match
    for index, inhibition in enumerate(routing.inhibitions):
        yield ("routing", "inhibitions", index, "source"), inhibition.source
        yield ("routing", "inhibitions", index, "target"), inhibition.target


def matches(services: Sequence[Definitions]) -> Iterator[Problem]:
    """A matcher that no alert can meet sends nobody anything."""
    d = services[0]
    if d.routing is None:
        return
    labels, values = _labels(services), _values(services)
    for path, match in _matchers(d.routing):
        for label, wanted in match.items():
            if label not in labels:
                yield _unknown_label(d, (*path, label), label, labels)
                continue
            for index, value in enumerate(wanted):
                if label in values and value not in values[label]:
                    yield error(
                        "unknown-reference",
                        d.at(*path, label, index),
                        f"no alert has {label} `{value}`",
                        found=value,
                        allowed=listed(values[label]),
                        fix=instead(value, values[label]),
                    )


def labels_named(services: Sequence[Definitions]) -> Iterator[Problem]:
    """Labels to group by, and labels that source and target of an inhibition share."""
    d = services[0]
    if d.routing is None:
        return
    labels = _labels(services)
    named: list[tuple[Path, str]] = [(("routing", "group_by", i), name) for i, name in enumerate(d.routing.group_by)]
    for index, inhibition in enumerate(d.routing.inhibitions):
        path: Path = ("routing", "inhibitions", index, "equal")
        named += [((*path, i), name) for i, name in enumerate(inhibition.equal)]
    for path, name in named:
        if name not in labels:
            yield _unknown_label(d, path, name, labels)


def _unknown_label(d: Definitions, path: Path, label: str, labels: frozenset[str]) -> Problem:
    span = d.key(*path) if isinstance(path[-1], str) else d.at(*path)
    return error(
        "unknown-label",
        span,
        f"no alert has a label `{label}`",
        found=label,
        allowed=listed(labels, limit=30),
        fix=instead(label, labels),
    )


def inhibition_cycles(services: Sequence[Definitions]) -> Iterator[Problem]:
    """Alerts that silence each other in a circle are silent together."""
    d = services[0]
    if d.routing is None:
        return
    rules = d.routing.inhibitions
    follows = {
        i: [j for j, later in enumerate(rules) if _leads_to(rule.target, later.source)] for i, rule in enumerate(rules)
    }
    for start in follows:
        circle = _circle(follows, start)
        if circle and start == min(circle):
            steps = " -> ".join(_said(rules[i].source) for i in (*circle, start))
            yield error(
                "inhibition-cycle",
                d.at("routing", "inhibitions", start),
                "alerts that silence each other: when all fire, nobody is told",
                found=steps,
                allowed="inhibitions that lead from the louder alert to the quieter one",
                fix="remove the one that leads back",
            )


def _leads_to(target: Matches, source: Matches) -> bool:
    """An alert that one rule silences would silence others by the next."""
    return all(set(values) & set(target.get(label, ())) for label, values in source.items())


def _circle(follows: dict[int, list[int]], start: int) -> list[int]:
    """The shortest way from a rule back to itself, or nothing."""
    ways = [[start]]
    seen: set[int] = set()
    while ways:
        way = ways.pop(0)
        for after in follows[way[-1]]:
            if after == start:
                return way
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return []


def _said(match: Matches) -> str:
    return "{" + ", ".join(f"{label}: {said(values)}" for label, values in sorted(match.items())) + "}"


def said(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"
