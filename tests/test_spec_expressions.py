"""PromQL in definitions: which names, labels and units are accepted, and which are problems."""

from pathlib import Path

import pytest

from spec_bench import of_value, problems
from watchkeeper import promql
from watchkeeper.quantity import Measure
from watchkeeper.spec.units import unit


@pytest.mark.parametrize(
    "value",
    [
        'dependency_up{dependency="database"}',
        'dependency_up{dependency=~"database|cache"}',
        'dependency_up{dependency!="nothing-like-it"}',
        'dependency_up{dependency=~"data.*"}',
        'dependency_up{service="x",environment="y",instance="z",job="j"}',
        'sum by (le) (rate(http_request_duration_seconds_bucket{le="1"}[5m]))',
        "rate(http_request_duration_seconds_count[5m])",
        "rate(http_request_duration_seconds_sum[5m])",
        'sli_events_total{slo="latency",class="simple"}',
        "slo:sli_error:ratio_rate5m",  # recorded: named by the compiler
        "up",
        'ALERTS{alertname="X"}',
        "vector(1)",
        "scrape_samples_scraped",
        'dependency_up{role="service"}',  # added by the scrape
        'up{role="probe"}',
        'memory_bytes{zone="a"}',  # an engine may have labels that nobody declared
    ],
)
def test_names_that_exist_are_accepted(tmp_path: Path, value: str) -> None:
    assert of_value(tmp_path, value) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("dependency_ups", "unknown-metric"),
        ("memory_bytes_count", "unknown-metric"),  # a gauge has no such series
        ("rate(sli_events[5m])", "unknown-metric"),
        ('dependency_up{dependncy="database"}', "unknown-label"),
        ('dependency_up{le="1"}', "unknown-label"),  # no bucket
        ('dependency_up{dependency="databas"}', "unknown-value"),
        ('dependency_up{dependency=~"database|cach"}', "unknown-value"),
        ('sli_events_total{slo="availabilty"}', "unknown-value"),
        ('sli_events_total{class="batch"}', "unknown-value"),
        ("sum(", "bad-promql"),
        ("http_request_duration_seconds", "unknown-metric"),  # a histogram is its parts
        ("memory_bytes > 5", "comparison"),
        ("memory_bytes == 5", "comparison"),
    ],
)
def test_names_that_do_not_exist_are_problems(tmp_path: Path, value: str, code: str) -> None:
    assert of_value(tmp_path, value) == [code]


def test_a_guard_is_read_like_a_value_but_may_compare(tmp_path: Path) -> None:
    assert of_value(tmp_path, "memory_bytes", more="    guard: sum(memory_bytes) > 1e9\n") == []
    assert of_value(tmp_path, "memory_bytes", more="    guard: memory_bites > 1\n") == ["unknown-metric"]
    assert of_value(tmp_path, "memory_bytes", more="    guard: ')'\n") == ["bad-promql"]


def test_what_a_project_says_of_an_engine_s_metric_is_not_all_there_is(tmp_path: Path) -> None:
    """Values of an engine's own labels may be others; `role` is what the scrape sets."""
    metric = "{type: gauge, help: x, category: x, scrape: standard, retention: 30d, emitter: engine, labels: %s}"
    up, own = metric % "{role: [service, probe]}", metric % "{zone: [a, b]}"
    metrics = f"metrics:\n  up: {up}\n  zones: {own}\n"
    assert of_value(tmp_path, 'zones{zone="c",rack="1"}', more=metrics) == []
    assert of_value(tmp_path, 'up{role="service"}', more=metrics) == []
    assert of_value(tmp_path, 'up{role="servce"}', more=metrics) == ["unknown-value"]


@pytest.mark.parametrize(
    ("total", "bad", "codes"),
    [
        ("sli_events_total", 'sli_events_total{outcome="bad"}', []),
        ("strangers_total", "strangers_bad_total", []),  # a foreign service's
        ("http_request_duration_seconds_count", 'http_request_duration_seconds_bucket{le="1"}', ["good-as-bad"]),
        ("http_request_duration_seconds_count", 'http_request_duration_seconds_bucket{le="1.0"}', ["good-as-bad"]),
        ("http_request_duration_seconds", "sli_events_total", ["unknown-metric"]),
        ("memory_bytes", "sli_events_total", ["not-a-counter"]),
        ('sli_events_total{outcom="good"}', 'sli_events_total{outcome="bda"}', ["unknown-label", "unknown-value"]),
    ],
)
def test_counters_of_an_objective(tmp_path: Path, total: str, bad: str, codes: list[str]) -> None:
    text = f"slos:\n  availability:\n    total: {total}\n    bad: {bad}\n"
    assert [problem.code for problem in problems(tmp_path, text)] == codes


