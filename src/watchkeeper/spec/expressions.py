"""PromQL in definitions: that it can be read, speaks of what exists, and asks what can be answered."""

import re
from collections.abc import Iterator

from watchkeeper import promql
from watchkeeper.model import Emitter, Kind, MetricType
from watchkeeper.problem import Problem
from watchkeeper.promql.bounds import alternatives, canonical
from watchkeeper.promql.nodes import COMPARISONS, Binary, Matcher, MatchOperator, Node, Selector
from watchkeeper.quantity import plain
from watchkeeper.spec import flows, functions, schema, series, units
from watchkeeper.spec.definitions import Definitions
from watchkeeper.spec.places import Place
from watchkeeper.spec.wording import closest, error, instead, listed, noun

_ALL = "+Inf"
"""The bucket that every histogram has, and every event is in."""
_ALTERNATIVES = re.compile(r"[A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*")


def alerts(d: Definitions) -> Iterator[Problem]:
    for name, alert in d.alerts.items():
        yield from _expressions(d, name, alert)
        if alert.above is None and alert.below is None:
            yield error(
                "missing-key",
                d.key("alerts", name),
                f"alert `{name}` has no threshold",
                allowed="`above:` or `below:` a quantity",
                fix="add `above: 90%`, say",
            )


def recordings(d: Definitions) -> Iterator[Problem]:
    for name, recording in d.recordings.items():
        for index, rule in enumerate(recording.rules):
            place = Place(d, ("recordings", name, "rules", index, "value"), rule.value)
            node = place.read()
            if isinstance(node, Problem):
                yield node
            else:
                yield from sense(place, node, Kind.SYMPTOM)


def log_alerts(d: Definitions) -> Iterator[Problem]:
    """What a dying process cannot count is asked elsewhere."""
    for name, alert in d.log_alerts.items():
        if alert.outside is None:
            continue
        place = Place(d, ("log_alerts", name, "outside"), alert.outside)
        outside = place.read()
        if isinstance(outside, Problem):
            yield outside
        else:
            yield from sense(place, outside, alert.kind)


def _expressions(d: Definitions, name: str, alert: schema.Alert) -> Iterator[Problem]:
    place = Place(d, ("alerts", name, "value"), alert.value)
    value = place.read()
    if isinstance(value, Problem):
        yield value
    else:
        yield from sense(place, value, alert.kind)
        yield from _value(place, value, name, alert)
    if alert.guard is None:
        return
    place = Place(d, ("alerts", name, "guard"), alert.guard)
    guard = place.read()
    if isinstance(guard, Problem):
        yield guard
        return
    yield from sense(place, guard, alert.kind)
    if not isinstance(value, Problem):
        yield from flows.guard(place, guard, value, alert.kind)


def sense(place: Place, node: Node, kind: Kind) -> Iterator[Problem]:
    """Everything an expression says of metrics, labels and functions that cannot be meant."""
    for selector in promql.selectors(node):
        yield from _selector(place, selector)
    yield from functions.portable(place, node)
    yield from functions.vector(place, node)
    yield from functions.fitting(place, node)
    yield from flows.inside(place, node, kind)


def _value(place: Place, node: Node, name: str, alert: schema.Alert) -> Iterator[Problem]:
    if isinstance(node, Binary) and node.operator in COMPARISONS:
        yield error(
            "comparison",
            place.whole,
            f"`value` of alert `{name}` compares",
            found=f"{node.operator} {promql.render(node.rhs)}",
            allowed="a value without a threshold",
            fix="write the threshold under `above` or `below`, or the condition under `guard`",
        )
    elif alert.within is not None and not isinstance(node, Selector):
        yield error(
            "window-form",
            place.whole,
            f"`within` of alert `{name}` needs a plain metric",
            found=promql.render(node),
            allowed="a metric with matchers, whose samples are looked at one by one",
            fix=f"write `for: {alert.within}` instead of `within`",
        )
    for key, limit in (("above", alert.above), ("below", alert.below)):
        if limit is not None:
            yield from units.threshold(place, node, key, limit)
            yield from functions.bare_counter(place, node, limit)


def objectives(d: Definitions) -> Iterator[Problem]:
    """`total`, `bad` and `good` are counters, of a foreign service perhaps: rates and windows are the compiler's."""
    for name, slo in d.slos.items():
        for key, text in (("total", slo.total), ("bad", slo.bad), ("good", slo.good)):
            if text is None:
                continue
            place = Place(d, ("slos", name, key), text)
            node = place.read()
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
            elif series.metric(d, node.name) is not None:
                yield from _selector(place, node)
                yield from _counter(place, node)
                yield from _bucket(place, node)


