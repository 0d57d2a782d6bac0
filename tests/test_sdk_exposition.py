"""Pages that Prometheus' own parsers read back to what was counted."""

import math
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from sdk_bench import internal_errors, parsed, samples, watched
from watchkeeper import engines
from watchkeeper.sdk.exposition import Format, bound_text, escaped, header, label_text, negotiate, number_text, page
from watchkeeper.sdk.instruments import Counter, Definition, Registry
from watchkeeper.sdk.labels import Label

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.75,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.25,*/*;q=0.1"
)
"""What Prometheus 2.42 sends."""


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/plain", Format.TEXT),
        ("application/openmetrics-text; version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.9", Format.TEXT),
        (PROMETHEUS, Format.OPENMETRICS),
        ("application/openmetrics-text;q=nonsense", Format.TEXT),
        (";;,,q=,=;", Format.TEXT),
    ],
)
def test_content_negotiation(accept: str, expected: Format) -> None:
    assert negotiate(accept) is expected


@pytest.mark.parametrize(
    ("bound", "text"), [(0.005, "0.005"), (0.1, "0.1"), (1, "1.0"), (2.5, "2.5"), (120, "120.0"), (1e6, "1e+06")]
)
def test_bounds_as_people_select_them(bound: float, text: str) -> None:
    assert bound_text(float(bound)) == text


@given(st.floats(min_value=1e-9, max_value=1e15))
def test_bounds_are_those_of_prometheus_client(bound: float) -> None:
    assert bound_text(bound) == floatToGoString(bound)  # type: ignore[no-untyped-call]


@given(st.floats())
def test_numbers_read_back(value: float) -> None:
    read = float(number_text(value))
    assert read == value or (math.isnan(read) and math.isnan(value))


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_label_values_read_back(value: str) -> None:
    text = f"x{label_text(('a',), (value,))} 1.0\n"
    (family,) = text_string_to_metric_families(text)
    if "\r" not in value:  # the reader's own line splitting
        assert family.samples[0].labels == {"a": value}


def test_escapes() -> None:
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'
    assert header("x_total", "counter", "line\nand \\", Format.TEXT) == (
        "# HELP x_total line\\nand \\\\\n# TYPE x_total counter"
    )


def test_openmetrics_names_counters_without_total() -> None:
    assert header("x_total", "counter", 'say "x"', Format.OPENMETRICS) == '# HELP x say \\"x\\"\n# TYPE x counter'
    assert header("x", "counter", "x", Format.OPENMETRICS) == "# HELP x x\n# TYPE x unknown"
    assert page(["a 1"], Format.OPENMETRICS) == b"a 1\n# EOF\n"
    assert page(["a 1"], Format.TEXT) == b"a 1\n"


def test_both_formats_say_the_same() -> None:
    with watched() as wk:
        fill(wk.m.messages_total.inc, wk.m.http_request_duration_seconds.observe)
        strict = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in openmetrics(wk.page(openmetrics=True).decode())  # type: ignore[no-untyped-call]
            for sample in family.samples
        }
        text = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(wk.page().decode())
            for sample in family.samples
        }
        assert strict.keys() == text.keys() - {("watchkeeper_scrape_duration_seconds", (("scrape", "all"),))}
        assert strict["messages_total", (("intent", 'od"d\\'),)] == 1


def fill(messages: object, durations: object) -> None:
    assert callable(messages)
    assert callable(durations)
    messages(intent='od"d\\')
    messages(intent="line\nbreak")
    durations(0.3, method="GET", endpoint="/x")


def test_scrape_classes_divide_the_metrics() -> None:
    with watched() as wk:
        critical, standard, everything = (
            {name for name in samples(wk, scrape) if not name.startswith("watchkeeper_scrape")}
            for scrape in ("critical", "standard", "all")
        )
    assert critical & standard == set()
    assert critical | standard == everything
    families = {re.sub("_(bucket|count|sum)$", "", name.partition("{")[0]) for name in critical}
    assert families == {"sli_events_total", "sli_latency_seconds", "http_requests_in_flight"}


def test_the_time_of_a_scrape_is_shown_by_the_next() -> None:
    with watched() as wk:
        wk.page("critical")
        assert samples(wk)['watchkeeper_scrape_duration_seconds{scrape="critical"}'] > 0


def test_one_bad_series_loses_one() -> None:
    with watched() as wk:
        wk.m.messages_total.inc(intent="good")
        wk.m.messages_total.inc(intent="bad")
        wk.page()
        wk.m.messages_total.cells()[1].value = "not a number"  # type: ignore[assignment]
        found = samples(wk)
        assert found['messages_total{intent="good"}'] == 1
        assert 'messages_total{intent="bad"}' not in found
        assert internal_errors(wk) == {'{where="exposition"}': 1}  # of the scrape before


def test_a_collector_that_fails_costs_only_itself() -> None:
    with watched() as wk:
        wk._scraper.collect("poison", lambda: {"a": None}["b"])
        assert samples(wk)["http_requests_in_flight"] == 0
        assert internal_errors(wk)['{where="collect.poison"}'] > 0


@given(st.lists(st.tuples(st.text(max_size=12), st.floats(0, 1e9)), max_size=20))
def test_a_page_reads_back_to_what_was_counted(updates: list[tuple[str, float]]) -> None:
    registry = Registry()
    made = Counter(registry, Definition("x_total", "X.", (Label("a", cap=100),), "standard"))
    for label, by in updates:
        made.add((label,), by)
    registry.drain()
    lines = [line for cell in made.cells() for line in cell.lines()]
    assert sum(parsed(page(lines, Format.TEXT).decode()).values()) == pytest.approx(sum(by for _, by in updates))


@pytest.mark.engine
def test_promtool_finds_no_fault(promtool: engines.Engine) -> None:
    with watched() as wk:
        fill(wk.m.messages_total.inc, wk.m.http_request_duration_seconds.observe)
        body = wk.page()
    run = subprocess.run([promtool.path, "check", "metrics"], input=body, capture_output=True, check=False, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