@pytest.mark.parametrize(
    ("good", "codes"),
    [
        ('http_request_duration_seconds_bucket{le="1"}', []),
        ('http_request_duration_seconds_bucket{le="1.0"}', []),  # as Prometheus 3 stores it
        ('http_request_duration_seconds_bucket{le="0.50"}', []),
        (r'http_request_duration_seconds_bucket{le=~"1|1\\.0"}', []),  # as check L19 wants it
        ('http_request_duration_seconds_bucket{le="1",endpoint="/a"}', []),
        ('strangers_bucket{le="1.7"}', []),  # a foreign service's
        ("http_request_duration_seconds_count", []),
        ("http_request_duration_seconds_bucket", ["not-a-counter"]),
        ('http_request_duration_seconds_bucket{le=~"1|2"}', ["not-a-counter"]),
        ('http_request_duration_seconds_bucket{le="1.7"}', ["no-bucket"]),
        ('http_request_duration_seconds_bucket{le="7.0"}', ["no-bucket"]),
        ('http_request_duration_seconds_bucket{le="fast"}', ["no-bucket"]),
        ('http_request_duration_seconds_bucket{le="+Inf"}', ["good-as-total"]),  # nothing would ever be bad
        ('http_request_duration_seconds_bucket{le="1",le="1.0"}', ["not-a-counter"]),
        ('http_request_duration_seconds_bucket{le!="1"}', ["not-a-counter"]),
        ('rate(http_request_duration_seconds_bucket{le="1"}[5m])', ["not-a-counter"]),
    ],
)
def test_a_good_event_is_in_one_bucket(tmp_path: Path, good: str, codes: list[str]) -> None:
    text = f"slos:\n  availability:\n    total: http_request_duration_seconds_count\n    good: {good}\n"
    assert [problem.code for problem in problems(tmp_path, text)] == codes


@pytest.mark.parametrize(
    ("bound", "codes"),
    [
        ('le="+Inf"', []),  # every histogram has it
        ('le="5"', []),
        ('le="Inf"', ["no-bucket"]),  # which is not how Prometheus writes it
        ('le="1.7"', ["no-bucket"]),
    ],
)
def test_the_total_may_be_the_bucket_of_all_events(tmp_path: Path, bound: str, codes: list[str]) -> None:
    bucket = "http_request_duration_seconds_bucket"
    text = f'slos:\n  availability:\n    total: {bucket}{{{bound}}}\n    good: {bucket}{{le="1"}}\n'
    found = problems(tmp_path, text)
    assert [problem.code for problem in found] == codes
    assert all(problem.allowed.endswith(", +Inf") for problem in found)


def test_a_metric_with_a_mistake_of_its_own_is_no_unknown_metric(tmp_path: Path) -> None:
    codes = [problem.code for problem in problems(tmp_path, "metrics: {dependency_up: {scrape: often}}\n")]
    assert codes == ["bad-choice"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("value: rate(memory_bites[5m])", (4, 17)),
        ("value: 'rate(memory_bites[5m])'", (4, 18)),
        ('value: "rate(memory_bites[5m])"', (4, 18)),
        ("value: >\n      rate(memory_bites[5m])", (4, 12)),  # a folded text has no columns of its own
    ],
)
def test_the_caret_stands_at_the_name(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    (problem,) = problems(tmp_path, f"alerts:\n  HighLatency:\n    {text}\n    above: 0\n")
    assert (problem.span.line, problem.span.column) == place


# --- units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("request_duration_seconds", Measure.SECONDS),
        ("max(request_duration_seconds)", Measure.SECONDS),
        ("max_over_time(memory_bytes[5m])", Measure.BYTES),
        ("increase(cost_usd_total[1h])", Measure.DOLLARS),
        ("sum(increase(cost_usd_total[1h] offset 5m))", Measure.DOLLARS),
        ("disk_used_ratio", Measure.RATIO),
        ("time() - start_time_seconds", Measure.SECONDS),
        ("-(a_bytes)", Measure.BYTES),
        ("histogram_quantile(0.9, sum by (le) (rate(lag_seconds_bucket[5m])))", Measure.SECONDS),
        ("memory_bytes > 5", Measure.BYTES),
        ("max_over_time(rate(cpu_seconds_total[1m])[5m:])", None),
        ("rate(cpu_seconds_total[1m])", None),  # seconds a second are a share
        ("a_bytes / b_bytes", None),
        ("memory_bytes > bool 5", None),
        ("count(memory_bytes)", None),
        ("lag_seconds_count", None),
        ("lag_seconds_bucket", None),
        ("requests_total", None),
        ("vector(1)", None),
    ],
)
def test_the_unit_follows_from_names_and_functions(value: str, expected: Measure | None) -> None:
    assert unit(promql.parse(value)) is expected


