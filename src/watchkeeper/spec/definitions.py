"""All that holds for one service, typed as written, with the places it came from."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter

from watchkeeper.problem import Problem, Span
from watchkeeper.spec import log_schema, schema
from watchkeeper.spec import scalars as s
from watchkeeper.spec.nodes import Mapping, Node, Path, Scalar, find, is_null, key_span, value_span
from watchkeeper.spec.tracing_schema import Tracing
from watchkeeper.spec.validating import MAX_PROBLEMS, Valid, keys_at, unknown_key, validate
from watchkeeper.spec.wording import error, noun, warning
from watchkeeper.spec.written import Switched, Written

_T = TypeVar("_T")
_W = TypeVar("_W", bound=Written)

_ALERTS = TypeAdapter(dict[s.AlertName, schema.Alert])
_BUDGET = TypeAdapter(dict[s.Name, schema.BudgetState])
_CLASSES = TypeAdapter(dict[s.Name, schema.RequestClass])
_DASHBOARDS = TypeAdapter(dict[s.DashboardName, schema.Dashboard])
_DEPENDENCIES = TypeAdapter(dict[s.Name, schema.Dependency])
_DIALECTS = TypeAdapter(dict[s.Name, schema.Dialect])
_LOG_ALERTS = TypeAdapter(dict[s.AlertName, log_schema.LogAlert])
_LOGS = TypeAdapter(log_schema.Logs)
_METRICS = TypeAdapter(dict[s.MetricName, schema.Metric])
_RECORDINGS = TypeAdapter(dict[s.RecordName, schema.Recording])
_TESTS = TypeAdapter(dict[s.AlertName, schema.RuleTests])
_REFERENCE = TypeAdapter(schema.Reference)
_RECEIVERS = TypeAdapter(dict[s.Name, schema.Receiver])
_SCHEDULES = TypeAdapter(dict[s.Name, schema.Schedule])
_SLOS = TypeAdapter(dict[s.Name, schema.Slo])
_TEAMS = TypeAdapter(dict[s.Name, schema.Team])
_INTERVALS = TypeAdapter(schema.Intervals)
_OUTAGE = TypeAdapter(schema.Outage)
_ROUTING = TypeAdapter(schema.Routing)
_TRACING = TypeAdapter(Tracing)
_TIMEZONE: TypeAdapter[str] = TypeAdapter(s.Timezone)
_NAME: TypeAdapter[str] = TypeAdapter(s.Name)
_EXTENDS: TypeAdapter[s.Pack] = TypeAdapter(s.Extends)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Broken and switched-off entries are not in the maps; `named` knows that they exist."""

    service: str
    root: Mapping
    runbooks: frozenset[str]
    timezone: str | None
    team: str | None
    dialect: str | None
    intervals: schema.Intervals | None
    outage: schema.Outage | None
    reference: schema.Reference | None
    routing: schema.Routing | None
    tracing: Tracing | None
    alerts: Map[str, schema.Alert]
    budget_policy: Map[str, schema.BudgetState]
    classes: Map[str, schema.RequestClass]
    dashboards: Map[str, schema.Dashboard]
    dependencies: Map[str, schema.Dependency]
    dialects: Map[str, schema.Dialect]
    logs: log_schema.Logs | None
    log_alerts: Map[str, log_schema.LogAlert]
    metrics: Map[str, schema.Metric]
    receivers: Map[str, schema.Receiver]
    recordings: Map[str, schema.Recording]
    schedules: Map[str, schema.Schedule]
    slos: Map[str, schema.Slo]
    teams: Map[str, schema.Team]
    tests: Map[str, schema.RuleTests]
    off: Map[str, frozenset[str]]
    """Names that are switched off, by section."""

    def at(self, *path: str | int) -> Span:
        """Where a value is written."""
        return value_span(self.root, path)

    def key(self, *path: str | int) -> Span:
        return key_span(self.root, path)

    def node(self, *path: str | int) -> Node | None:
        return find(self.root, path)

    def scalar(self, *path: str | int) -> Scalar | None:
        node = find(self.root, path)
        return node if isinstance(node, Scalar) else None

    def named(self, section: str) -> frozenset[str]:
        """Every name written in a section and not switched off, broken ones included."""
        node = find(self.root, (section,))
        names = frozenset(node.entries) if isinstance(node, Mapping) else frozenset()
        return names - self.off.get(section, frozenset())

    @property
    def silent(self) -> frozenset[str]:
        """Alerts that are switched off; the ratio of a log alert is with it."""
        of_logs = self.off.get("log_alerts", frozenset())
        ratios = (self.scalar("log_alerts", name, "ratio", "name") for name in of_logs)
        return self.off.get("alerts", frozenset()) | of_logs | {ratio.text for ratio in ratios if ratio}


