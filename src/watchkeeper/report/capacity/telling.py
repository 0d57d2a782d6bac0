"""A plan in words: the multiples beside each other, where the figures come from, and what is largest."""

from collections.abc import Iterator

from watchkeeper.formats.yaml import Tree
from watchkeeper.report.capacity.evaluation import Together
from watchkeeper.report.capacity.figure import Section, Unit, grouped, said, table
from watchkeeper.report.capacity.plan import Capacity, MetricSeries, Plan
from watchkeeper.report.explanation import wrapped

SHOWN = 10
_WIDTH = 118


def text(capacity: Capacity) -> str:
    first = capacity.plans[0]
    parts = (_head(capacity), _beside(capacity), _derived(first), _largest(first), _dearest(capacity))
    return "\n".join(line for part in parts for line in part)


def _head(capacity: Capacity) -> Iterator[str]:
    yield (
        f"capacity of {', '.join(capacity.services)}: {capacity.requests_per_month:,} requests a month in the reference"
        " deployment, and multiples"
    )
    undeclared = capacity.plans[0].undeclared
    if undeclared:
        yield f"not counted, because no definition declares it: {', '.join(undeclared)}"
    yield ""


def _beside(capacity: Capacity) -> Iterator[str]:
    head = ("", *(f"{plan.times:,}x" for plan in capacity.plans))
    rates = ("requests", *(said(plan.requests_per_second, Unit.PER_SECOND) for plan in capacity.plans))
    rows = [head, rates]
    for number, section in enumerate(capacity.plans[0].sections):
        rows.append((section.title, *("" for _ in capacity.plans)))
        for index, figure in enumerate(section.figures):
            amounts = (plan.sections[number].figures[index].amount.words for plan in capacity.plans)
            rows.append((f"  {figure.label}", *amounts))
    yield table(tuple(rows))


def _derived(plan: Plan) -> Iterator[str]:
    yield from ("", f"where {plan.times:,}x comes from")
    for section in plan.sections:
        yield f"  {section.title}"
        yield from _lines(section)


def _lines(section: Section) -> Iterator[str]:
    width = max(len(figure.label) for figure in section.figures)
    for figure in section.figures:
        first, *others = wrapped(figure.derivation, _WIDTH - width - 6)
        yield f"    {figure.label:<{width}}  {first}"
        yield from (f"    {'':<{width}}  {line}" for line in others)
    for note in section.notes:
        yield from (f"    {line}" for line in wrapped(note, _WIDTH - 4))


def _largest(plan: Plan) -> Iterator[str]:
    yield from ("", f"metrics with the most series at {plan.times:,}x (all with --json)")
    shown = plan.metrics[:SHOWN]
    yield _indented(table(tuple((each.name, f"{each.series:,}", each.derivation) for each in shown)))


def _dearest(capacity: Capacity) -> Iterator[str]:
    plan = capacity.plans[0]
    over = ", over all services" if len(capacity.services) > 1 else ""
    yield from ("", f"dearest rules at {plan.times:,}x{over} (all with --json)")
    rows = [("", "reads", "takes", "every"), *(_row(rule, capacity) for rule in plan.rules[:SHOWN])]
    yield _indented(table(tuple(rows)))


def _row(rule: Together, capacity: Capacity) -> tuple[str, ...]:
    labels = dict(rule.labels)
    about = ", ".join(labels[name] for name in ("slo", "window") if name in labels)
    return (
        " ".join(part for part in (rule.name, about, _whose(rule, capacity)) if part),
        f"{grouped(rule.read.samples)} samples",
        said(rule.seconds, Unit.SECONDS),
        rule.interval.words,
    )


def _whose(rule: Together, capacity: Capacity) -> str:
    """Of several services: how many a row sums over, or which one alone has the rule."""
    if len(rule.costs) > 1:
        return f"({len(rule.services)} services)"
    return f"({', '.join(rule.services)})" if rule.services != capacity.services else ""


def _indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.split("\n"))


# --- for programs -----------------------------------------------------------------------------------


def tree(capacity: Capacity) -> Tree:
    return {
        "services": list(capacity.services),
        "requests_per_month": capacity.requests_per_month,
        "plans": [_plan(plan) for plan in capacity.plans],
    }


def _plan(plan: Plan) -> Tree:
    return {
        "times": plan.times,
        "requests_per_second": float(plan.requests_per_second),
        "sections": [_section(section) for section in plan.sections],
        "metrics": [_metric(each) for each in plan.metrics],
        "rules": [_rule(rule) for rule in plan.rules],
        "undeclared": list(plan.undeclared),
    }


def _section(section: Section) -> Tree:
    return {
        "title": section.title,
        "figures": [dict[str, Tree](figure.json) for figure in section.figures],
        "notes": list(section.notes),
    }


def _metric(each: MetricSeries) -> Tree:
    return {"name": each.name, "series": each.series, "derivation": each.derivation}


def _rule(rule: Together) -> Tree:
    return {
        "name": rule.name,
        "labels": dict[str, Tree](rule.labels),
        "services": list(rule.services),
        "rules": len(rule.costs),
        "every_seconds": float(rule.interval.seconds),
        "series": float(rule.read.series),
        "samples": float(rule.read.samples),
        "seconds": float(rule.seconds),
    }
