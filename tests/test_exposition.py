"""Pages of metrics are read as the official parser reads them, and refused with their line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from watchkeeper.formats.exposition import ExpositionError, parse

REGISTRY = CollectorRegistry()
Counter("requests", 'With "quotes" and \\ in its help.', ["path", "code"], registry=REGISTRY).labels(
    '/a"b\\c\n', "200"
).inc(3)
Gauge("depth", "A gauge.", registry=REGISTRY).set(-1.5)
Histogram("took_seconds", "A histogram.", ["m"], buckets=(0.5, 1), registry=REGISTRY).labels("x").observe(0.7)
Summary("size_bytes", "A summary.", registry=REGISTRY).observe(7)
Info("build", "An info.", registry=REGISTRY).info({"version": "1"})
Enum("state", "A state.", states=["up", "down"], registry=REGISTRY)


def test_as_the_official_parser() -> None:
    page = generate_latest(REGISTRY).decode()
    ours = {(sample.name, sample.labels, sample.value) for family in parse(page) for sample in family.samples}
    theirs = {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert ours == theirs


def test_openmetrics_says_the_same() -> None:
    classic = {(family.name, family.type) for family in parse(generate_latest(REGISTRY).decode())}
    page = generate_openmetrics(REGISTRY).decode()  # type: ignore[no-untyped-call]
    modern = {(family.name, family.type) for family in parse(page)}
    assert ("requests_total", "counter") in classic & modern
    assert ("took_seconds", "histogram") in classic & modern
    assert ("size_bytes", "summary") in classic & modern


def test_types_lines_and_samples() -> None:
    families = parse('# HELP a_total x\n# TYPE a_total counter\na_total{x="1"} 2 1700000000\n\nb 3\n# EOF\n')
    assert [(family.name, family.type, family.line) for family in families] == [
        ("a_total", "counter", 2),
        ("b", "untyped", 5),
    ]
    (sample,) = families[0].samples
    assert (sample.labels, sample.value, sample.line) == ((("x", "1"),), 2.0, 3)


def test_exemplars_and_spaces() -> None:
    (family,) = parse('# TYPE d histogram\nd_bucket{ le = "1" , } 2 # {trace_id="a b"} 0.5 1.7\nd_count 2\n')
    assert [sample.value for sample in family.samples] == [2, 2]
    assert family.label_sets() == {()}


@pytest.mark.parametrize(
    ("value", "expected"), [("+Inf", float("inf")), ("-Inf", float("-inf")), ("0", 0.0), ("1e3", 1000)]
)
def test_values(value: str, expected: float) -> None:
    assert parse(f"a {value}\n")[0].samples[0].value == expected


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("<html>\n", 1),
        ("a 1\na\n", 2),
        ("a one\n", 1),
        ('a{x="1} 2\n', 1),
        ("a{x=1} 2\n", 1),
        ('a{x="1"y="2"} 2\n', 1),
        ("a 1\n# TYPE a counter\n", 2),
        ("# TYPE a counter\n# TYPE a gauge\n", 2),
        ("# TYPE a thing\n", 1),
    ],
)
def test_what_is_no_page_is_refused_at_its_line(page: str, line: int) -> None:
    with pytest.raises(ExpositionError) as caught:
        parse(page)
    assert caught.value.line == line


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ExpositionError):
        assert all(family.samples or family.type != "untyped" for family in parse(text))


@given(st.dictionaries(st.sampled_from(["a", "b", "le"]), st.text(max_size=20), max_size=3))
def test_label_values_come_back(labels: dict[str, str]) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("g", "G", sorted(labels), registry=registry)
    (gauge.labels(**labels) if labels else gauge).set(1)
    page = generate_latest(registry).decode("utf-8", "replace")
    expected = tuple(sorted(labels.items()))
    assert parse(page)[0].samples[0].labels == expected