class _Reader:
    """Validates one tree piece by piece, so that a broken piece hides no problem of another."""

    def __init__(self, root: Mapping, today: date) -> None:
        self.root = root
        self.today = today
        self.problems: list[Problem] = []
        self.off: dict[str, frozenset[str]] = {}

    def value(self, adapter: TypeAdapter[_T], key: str) -> _T | None:
        node = find(self.root, (key,))
        if node is None:
            return None
        result = validate(adapter, node, self.root, (key,))
        if isinstance(result, Valid):
            return result.value
        self.problems += result
        return None

    def section(self, adapter: TypeAdapter[dict[str, _W]], section: str) -> dict[str, _W]:
        node = find(self.root, (section,))
        if node is None or is_null(node):
            return {}
        if not isinstance(node, Mapping):
            allowed = "a map of names"
            fix = f"write each {noun(section)} as `name: {{…}}`"
            self.problems.append(
                error(
                    "wrong-type",
                    self._at(section),
                    f"`{section}`: {allowed} is needed",
                    found=s.kind(node),
                    allowed=allowed,
                    fix=fix,
                )
            )
            return {}
        entries: dict[str, _W] = {}
        for name, entry in node.entries.items():
            if len(self.problems) > MAX_PROBLEMS:
                break
            lone = Mapping({name: entry}, node.span)
            result = validate(adapter, lone, self.root, (section,))
            if isinstance(result, Valid):
                entries |= result.value
            else:
                self.problems += result
            self.problems += _excluded(entry.value, self.root, (section, name))
        return self._switched_on(section, entries)

    def _at(self, *path: str) -> Span:
        return value_span(self.root, path)

    def _switched_on(self, section: str, entries: dict[str, _W]) -> dict[str, _W]:
        off = {
            name for name, entry in entries.items() if isinstance(entry, Switched) and self._off(entry, (section, name))
        }
        self.off[section] = frozenset(off)
        return {name: entry for name, entry in entries.items() if name not in off}

    def _off(self, entry: Switched, path: Path) -> bool:
        if entry.enabled:
            return False
        if entry.because is None:
            self.problems.append(
                error(
                    "missing-key",
                    value_span(self.root, (*path, "enabled")),
                    f"{noun(str(path[0]))} `{path[1]}` is switched off without a reason",
                    allowed="`because`: why nobody needs it",
                    fix="add `because: …`, and `until: DATE` if it will end",
                )
            )
        if entry.until is None or entry.until > self.today:
            return True
        self.problems.append(
            warning(
                "expired",
                value_span(self.root, (*path, "until")),
                f"{noun(str(path[0]))} `{path[1]}` was switched off until {entry.until} and counts again",
                fix="remove `enabled`, `because` and `until`, or give a later day",
            )
        )
        return False


def _excluded(node: Node, root: Mapping, path: Path) -> list[Problem]:
    """Keys of one entry that exclude each other."""
    if not isinstance(node, Mapping):
        return []
    problems = []
    for group in schema.ALTERNATIVES.get(str(path[0]), ()):
        present = [key for keys in group if (key := _earliest(node, keys)) is not None]
        if len(present) > 1:
            first, second = sorted(present, key=lambda key: key_span(root, (*path, key)))[:2]
            problems.append(
                error(
                    "conflict",
                    key_span(root, (*path, second)),
                    f"{noun(str(path[0]))} `{path[1]}` has both `{first}` and `{second}`",
                    allowed="one of the two",
                    fix=f"remove `{first}` or `{second}`",
                )
            )
    return problems


def _earliest(node: Mapping, keys: frozenset[str]) -> str | None:
    return min(keys & node.entries.keys(), key=lambda key: node.entries[key].key, default=None)


_REQUIRED = ("timezone", "team", "intervals", "outage", "reference", "routing")


def _required(root: Mapping) -> list[Problem]:
    lacking = [key for key in _REQUIRED if key not in root.entries]
    if not lacking:
        return []
    names = ", ".join(f"`{key}`" for key in lacking)
    return [
        error(
            "missing-key",
            root.span,
            f"not defined anywhere: {names}",
            allowed=f"{names} must be given",
            fix="add it, or extend a pack that has it",
        )
    ]


