"""PromQL in definitions: that it can be read, speaks of what exists, and is compared in its own unit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper import promql
from watchkeeper.problem import Problem, Span
from watchkeeper.promql.guard import tokens
from watchkeeper.promql.nodes import (
    COMPARISONS,
    Aggregate,
    Aggregation,
    Binary,
    Call,
    Matcher,
    MatchOperator,
    Negation,
    Node,
    Operator,
    Range,
    Selector,
    Subquery,
)
from watchkeeper.quantity import Measure, Quantity
from watchkeeper.spec import schema
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.wording import closest, error, listed, noun

_OF_PROMETHEUS = frozenset(
    {
        "ALERTS", "ALERTS_FOR_STATE", "up", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped", "scrape_series_added",
    }
)  # fmt: skip
"""Series that Prometheus makes by itself; the catalog may say more about them."""
_HISTOGRAM_ENDINGS = ("_bucket", "_sum", "_count")
NAMED_LABELS = {"class": "classes", "dependency": "dependencies", "slo": "slos"}
"""Labels whose values are names of definitions."""
_ALTERNATIVES = re.compile(r"[A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression stands."""

    definitions: Definitions
    path: Path
    text: str

    def span(self, position: int, length: int = 1) -> Span:
        scalar = self.definitions.scalar(*self.path)
        # reading strips what surrounds the text; folded texts have no single place anyway
        if scalar is None or scalar.text != self.text:
            return self.definitions.at(*self.path)
        return scalar.part(position, length)

    def word(self, word: str) -> Span:
        """The first place where a word or string stands."""
        for token in tokens(self.text):
            if token.text == word:
                return self.span(token.position, len(word))
            if token.kind == "string" and word in token.text:
                return self.span(token.position + token.text.index(word), len(word))
        return self.definitions.at(*self.path)


def _read(place: _Place) -> Node | Problem:
    try:
        return promql.parse(place.text)
    except promql.PromqlError as failure:
        word = re.match(r"[A-Za-z0-9_:.]+", place.text[failure.position :])
        return error(
            "bad-promql",
            place.span(failure.position, len(word[0]) if word else 1),
            f"not PromQL: {failure.message}",
            found=place.text,
            fix="mend the expression at the mark",
        )


def alerts(d: Definitions) -> Iterator[Problem]:
    for name, alert in d.alerts.items():
        yield from _value(_Place(d, ("alerts", name, "value"), alert.value), name, alert)
        if alert.guard is not None:
            yield from _guard(_Place(d, ("alerts", name, "guard"), alert.guard))
        if alert.above is None and alert.below is None:
            yield error(
                "missing-key",
                d.key("alerts", name),
                f"alert `{name}` has no threshold",
                allowed="`above:` or `below:` a quantity",
                fix="add `above: 90%`, say",
            )


def objectives(d: Definitions) -> Iterator[Problem]:
    """`total` and `bad` are counters: rates and windows are the compiler's."""
    for name, slo in d.slos.items():
        for key, text in (("total", slo.total), ("bad", slo.bad)):
            if text is None:
                continue
            place = _Place(d, ("slos", name, key), text)
            node = _read(place)
            if isinstance(node, Problem):
                yield node
            elif not isinstance(node, Selector) or node.offset is not None or node.at is not None:
                yield error(
                    "not-a-counter",
                    d.at(*place.path),
                    f"`{key}` of SLO `{name}` is more than a counter",
                    found=text,
                    allowed='a metric with matchers: http_requests_total{code=~"5.."}',
                    fix="name the counter alone; rates, windows and sums are added",
                )


def _guard(place: _Place) -> Iterator[Problem]:
    node = _read(place)
    if isinstance(node, Problem):
        yield node
    else:
        yield from _selectors(place, node)


