"""What is known of metrics: from the catalog, a file, a page, a server. And what is not known."""

from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from watchkeeper.checks.declared import read_inventory
from watchkeeper.checks.inventory import UNKNOWN, Family, Inventory, Served, of_catalog, of_families, of_page, of_server
from watchkeeper.checks.reading import read_rules
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.values import Values
from watchkeeper.compile import metrics_catalog
from watchkeeper.compile import rules as compiled_rules
from watchkeeper.formats.exposition import parse
from watchkeeper.model import Catalog, Emitter, MetricType
from watchkeeper.promql import parse as parse_promql
from watchkeeper.quantity import Duration

TARGET = frozenset({"environment", "instance", "job", "role", "service"})


def family(known: Inventory, series: str) -> Family:
    found = known.family(series)
    assert found is not None
    return found


def test_nothing_is_known_without_an_inventory() -> None:
    assert UNKNOWN.family("up") is None
    assert UNKNOWN.knows("http_requests_total") is None
    assert UNKNOWN.knows("up") is True  # every Prometheus has it


def test_what_a_complete_inventory_lacks_does_not_exist() -> None:
    known = of_families([Family("d", MetricType.HISTOGRAM), Family("g", MetricType.GAUGE), Family("x")])
    assert (known.knows("d_bucket"), known.knows("g"), known.knows("h")) == (True, True, False)
    assert known.knows("g_count") is False  # a gauge has no parts
    assert known.knows("x_count") is True  # of a type nobody told
    assert family(known, "x_count").kind("x_count") is None
    assert known.names == {"d", "d_bucket", "d_sum", "d_count", "g", "x"}
    assert family(known, "d_count").kind("d_count") is MetricType.COUNTER


def test_of_the_catalog(catalog: Catalog) -> None:
    known = of_catalog(catalog)
    events = family(known, "sli_events_total")
    assert events.labels_of("sli_events_total") == TARGET | {"slo", "class", "outcome"}
    assert events.values_of("outcome") == frozenset({"good", "bad", "excluded"})
    assert "availability" in (events.values_of("slo") or ())  # the names of objectives
    assert events.values_of("instance") is None
    assert events.starts_at_zero
    assert events.scrape == Duration.of(seconds=5)
    latency = family(known, "http_request_duration_seconds_bucket")
    assert "le" in (latency.labels_of("http_request_duration_seconds_bucket") or ())
    assert "le" not in (latency.labels_of("http_request_duration_seconds_count") or ())
    assert Decimal(2) in (latency.buckets or ())


def test_an_exporter_has_labels_that_the_catalog_does_not_list(catalog: Catalog) -> None:
    foreign = [metric for metric in catalog.metrics if metric.emitter.foreign]
    assert foreign
    assert all(family(of_catalog(catalog), metric.name).labels is None for metric in foreign)


# --- a file ---------------------------------------------------------------------------------------

FILE = """\
service: whatever
intervals: {scrape_critical: 5s}
metrics:
  a_total:
    type: counter
    help: For people.
    labels: {code: ["200", 500], method: {cap: 5}, kind: {values: [x]}, any: }
    scrape: critical
    emitter: sdk
  d: {type: histogram, labels: [code], buckets: [5, 0.5, "1", +Inf], scrape: 30s}
  s: {type: summary, scrape: standard}
  n:
"""


def declared(text: str) -> Inventory:
    read = read_inventory(text, "m.yaml")
    assert read.problems == ()
    assert read.inventory is not None
    return read.inventory


def test_of_a_file() -> None:
    known = declared(FILE)
    a, d, s, n = (family(known, name) for name in ("a_total", "d", "s", "n"))
    assert (a.type, a.scrape, a.emitter) == (MetricType.COUNTER, Duration.of(seconds=5), Emitter.SDK)
    assert a.labels == dict.fromkeys([*TARGET, "method", "any"]) | {"code": {"200", "500"}, "kind": {"x"}}
    assert (d.buckets, d.scrape) == ((Decimal("0.5"), Decimal(1), Decimal(5)), Duration.of(seconds=30))
    assert (s.type, s.scrape, s.labels) == (None, None, None)  # a class without an interval is none
    assert n == Family("n")
    assert known.complete


def test_a_file_may_say_what_the_scrape_adds() -> None:
    known = declared("target_labels: [job, pod]\nmetrics: {a: {labels: [x]}}\n")
    assert family(known, "a").labels_of("a") == frozenset({"job", "pod", "x"})


def test_the_compiled_catalog_is_one(catalog: Catalog) -> None:
    """It knows of every metric what the definitions know; recorded series exist, and no more is said of them."""
    compiled = compiled_rules.compiled(catalog)
    known = declared(metrics_catalog.document(catalog, compiled).text)
    metrics = of_catalog(catalog)
    differing = {name for name, each in metrics.families.items() if known.families[name] != each}
    assert differing == {"sli_events_total"}  # definitions let its `slo` be any objective, the file lists the SDK's
    recorded = {rule.record for rule in compiled.recordings}
    assert known.families.keys() == metrics.families.keys() | recorded
    assert {known.families[name].type for name in recorded} == {None}
    assert (known.complete, known.retention) == (True, metrics.retention)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "0:0 empty"),
        ("metrics: {}\n", "1:10 empty"),
        ("- a\n", "1:1 wrong-type"),
        ("metrics: {a: counter}\n", "1:14 wrong-type"),
        ("metrics: {a: {type: conter}}\n", "1:21 bad-type"),
        ("metrics: {a: {labels: x}}\n", "1:23 wrong-type"),
        ("metrics: {a: {type: {x: y}}}\n", "1:21 wrong-type"),
        ("metrics: {a: {buckets: [x]}}\n", "1:25 wrong-type"),
    ],
)
def test_a_file_that_is_none(text: str, told: str) -> None:
    read = read_inventory(text, "m.yaml")
    assert read.inventory is None
    (problem,) = read.problems
    assert f"{problem.span.line}:{problem.span.column} {problem.code}" == told
    assert problem.fix


