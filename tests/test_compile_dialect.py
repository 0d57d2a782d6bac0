"""Another dialect's series get our names at the scrape: a real Prometheus scrapes a page in theirs."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from watchkeeper import engines, promql, spec
from watchkeeper.compile import prometheus as compiled
from watchkeeper.compile import rules
from watchkeeper.compile.dialect import relabelling
from watchkeeper.compile.reference import reference
from watchkeeper.engines import arguments
from watchkeeper.engines.process import run
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Catalog, Dialect, Emitter, Part, Renamed, Target
from watchkeeper.quantity import Duration

PROJECT = "service: shop\nextends: copilot\ndialect: opentelemetry\n"
REQUEST = 'http_request_method="GET",http_route="/a",http_response_status_code="{}"'
MODEL = 'gen_ai_provider_name="openai",gen_ai_request_model="m"'


def _histogram(name: str, labels: str, within_a_second: int, count: int, seconds: int) -> str:
    return (
        f'{name}_bucket{{{labels},le="1"}} {within_a_second}\n{name}_bucket{{{labels},le="+Inf"}} {count}\n'
        f"{name}_sum{{{labels}}} {seconds}\n{name}_count{{{labels}}} {count}\n"
    )


PAGE = (
    "# TYPE http_server_request_duration_seconds histogram\n"
    + _histogram("http_server_request_duration_seconds", REQUEST.format(200), 7, 9, 4)
    + _histogram("http_server_request_duration_seconds", REQUEST.format(503), 2, 2, 1)
    + "# TYPE gen_ai_client_operation_duration_seconds histogram\n"
    + _histogram("gen_ai_client_operation_duration_seconds", MODEL, 5, 5, 3)
    + _histogram("gen_ai_client_operation_duration_seconds", f'{MODEL},error_type="timeout"', 0, 1, 9)
    + """\
# TYPE db_client_connection_count gauge
db_client_connection_count{db_client_connection_state="used"} 3
db_client_connection_count{db_client_connection_state="idle"} 5
# TYPE gen_ai_client_inference_usage_cache_read_input_tokens counter
gen_ai_client_inference_usage_cache_read_input_tokens_total{gen_ai_provider_name="openai"} 100
# TYPE of_its_own gauge
of_its_own 1
"""
)
EXPECTED = {
    'sli_events_total{slo="availability",class="simple",outcome="good"}': 9,
    'sli_events_total{slo="availability",class="simple",outcome="bad"}': 2,
    'http_requests_total{method="GET",endpoint="/a",status_code="200"}': 9,
    'http_requests_total{method="GET",endpoint="/a",status_code="503"}': 2,
    'http_request_duration_seconds_bucket{endpoint="/a",status_code="200",le=~"1|1\\\\.0"}': 7,
    'http_request_duration_seconds_count{endpoint="/a",status_code="200"}': 9,
    'llm_requests_total{provider="openai",model="m",outcome="ok"}': 5,
    'llm_requests_total{provider="openai",model="m",outcome="other"}': 1,
    'llm_request_duration_seconds_sum{provider="openai",model="m",error_type="timeout"}': 9,
    'llm_tokens_total{provider="openai",type="cache_read"}': 100,
    "db_connections_active": 3,
    "db_connections_idle": 5,
    "of_its_own": 1,
}
GONE = (
    "http_server_request_duration_seconds_count",
    "db_client_connection_count",
    'http_requests_total{http_route!=""}',
)


def project(folder: Path, text: str = PROJECT) -> spec.Loaded:
    (folder / "watchkeeper.yaml").write_text(text)
    return spec.load(folder / "watchkeeper.yaml")


@contextmanager
def exporter(page: str) -> Iterator[str]:
    """A process that speaks the other dialect; yields its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.engine
def test_a_real_prometheus_knows_their_series_by_our_names(
    prometheus: engines.Engine, tmp_path: Path, free_port: int, until: Callable[..., None]
) -> None:
    catalog = project(tmp_path).catalog
    assert catalog is not None
    second = Duration.of(seconds=2)  # a scrape's time-out is a second less than its interval
    catalog = replace(catalog, intervals=replace(catalog.intervals, scrape_critical=second, scrape_standard=second))
    with exporter(PAGE) as address:
        scraped = replace(
            reference(catalog), targets=(Target(address, "shop"),), probes=(), nodes=(), clusters=(), alertmanagers=()
        )
        tree = yaml.safe_load(compiled.configuration(catalog, scraped).text)
        tree["scrape_configs"] = [job for job in tree["scrape_configs"] if job["job_name"].endswith("-shop")]
        del tree["rule_files"], tree["alerting"], tree["global"]["scrape_timeout"], tree["global"]["scrape_interval"]
        (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(tree))
        server = arguments.Server(free_port, tmp_path / "prometheus.yaml", tmp_path / "data")
        url = f"http://127.0.0.1:{free_port}"
        with (
            run(prometheus, arguments.prometheus(server, origin=url), url=url, log=tmp_path / "log"),
            Prometheus(url) as asked,
        ):
            until(lambda: len(asked.instant("up == 1")) == 3, 20.0, "three scrapes that succeed")
            for query, value in EXPECTED.items():
                assert [sample.value for sample in asked.instant(f"sum({query})")] == [value], query
            assert [query for query in GONE if asked.instant(query)] == []