def _value(place: _Place, name: str, alert: schema.Alert) -> Iterator[Problem]:
    node = _read(place)
    if isinstance(node, Problem):
        yield node
        return
    yield from _selectors(place, node)
    if isinstance(node, Binary) and node.operator in COMPARISONS:
        yield error(
            "comparison",
            place.span(0, len(place.text)),
            f"`value` of alert `{name}` compares",
            found=f"{node.operator} {promql.render(node.rhs)}",
            allowed="a value without a threshold",
            fix="write the threshold under `above` or `below`, or the condition under `guard`",
        )
    elif alert.within is not None and not isinstance(node, Selector):
        yield error(
            "window-form",
            place.span(0, len(place.text)),
            f"`within` of alert `{name}` needs a plain metric",
            found=promql.render(node),
            allowed="a metric with matchers, whose samples are looked at one by one",
            fix=f"write `for: {alert.within}` instead of `within`",
        )
    for key, limit in (("above", alert.above), ("below", alert.below)):
        if limit is not None:
            yield from _unit(place, node, key, limit)


# --- what an expression speaks of ------------------------------------------------------------------


def _selectors(place: _Place, node: Node) -> Iterator[Problem]:
    for selector in promql.selectors(node):
        yield from _selector(place, selector)


def _selector(place: _Place, selector: Selector) -> Iterator[Problem]:
    d = place.definitions
    known = d.named("metrics")
    if not selector.name or ":" in selector.name:
        return
    base = _base(d, selector.name)
    if base is None:
        if selector.name not in _OF_PROMETHEUS:
            series = known | {name + end for name in _histograms(d) for end in _HISTOGRAM_ENDINGS}
            near = closest(selector.name, series)
            yield error(
                "unknown-metric",
                place.word(selector.name),
                f"there is no metric `{selector.name}`",
                found=selector.name,
                allowed=listed([near] if near else known, limit=8),
                fix=f"write `{near}`" if near else "define it under `metrics`",
            )
        return
    metric = d.metrics.get(base)
    if metric is None:  # defined, but broken: already reported
        return
    labels = set(metric.labels) | TARGET_LABELS | ({"le"} if selector.name.endswith("_bucket") else set())
    for matcher in selector.matchers:
        yield from _matcher(place, base, metric, matcher, labels)


def _histograms(d: Definitions) -> list[str]:
    return [name for name, metric in d.metrics.items() if metric.buckets]


def _base(d: Definitions, series: str) -> str | None:
    """The metric that a series belongs to."""
    known = d.named("metrics")
    if series in known:
        return series
    for ending in _HISTOGRAM_ENDINGS:
        name = series.removesuffix(ending)
        if name != series and name in known:
            metric = d.metrics.get(name)
            return name if metric is None or metric.buckets else None
    return None


def _matcher(place: _Place, name: str, metric: schema.Metric, matcher: Matcher, labels: set[str]) -> Iterator[Problem]:
    label = matcher.label
    if label not in labels:
        near = closest(label, labels)
        yield error(
            "unknown-label",
            place.word(label),
            f"`{name}` has no label `{label}`",
            found=label,
            allowed=listed(labels),
            fix=f"write `{near}`" if near else "",
        )
        return
    values = domain(place.definitions, metric, label)
    for value in _asked(matcher) if values else ():
        if value in values:
            continue
        section = NAMED_LABELS.get(label, "")
        if value in place.definitions.off.get(section, ()):
            yield _switched_off(place, section, value)
            continue
        near = closest(value, values)
        yield error(
            "unknown-value",
            place.word(value),
            f"label `{label}` of `{name}` is never `{value}`",
            found=value,
            allowed=listed(values),
            fix=f"write `{near}`" if near else "",
        )


def _switched_off(place: _Place, section: str, name: str) -> Problem:
    d, owner = place.definitions, place.path[1]
    return error(
        "unknown-reference",
        place.word(name),
        f"alert `{owner}` watches {noun(section)} `{name}`, which is switched off",
        found=f"switched off at {d.key(section, name, 'enabled')}",
        fix=f"switch off the alert, too: `{owner}: {{enabled: false, because: …}}`",
    )


def _asked(matcher: Matcher) -> list[str]:
    """The values that a matcher names, where it names them in full."""
    if matcher.operator is MatchOperator.EQUAL and matcher.value:
        return [matcher.value]
    if matcher.operator is MatchOperator.REGEX and _ALTERNATIVES.fullmatch(matcher.value):
        return matcher.value.split("|")
    return []