def test_the_nearest_type_is_offered() -> None:
    (problem,) = read_inventory("metrics: {a: {type: conter}}\n", "m.yaml").problems
    assert problem.fix == "write `counter`"


# --- a page and a server --------------------------------------------------------------------------


def test_of_a_page_as_the_official_client_writes_it() -> None:
    registry = CollectorRegistry()
    Counter("a", "A", ["code"], registry=registry).labels("200").inc()
    Gauge("g", "G", registry=registry).set(1)
    Histogram("d", "D", ["m"], buckets=(0.5, 1), registry=registry).labels("x").observe(2)
    known = of_page(parse(generate_latest(registry).decode()))
    assert family(known, "a_total").type is MetricType.COUNTER
    assert family(known, "a_total").labels == {"code": None}
    assert family(known, "d_bucket").buckets == (Decimal("0.5"), Decimal(1))
    assert known.knows("nothing") is False


def test_nobody_knows_which_labels_a_scrape_adds_to_a_page() -> None:
    known = of_page(parse('a{x="1"} 1\n'))
    assert family(known, "a").labels_of("a") is None


def test_of_a_server() -> None:
    known = of_server(
        Served(
            frozenset({"a_total", "d_bucket", "d_sum", "d_count", "job:a:rate5m"}),
            {"a": "counter", "d": "histogram"},
            {"d_bucket": frozenset({"job", "le"}), "a_total": frozenset({"job", "code"})},
            {"d_bucket": frozenset({"0.5", "1.0", "+Inf"})},
            Duration.of(seconds=15),
        )
    )
    assert family(known, "a_total").type is MetricType.COUNTER  # OpenMetrics names it without its ending
    assert family(known, "d_sum").type is MetricType.HISTOGRAM
    assert family(known, "d").labels == {"job": None}
    assert family(known, "d").buckets == (Decimal("0.5"), Decimal(1))
    assert family(known, "a_total").scrape == Duration.of(seconds=15)
    assert (known.knows("job:a:rate5m"), known.knows("b")) == (True, False)
    assert family(known, "a_total").labels_of("a_total") is None  # that a label exists is not that every series has it


# --- what rules tell of what they record ----------------------------------------------------------


def rules(*lines: str) -> Rules:
    text = "groups:\n- name: g\n  rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)
    file = read_rules(text, "r.yaml").file
    assert file is not None
    return Rules((file,), UNKNOWN)


def test_labels_of_recorded_series() -> None:
    known = rules(
        "record: one, expr: 'sum by (job) (x)', labels: {slo: a}",
        "record: two, expr: 'sum by (job) (one)'",
        "record: open, expr: x",
        "record: loop, expr: 'sum by (job) (loop)'",
        "record: both, expr: 'sum by (job) (x)'",
        "record: both, expr: 'sum by (pod) (x)'",
        "record: taken, expr: 'sum by (job) (x)', labels: {job: ''}",
    )
    names = ("one", "two", "open", "loop", "both", "taken", "unheard_of")
    assert [known.labels_of(name) for name in names] == [
        {"job", "slo"},
        {"job"},
        None,
        {"job"},
        None,
        frozenset(),
        None,
    ]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('x{a="1",b!="2",c=~"3"}', {"a": "1"}),
        ('sum by (a) (rate(x{a="1",b="2"}[5m]))', {"a": "1"}),
        ('sum without (a) (x{a="1",b="2"})', {"b": "2"}),
        ('topk(1, x{a="1"})', {"a": "1"}),
        ('absent(x{a="1"})', {"a": "1"}),
        ('absent(sum by (a) (x{a="1"}))', {}),
        ('label_replace(x{a="1",b="2"}, "a", "3", "", "")', {"b": "2"}),
        ('x{a="1"} or y{a="1",b="2"}', {"a": "1"}),
        ('x{a="1"} and y{b="2"}', {"a": "1"}),
        ('x{a="1"} / on (b) y{b="2"}', {"b": "2"}),
        ('x{a="1"} * on (c) group_left (a) y{a="2"}', {}),
        ('2 * -x{a="1"}', {"a": "1"}),
        ("vector(1)", {}),
        ("recorded", {"slo": "a", "job": "j"}),
        ('recorded{slo="b"}', {"slo": "b"}),
    ],
)
def test_values_that_an_expression_fixes(expr: str, expected: dict[str, str]) -> None:
    known = rules("record: recorded, expr: 'x{job=\"j\"}', labels: {slo: a}")
    assert Values(known).of(parse_promql(expr)) == expected


def test_a_selector_reads_what_its_labels_allow() -> None:
    known = rules("record: r, expr: a, labels: {slo: a}", "record: r, expr: b, labels: {slo: b}", "record: r, expr: c")

    def read(expr: str) -> list[str]:
        file = read_rules(f"groups:\n- name: g\n  rules:\n  - {{record: x, expr: '{expr}'}}\n", "x.yaml").file
        assert file is not None
        (asked, _), *_ = Rules((file,), UNKNOWN).recordings()
        selector = asked.node
        return [each.expr.text for each in known.recording(selector)]  # type: ignore[arg-type]

    assert read("r") == ["a", "b", "c"]
    assert read('r{slo="a"}') == ["a", "c"]
    assert read('r{slo="z"}') == ["c"]
    assert read('r{slo=~"a"}') == ["a", "b", "c"]
    assert read('r{team="x"}') == ["a", "b", "c"]
    assert read("s") == []