@pytest.mark.parametrize(
    ("value", "threshold", "codes"),
    [
        ("memory_bytes", "above: 10GiB", []),
        ("memory_bytes", "above: 0", []),
        ("memory_bytes", "above: 10", ["unit-missing"]),
        ("memory_bytes", "above: 10s", ["wrong-unit"]),
        ("memory_bytes", "below: -5", ["wrong-unit"]),
        ("memory_bytes / memory_bytes", "above: 90%", []),
        ("memory_bytes / memory_bytes", "above: 3", []),  # three times as much, who knows
        ("sum(rate(sli_events_total[5m]))", "above: 0.5/s", []),
        ("time() - max(timestamp(up))", "above: 60", ["unit-missing"]),
        ("time() - max(timestamp(up))", "above: 1m", []),
    ],
)
def test_thresholds_are_in_the_unit_of_their_value(
    tmp_path: Path, value: str, threshold: str, codes: list[str]
) -> None:
    assert of_value(tmp_path, value, threshold) == codes


# --- routes and inhibitions ------------------------------------------------------------------------


def inhibitions(folder: Path, *rules: str) -> list[str]:
    lines = "".join(f"    - {{{rule}, equal: [service]}}\n" for rule in rules)
    return [problem.code for problem in problems(folder, f"routing:\n  inhibitions:\n{lines}")]


def test_inhibitions_that_lead_down_are_fine(tmp_path: Path) -> None:
    assert (
        inhibitions(
            tmp_path,
            "source: {tier: critical}, target: {tier: high}",
            "source: {tier: high}, target: {tier: warning}",
            "source: {tier: critical}, target: {tier: warning}",
            "source: {alertname: ServiceDown}, target: {kind: symptom}",
        )
        == []
    )


def test_a_circle_of_three_is_found_once(tmp_path: Path) -> None:
    rules = (
        "source: {tier: critical}, target: {tier: high}",
        "source: {tier: high}, target: {tier: warning}",
        "source: {tier: warning}, target: {tier: critical, component: api}",
    )
    assert inhibitions(tmp_path, *rules) == ["inhibition-cycle"]


def test_an_alert_that_silences_its_own_kind_is_a_circle(tmp_path: Path) -> None:
    assert inhibitions(tmp_path, "source: {severity: high}, target: {severity: high, component: api}") == [
        "inhibition-cycle"
    ]


def test_circles_that_only_might_close_are_left_alone(tmp_path: Path) -> None:
    """A database alert is no more critical for being about the database."""
    rules = (
        "source: {tier: critical}, target: {component: database}",
        "source: {component: database, tier: high}, target: {tier: critical}",
    )
    assert inhibitions(tmp_path, *rules) == []


@pytest.mark.parametrize(
    ("match", "codes"),
    [
        ("severity: high", []),
        ("component: database", []),
        ("component: databse", ["unknown-reference"]),
        ("service: x", []),
        ("service: y", ["unknown-reference"]),
        ("slo: latency", []),
        ("slo: latencies", ["unknown-reference"]),
        ("alertname: Anything", []),
        ("dependency: database", []),
        ("kind: watchdog", []),
        ("kind: watchdogs", ["unknown-reference"]),
        ("colour: red", ["unknown-label"]),
    ],
)
def test_routes_match_what_alerts_can_have(tmp_path: Path, match: str, codes: list[str]) -> None:
    text = f"routing:\n  routes:\n    - {{match: {{{match}}}, receivers: [chat]}}\n"
    assert [problem.code for problem in problems(tmp_path, text)] == codes


# --- recordings -------------------------------------------------------------------------------------

RECORDING = "family: business, unit: number, help: h"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("sum(", "bad-promql"),
        ("sum(dependency_ups)", "unknown-metric"),
        ('sum(dependency_up{dependncy="database"})', "unknown-label"),
        ("sum(dependency_up)", ""),
    ],
)
def test_recordings_are_read_like_alerts(tmp_path: Path, value: str, code: str) -> None:
    found = problems(tmp_path, f"recordings:\n  a:b:c: {{{RECORDING}, rules: [{{value: '{value}'}}]}}\n")
    assert [problem.code for problem in found] == ([code] if code else [])


def test_whoever_reads_a_recording_that_is_switched_off_is_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        f"""recordings:
  a:b:c: {{{RECORDING}, rules: [{{value: sum(dependency_up)}}], enabled: false, because: nobody looks}}
  a:b:d: {{{RECORDING}, rules: [{{value: "a:b:c * 2"}}]}}
alerts: {{DatabaseDown: {{value: "min(a:b:c)", for: 1m}}}}
dashboards: {{health: {{panels: {{latency: {{queries: [{{value: "min(a:b:c)"}}]}}}}}}}}
""",
    )
    assert [(problem.summary, problem.fix) for problem in found] == [
        (
            "recording `a:b:d` reads recording `a:b:c`, which is switched off",
            "switch off the recording, too: `a:b:d: {enabled: false, because: …}`",
        ),
        (
            "alert `DatabaseDown` reads recording `a:b:c`, which is switched off",
            "switch off the alert, too: `DatabaseDown: {enabled: false, because: …}`",
        ),
    ]