def domain(d: Definitions, metric: schema.Metric, label: str) -> frozenset[str]:
    """The values a label can have: those listed, and the names of what it is about. Empty where anything may come."""
    written = metric.labels.get(label)
    if written is None:
        return frozenset()
    section = NAMED_LABELS.get(label)
    names = d.named(section) if section else frozenset()
    off = d.off.get(section, frozenset()) if section else frozenset()
    listed_ = frozenset(written.values)
    return (listed_ | names) - off if listed_ else frozenset()


# --- units -----------------------------------------------------------------------------------------

_SUFFIXES = {"_seconds": Measure.SECONDS, "_bytes": Measure.BYTES, "_usd": Measure.DOLLARS, "_ratio": Measure.RATIO}
_KEEP_UNIT = frozenset(
    {
        "abs", "avg_over_time", "ceil", "clamp", "clamp_max", "clamp_min", "delta", "floor", "idelta", "increase",
        "last_over_time", "max_over_time", "min_over_time", "predict_linear", "quantile_over_time", "round", "sort",
        "sort_desc", "sum_over_time",
    }
)  # fmt: skip
_PLAIN_AGGREGATES = frozenset({Aggregate.COUNT, Aggregate.GROUP, Aggregate.COUNT_VALUES, Aggregate.STDVAR})


def unit(node: Node) -> Measure | None:
    """What an expression measures, as far as the names of its metrics tell."""
    found: Measure | None = None
    match node:
        case Selector():
            found = _unit_of_name(node.name)
        case Range():
            found = _unit_of_name(node.selector.name)
        case Subquery() | Negation():
            found = unit(node.expr)
        case Aggregation() if node.operator not in _PLAIN_AGGREGATES:
            found = unit(node.expr)
        case Call():
            found = _unit_of_call(node)
        case Binary() if node.operator in {Operator.ADD, Operator.SUB, Operator.OR}:
            found = unit(node.lhs) or unit(node.rhs)
        case Binary() if node.operator in COMPARISONS and not node.returns_bool:
            found = unit(node.lhs)
    return found


def _unit_of_call(node: Call) -> Measure | None:
    if node.function == "time":
        return Measure.SECONDS
    if node.function == "histogram_quantile":
        names = {selector.name.removesuffix("_bucket") for selector in promql.selectors(node.arguments[1])}
        units = {_unit_of_name(name) for name in names}
        return units.pop() if len(units) == 1 else None
    if node.function not in _KEEP_UNIT:
        return None
    return next((found for argument in node.arguments if (found := unit(argument))), None)


def _unit_of_name(name: str) -> Measure | None:
    name = name.removesuffix("_total").removesuffix("_sum")
    return next((measure for suffix, measure in _SUFFIXES.items() if name.endswith(suffix)), None)


_EXAMPLES = {
    Measure.SECONDS: "100ms, 5s, 2m",
    Measure.BYTES: "64KiB, 10GiB",
    Measure.DOLLARS: "$5, $0.25",
    Measure.RATIO: "5%, 99.9%",
}


_MEASURES = {
    Measure.SECONDS: "a time",
    Measure.BYTES: "a number of bytes",
    Measure.DOLLARS: "an amount of money",
    Measure.RATIO: "a share",
    Measure.NUMBER: "a plain number",
}


def _unit(place: _Place, node: Node, key: str, limit: Quantity) -> Iterator[Problem]:
    """A bare zero is zero in any unit."""
    wanted = unit(node)
    if wanted is None or limit.measure is wanted or (limit.value == 0 and limit.measure is Measure.NUMBER):
        return
    d, path = place.definitions, (*place.path[:-1], key)
    bare = limit.measure is Measure.NUMBER and limit.value > 0
    said = "has no unit" if bare else f"is {_MEASURES[limit.measure]}"
    yield error(
        "unit-missing" if bare else "wrong-unit",
        d.at(*path),
        f"`{key}` of alert `{path[1]}` {said}, but its value is {_MEASURES[wanted]}",
        found=str(limit),
        allowed=_EXAMPLES[wanted],
        fix=f"write {Quantity(limit.value, wanted)} if that is meant" if bare else "",
    )