def silent(loaded: spec.Loaded) -> dict[str, set[str]]:
    """What is said to be missing, by kind."""
    return {
        problem.summary.removesuffix(" with dialect `opentelemetry`"): set(re.split(r",\s+", problem.found))
        for problem in loaded.problems
    }


LEFT_OUT = {
    *("latency-simple", "latency-complex", "latency-simple-p99", "latency-complex-p99"),
    *("module-incident-manager", "module-observatory", "module-orchestrator", "module-test-bench"),
}


def test_nothing_watches_for_events_that_cannot_come(tmp_path: Path) -> None:
    """Else `SLIMissing` would fire for good."""
    spoken = project(tmp_path).catalog
    assert spoken is not None
    dialect = spoken.services[0].dialect
    assert dialect is not None
    absent = {metric.name for metric in spoken.metrics if metric.emitter is Emitter.SDK} - dialect.spoken
    for rule in rules.compiled(spoken).alerts:
        if rule.alert == "SLIMissing":
            assert absent.isdisjoint(promql.metrics(promql.parse(rule.expr))), dict(rule.labels)["slo"]


def test_rules_are_the_same_bytes(tmp_path: Path, catalog: Catalog) -> None:
    """What a dialect changes is the scrape; what is left out are objectives that only the SDK counts."""
    spoken = project(tmp_path).catalog
    assert spoken is not None
    named = {slo.name for slo in catalog.services[0].slos} - {slo.name for slo in spoken.services[0].slos}
    assert named == LEFT_OUT
    assert spoken.services[0].alerts == replace(catalog.services[0], name="shop").alerts


def test_a_latency_objective_on_their_histogram_is_not_left_out(tmp_path: Path) -> None:
    total, good = "http_request_duration_seconds_count", 'http_request_duration_seconds_bucket{le="1"}'
    text = f"{PROJECT}slos:\n  latency-simple:\n    total: {total}\n    good: {good}\n"
    loaded = project(tmp_path, text)
    assert loaded.catalog is not None
    assert "latency-simple" in {slo.name for slo in loaded.catalog.services[0].slos}
    told = silent(loaded)
    assert told["objectives that are left out: only the SDK counts them"] == LEFT_OUT - {"latency-simple"}


def test_labels_are_set_before_the_name_is_gone() -> None:
    renamed = Renamed("theirs_total", (("code", "5.."),), "ours_total", (("outcome", "bad"),), Part.STANDARD)
    first, second, *_ = relabelling(Dialect("d", "", (), (), (renamed,)), Part.STANDARD)
    assert first == {
        "source_labels": ["__name__", "code"],
        "regex": "theirs_total;5..",
        "target_label": "outcome",
        "replacement": "bad",
    }
    assert second == {**first, "target_label": "__name__", "replacement": "ours_total"}


def test_copies_and_the_critical_path_keep_only_what_they_rename() -> None:
    renamed = Renamed("theirs_total", (), "ours_total", (), Part.COPY)
    dialect = Dialect("d", "", (), (("their_seconds", "our_seconds"),), (renamed,))
    assert {"source_labels": ["__name__"], "regex": "ours_total", "action": "keep"} in relabelling(dialect, Part.COPY)
    assert not any(step.get("action") == "keep" for step in relabelling(dialect, Part.STANDARD))  # type: ignore[union-attr]


def test_services_of_both_kinds_have_jobs_of_their_own(tmp_path: Path) -> None:
    text = "extends: copilot\nservices:\n  ours: {}\n  theirs: {dialect: opentelemetry}\n"
    catalog = project(tmp_path, text).catalog
    assert catalog is not None
    jobs = yaml.safe_load(compiled.configuration(catalog, reference(catalog)).text)["scrape_configs"]
    names = [job["job_name"] for job in jobs if job["static_configs"][0]["labels"]["role"].startswith("service")]
    assert names == [
        "watchkeeper-critical",
        "watchkeeper-standard",
        "watchkeeper-critical-theirs",
        "watchkeeper-standard-theirs",
        "watchkeeper-copy-theirs",
    ]


def test_what_stays_silent_is_said_by_name(tmp_path: Path) -> None:
    loaded = project(tmp_path)
    told = silent(loaded)
    alerts = told["alerts that stay silent"]
    assert {"LLMCostSpike", "ModuleIntegrationFailure", "HighEventLoopLag"} <= alerts
    assert {"UnusualSpend", "ModuleHighLatency", "DailyLLMCostReport"} <= alerts, "they read what is recorded"
    assert not {"LLMAPIHighErrorRate", "HighErrorRate", "ServiceDown", "LLMHighLatency"} & alerts
    assert told["objectives that are left out: only the SDK counts them"] == LEFT_OUT
    assert {"provider:llm_cost_usd:increase1h", "service:llm_cost_usd:increase30d"} <= told[
        "recorded series that stay empty"
    ]
    assert "provider:llm_requests:rate5m" not in told["recorded series that stay empty"]
    lines = told["alerts on log lines that only Loki can give"]
    assert {"HighErrorLogRate", "HighErrorLogRatio"} <= lines
    assert "FatalErrorDetected" not in lines, "whoever sees a process end tells of it, too"
    assert {"business/llm-cost-daily", "debug/event-loop-lag"} <= told["panels that stay empty"]
    assert not {"operations/requests", "debug/rate-by-endpoint"} & told["panels that stay empty"]
    assert {problem.span.line for problem in loaded.problems} == {3}
