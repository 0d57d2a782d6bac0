"""Walking and rewriting: injected matchers, labels kept through aggregations and joins, what an expression reads."""

import pytest
from hypothesis import given, settings

from promql_strategy import nodes
from watchkeeper.promql import Node, inject, keep_labels, metrics, parse, ranges, render, selectors, unportable
from watchkeeper.promql.build import equals
from watchkeeper.promql.nodes import Aggregation, Binary, Number, Selector
from watchkeeper.promql.rewrite import bottom_up, walk

SCOPE = (equals("service", "copilot"), equals("environment", "demo"))
KEPT = ("service", "environment")

RATIO = 'sum by (le) (rate(a_total{le="1"}[5m] offset 1h)) / ignoring (le, service) max(max_over_time(b:c[1h:1m])) > 2'


def rewritten(text: str, *, kept: bool) -> str:
    node = parse(text)
    return render(keep_labels(node, KEPT) if kept else inject(node, SCOPE))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("up", 'up{service="copilot",environment="demo"}'),
        ('up{service="other"}', 'up{service="other",environment="demo"}'),
        ('up{service=~".+"} == 0', 'up{service=~".+",environment="demo"} == 0'),
        ("rate(a:b[5m]) / vector(1)", 'rate(a:b{service="copilot",environment="demo"}[5m]) / vector(1)'),
        ("max_over_time(a[1h:1m])", 'max_over_time(a{service="copilot",environment="demo"}[1h:1m])'),
        (
            "topk(scalar(b), a offset 5m)",
            'topk(scalar(b{service="copilot",environment="demo"}), a{service="copilot",environment="demo"} offset 5m)',
        ),
        ("vector(time() * 2)", "vector(time() * 2)"),
    ],
)
def test_matchers_are_injected_everywhere_but_never_overrule(before: str, after: str) -> None:
    assert rewritten(before, kept=False) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sum(a)", "sum by (service, environment) (a)"),
        ("sum by (le) (a)", "sum by (le, service, environment) (a)"),
        ("sum by (environment) (a)", "sum by (environment, service) (a)"),
        ("sum without (instance, service) (a)", "sum without (instance) (a)"),
        ("sum without () (a)", "sum without () (a)"),
        ("a and on (slo) b", "a and on (slo, service, environment) b"),
        ("a * on () group_left (v) b", "a * on (service, environment) group_left (v) b"),
        ("a / ignoring (environment, code) b", "a / ignoring (code) b"),
        ("a / ignoring (environment) b", "a / b"),
        ("a / b", "a / b"),
        (
            "max(sum(a) / sum(b))",
            "max by (service, environment) (sum by (service, environment) (a) / sum by (service, environment) (b))",
        ),
        ("rate(a[5m]) > 1", "rate(a[5m]) > 1"),
    ],
)
def test_labels_survive_aggregations_and_take_part_in_joins(before: str, after: str) -> None:
    assert rewritten(before, kept=True) == after


def test_what_an_expression_reads() -> None:
    node = parse(RATIO)
    assert metrics(node) == ("a_total", "b:c")
    assert [selector.name for selector in selectors(node)] == ["a_total", "b:c"]
    assert [found.duration.promql for found in ranges(node)] == ["5m", "1h"]
    assert metrics(parse('b + a + b + {job="x"}')) == ("a", "b")
    assert metrics(parse("time() > bool 1")) == ()


def test_a_walk_follows_the_text_and_visits_parameters() -> None:
    names = [found.name for found in walk(parse("a + topk(scalar(b), c) + rate(d[5m])")) if isinstance(found, Selector)]
    assert names == ["a", "b", "c", "d"]


def test_a_range_reads_a_selector_whatever_a_change_makes_of_it() -> None:
    with pytest.raises(TypeError, match="a range reads a selector, not a Number"):
        bottom_up(parse("rate(a[5m])"), lambda node: parse("1") if isinstance(node, Selector) else node)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("rate(a[5m])", ()),
        ("limitk(2, a) + limit_ratio(0.5, b)", ("limit_ratio", "limitk")),
        (
            "double_exponential_smoothing(a[5m], 1, 1) + mad_over_time(b[5m])",
            ("double_exponential_smoothing", "mad_over_time"),
        ),
    ],
)
def test_what_not_every_prometheus_knows(text: str, names: tuple[str, ...]) -> None:
    assert unportable(parse(text)) == names


@given(nodes)
@settings(deadline=None, max_examples=60)
def test_after_injection_every_selector_speaks_of_the_scope(node: Node) -> None:
    scoped = inject(node, SCOPE)
    for selector in selectors(scoped):
        assert {"service", "environment"} <= {matcher.label for matcher in selector.matchers}
    assert inject(scoped, SCOPE) == scoped


@given(nodes)
@settings(deadline=None, max_examples=60)
def test_no_aggregation_or_join_loses_a_kept_label(node: Node) -> None:
    kept = keep_labels(node, KEPT)
    for part in walk(kept):
        if isinstance(part, Aggregation):
            assert all((label in part.grouping.labels) is not part.grouping.without for label in KEPT)
        if isinstance(part, Binary):
            assert all((label in part.matching.labels) is part.matching.on for label in KEPT)
    assert keep_labels(kept, KEPT) == kept
    assert sum(isinstance(part, Number) for part in walk(kept)) == sum(isinstance(part, Number) for part in walk(node))