def _bucket(place: Place, selector: Selector) -> Iterator[Problem]:
    """Every bucket holds the smaller ones: an event is counted once only where one bound is named."""
    d, name = place.definitions, selector.name
    owner = series.metric(d, name)
    if owner is None or not owner.buckets or name != f"{series.metric_name(d, name)}_bucket":
        return
    if place.path[2] == "bad":
        yield error(
            "good-as-bad",
            place.word(name),
            f"`bad` of SLO `{place.path[1]}` counts what was fast enough",
            found=promql.render(selector),
            allowed="a bucket holds what took at most as long as its bound",
            fix="write `good` instead of `bad`",
        )
        return
    matchers = [matcher for matcher in selector.matchers if matcher.label == "le"]
    bounds = {canonical(value) for matcher in matchers for value in alternatives(matcher)}
    if len(matchers) != 1 or len(bounds) != 1:
        yield error(
            "not-a-counter",
            place.word(name),
            f"`{place.path[2]}` of SLO `{place.path[1]}` counts an event in every bucket it fits",
            found=promql.render(selector),
            allowed="one bucket",
            fix=f'name the one: {name}{{le="{plain(owner.buckets[-1])}"}}',
        )
    elif bounds == {_ALL} and place.path[2] == "good":
        yield error(
            "good-as-total",
            place.word(matchers[0].value),
            f"`good` of SLO `{place.path[1]}` counts every event: nothing would be bad",
            found=promql.render(selector),
            allowed=", ".join(plain(bound) for bound in owner.buckets),
            fix="name the bucket of what is fast enough",
        )
    elif not bounds & {*(known := [plain(bound) for bound in owner.buckets]), _ALL}:
        yield error(
            "no-bucket",
            place.word(matchers[0].value),
            f"SLO `{place.path[1]}`: `{series.metric_name(d, name)}` has no bucket that ends at {', '.join(bounds)}",
            found=matchers[0].value,
            allowed=", ".join([*known, *([_ALL] if place.path[2] == "total" else [])]),
            fix="take one of these, or add yours to the buckets",
        )


def _counter(place: Place, selector: Selector) -> Iterator[Problem]:
    if series.kind(place.definitions, selector.name) is MetricType.GAUGE:
        yield error(
            "not-a-counter",
            place.word(selector.name),
            f"{place.name} is a gauge",
            found=selector.name,
            allowed="a counter, which only grows",
            fix="count events, and name that counter",
        )


# --- what an expression speaks of ------------------------------------------------------------------


def _selector(place: Place, selector: Selector) -> Iterator[Problem]:
    d, name = place.definitions, selector.name
    if name in d.off.get("recordings", ()) and place.path[0] != "dashboards":
        yield _switched_off(place, "recordings", name)
    if not name or ":" in name:
        return
    owner = series.metric_name(d, name)
    if owner is None:
        if name not in series.OF_PROMETHEUS:
            yield _unknown(place, name)
        return
    metric = d.metrics.get(owner)
    if metric is None:  # defined, but broken: already reported
        return
    if name == owner and metric.type is MetricType.HISTOGRAM and metric.emitter is not Emitter.ENGINE:
        yield error(
            "unknown-metric",
            place.word(name),
            f"histogram `{name}` has no series of its own name",
            found=name,
            allowed=listed(name + ending for ending in series.HISTOGRAM_ENDINGS),
            fix=f"write `{name}_bucket` for quantiles, `{name}_count` for how many",
        )
        return
    for matcher in selector.matchers:
        yield from _matcher(place, selector, metric, matcher)


def _unknown(place: Place, name: str) -> Problem:
    d = place.definitions
    near = closest(name, series.names(d))
    return error(
        "unknown-metric",
        place.word(name),
        f"there is no metric `{name}`",
        found=name,
        allowed=listed([near] if near else d.named("metrics"), limit=8),
        fix=f"write `{near}`" if near else "define it under `metrics`",
    )


def _matcher(place: Place, selector: Selector, metric: schema.Metric, matcher: Matcher) -> Iterator[Problem]:
    label, name = matcher.label, selector.name
    labels = series.labels(place.definitions, name)
    if labels is not None and label not in labels:
        yield error(
            "unknown-label",
            place.word(label),
            f"`{name}` has no label `{label}`",
            found=label,
            allowed=listed(labels),
            fix=instead(label, labels),
        )
        return
    values = series.domain(place.definitions, metric, label)
    for value in _asked(matcher) if values else ():
        if value in values:
            continue
        section = series.NAMED_LABELS.get(label, "")
        if value in place.definitions.off.get(section, ()):
            if place.path[0] in {"dashboards", "recordings"}:
                continue  # an empty chart pages nobody
            yield _switched_off(place, section, value)
            continue
        yield error(
            "unknown-value",
            place.word(value),
            f"label `{label}` of `{name}` is never `{value}`",
            found=value,
            allowed=listed(values),
            fix=instead(value, values),
        )


def _switched_off(place: Place, section: str, name: str) -> Problem:
    d, owner = place.definitions, place.path[1]
    reader = noun(str(place.path[0]))
    reads = "reads" if section == "recordings" else "watches"
    return error(
        "unknown-reference",
        place.word(name),
        f"{reader} `{owner}` {reads} {noun(section)} `{name}`, which is switched off",
        found=f"switched off at {d.key(section, name, 'enabled')}",
        fix=f"switch off the {reader}, too: `{owner}: {{enabled: false, because: …}}`",
    )


def _asked(matcher: Matcher) -> list[str]:
    """The values that a matcher names, where it names them in full."""
    if matcher.operator is MatchOperator.EQUAL and matcher.value:
        return [matcher.value]
    if matcher.operator is MatchOperator.REGEX and _ALTERNATIVES.fullmatch(matcher.value):
        return matcher.value.split("|")
    return []