def _unknown_keys(root: Mapping) -> list[Problem]:
    allowed = keys_at(schema.File, ())
    keys = islice((key for key in root.entries if key not in allowed), MAX_PROBLEMS + 1)
    return [unknown_key(key, root.entries[key].key, "a file of definitions", allowed) for key in keys]


def define(
    service: str, root: Mapping, runbooks: frozenset[str], today: date
) -> tuple[Definitions, tuple[Problem, ...]]:
    """Everything of one service's tree that can be understood, and what cannot."""
    reader = _Reader(root, today)
    definitions = Definitions(
        service=service,
        root=root,
        runbooks=runbooks,
        timezone=reader.value(_TIMEZONE, "timezone"),
        team=reader.value(_NAME, "team"),
        dialect=reader.value(_NAME, "dialect"),
        intervals=reader.value(_INTERVALS, "intervals"),
        outage=reader.value(_OUTAGE, "outage"),
        reference=reader.value(_REFERENCE, "reference"),
        routing=reader.value(_ROUTING, "routing"),
        tracing=reader.value(_TRACING, "tracing"),
        alerts=reader.section(_ALERTS, "alerts"),
        budget_policy=reader.section(_BUDGET, "budget_policy"),
        classes=reader.section(_CLASSES, "classes"),
        dashboards=reader.section(_DASHBOARDS, "dashboards"),
        dependencies=reader.section(_DEPENDENCIES, "dependencies"),
        dialects=reader.section(_DIALECTS, "dialects"),
        logs=reader.value(_LOGS, "logs"),
        log_alerts=reader.section(_LOG_ALERTS, "log_alerts"),
        metrics=reader.section(_METRICS, "metrics"),
        receivers=reader.section(_RECEIVERS, "receivers"),
        recordings=reader.section(_RECORDINGS, "recordings"),
        schedules=reader.section(_SCHEDULES, "schedules"),
        slos=reader.section(_SLOS, "slos"),
        teams=reader.section(_TEAMS, "teams"),
        tests=reader.section(_TESTS, "tests"),
        off=reader.off,
    )
    reader.value(_EXTENDS, "extends")
    return definitions, (*_unknown_keys(root), *_required(root), *reader.problems)


def service_names(root: Mapping) -> tuple[dict[str, Mapping | None], list[Problem]]:
    """The services a tree speaks of, each with what it has of its own."""
    own = find(root, ("services",))
    if "service" in root.entries and own is not None:
        return {}, [
            error(
                "conflict",
                key_span(root, ("services",)),
                "both `service` and `services` are given",
                allowed="one of the two",
                fix="move the one service under `services`",
            )
        ]
    if "service" in root.entries:
        node = root.entries["service"].value
        result = validate(_NAME, node, root, ("service",))
        return ({result.value: None}, []) if isinstance(result, Valid) else ({}, result)
    if isinstance(own, Mapping) and own.entries:
        return _several(own, root)
    if own is None:
        return {}, []
    return {}, [
        error(
            "wrong-type",
            key_span(root, ("services",)),
            "`services`: a map of names is needed",
            allowed="services: {NAME: {…}}",
            fix="name at least one service",
        )
    ]


def _several(own: Mapping, root: Mapping) -> tuple[dict[str, Mapping | None], list[Problem]]:
    services: dict[str, Mapping | None] = {}
    problems: list[Problem] = []
    for name, entry in own.entries.items():
        span = entry.key
        wrong = validate(_NAME, Scalar(name, plain=False, span=span, inline=False), root, ("services", name))
        if not isinstance(wrong, Valid):
            problems += [replace(problem, span=span) for problem in wrong]
        if isinstance(entry.value, Mapping):
            services[name] = entry.value
            problems += [
                unknown_key(key, inner.key, f"service `{name}`", list(schema.PER_SERVICE))
                for key, inner in entry.value.entries.items()
                if key not in schema.PER_SERVICE
            ]
        elif is_null(entry.value):
            services[name] = None
        else:
            problems.append(
                error(
                    "wrong-type",
                    value_span(root, ("services", name)),
                    f"service `{name}`: a map is needed",
                    found=s.kind(entry.value),
                    allowed="a map",
                    fix="write {} for a service without anything of its own",
                )
            )
    return services, problems
