"""The metrics catalog: what it says of a metric, and that its totals are sums of what it lists."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import yaml

from watchkeeper.compile import metrics_catalog, rules
from watchkeeper.compile.rules import Rules
from watchkeeper.model import Catalog, Emitter, Label, Metric, MetricType, Reference, Scrape
from watchkeeper.quantity import Duration

SEED = [
    "http_requests_total", "http_request_duration_seconds", "grpc_requests_total", "sessions_active",
    "conversations_total", "messages_total", "workflow_executions_total", "test_generations_total",
    "incidents_detected_total", "process_cpu_seconds_total", "process_resident_memory_bytes",
    "nodejs_eventloop_lag_seconds", "db_connections_active", "redis_commands_total", "llm_requests_total",
    "llm_request_duration_seconds", "llm_tokens_total", "llm_cost_usd", "llm_context_window_usage_ratio",
    "module_requests_total", "module_request_duration_seconds", "module_health_status",
    "module_circuit_breaker_state",
]  # fmt: skip
"""Every metric the specification names, under its own name."""
SEED_RECORDED = {
    "sli:availability:ratio": ["5m", "1h", "24h", "7d", "30d"],
    "sli:error_rate:ratio": ["5m", "1h", "24h", "7d", "30d"],
}


def written(catalog: Catalog) -> Any:  # the tree is looked at, not typed
    made = rules.compiled(catalog) if catalog.services else Rules((), ())
    return yaml.safe_load(metrics_catalog.document(catalog, made).text)


def metric(**changes: object) -> Metric:
    plain = Metric(
        name="work_seconds",
        type=MetricType.HISTOGRAM,
        help="Time of work.",
        labels=(Label("kind", values=("a", "b")), Label("place", cap=10)),
        buckets=(Decimal("0.1"), Decimal(1)),
        scrape=Scrape.CRITICAL,
        retention=Duration.of(days=30),
        emitter=Emitter.SDK,
        category="request",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and types are the test's own


def small(catalog: Catalog, *metrics: Metric) -> Catalog:
    reference = Reference(1000, ((Emitter.SDK, 3), (Emitter.NODE, 2)))
    alone = replace(catalog.services[0], slos=(), alerts=(), log_alerts=(), recordings=(), tests=())
    return replace(catalog, metrics=metrics, services=(alone,), reference=reference)


def test_series_are_counted_from_the_domains(catalog: Catalog) -> None:
    tree = written(small(catalog, metric()))
    # 2 kinds x 10 places, each with 2 buckets, the one without end, sum and count: 20 x 5; three processes
    assert tree["categories"]["request"]["work_seconds"]["series"] == {
        "per_process_at_most": 100,
        "per_process_planned": 100,
        "reference": 300,
    }


def test_a_plan_says_how_many_combinations_are_expected(catalog: Catalog) -> None:
    tree = written(small(catalog, metric(plan=4)))
    # 4 combinations x 5 series, three processes
    assert tree["categories"]["request"]["work_seconds"]["series"] == {
        "per_process_at_most": 100,
        "per_process_planned": 20,
        "reference": 60,
    }


def test_totals_are_sums(catalog: Catalog) -> None:
    free = metric(
        name="node_free_bytes", type=MetricType.GAUGE, labels=(), buckets=(), emitter=Emitter.NODE,
        scrape=Scrape.STANDARD, category="infrastructure",
    )  # fmt: skip
    tree = written(small(catalog, metric(plan=4), free))
    assert tree["totals"] == {
        "metrics": 2,
        "series": 62,  # 60 of three processes, 1 of each of two machines
        "series_by_category": {"request": 60, "infrastructure": 2},
        "series_by_scrape": {"critical": 60, "standard": 2},
        "recording_rules": 0,
    }


def test_what_a_metric_is_is_told(catalog: Catalog) -> None:
    told = written(small(catalog, metric(replaces="job_seconds")))["categories"]["request"]["work_seconds"]
    assert told["unit"] == "seconds"
    assert told["labels"] == {"kind": ["a", "b"], "place": {"cap": 10}}
    assert told["scrape"] == {"class": "critical", "every": "5s"}
    assert (told["retention"], told["emitter"], told["buckets"], told["replaces"]) == (
        "30d",
        "sdk",
        [0.1, 1.0],
        "job_seconds",
    )


def test_the_pack_has_every_metric_of_the_specification(catalog: Catalog) -> None:
    known = {metric.name for metric in catalog.metrics} | {metric.replaces for metric in catalog.metrics}
    assert set(SEED) - known == set()


def test_the_pack_keeps_samples_as_long_as_the_specification_says(catalog: Catalog) -> None:
    assert {
        m.name for m in catalog.metrics if not Duration.of(days=30) <= m.retention <= Duration.of(days=365)
    } == set()


def test_the_reference_deployment_has_the_series_the_specification_claims(catalog: Catalog) -> None:
    assert sum(metrics_catalog.planned(catalog, metric) for metric in catalog.metrics) >= 13_000


def test_recorded_series_of_the_specification_have_its_windows(catalog: Catalog) -> None:
    families = written(catalog)["recorded"]
    told = {name: series for family in families.values() for name, series in family.items()}
    assert {name: told[name]["windows"] for name in SEED_RECORDED} == SEED_RECORDED
    assert "sli:latency:p95" in told


def test_every_recorded_series_says_what_it_is(catalog: Catalog) -> None:
    families = written(catalog)["recorded"]
    assert set(families) == {
        "availability", "latency", "error-rate", "error-budget", "request-rate", "module", "llm", "business",
        "objective",
    }  # fmt: skip
    assert all(str(series["help"]).endswith(".") for family in families.values() for series in family.values())
    assert families["objective"]["slo:sli_error:ratio_rate1h"]["help"] == (
        "Share of the events of an objective that are bad, over 1 h."
    )
    assert families["objective"]["slo:sli_total:increase30d"]["help"] == (
        "Good and bad events of an objective within 30 d."
    )
