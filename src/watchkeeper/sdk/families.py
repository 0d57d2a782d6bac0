"""The metrics that the SDK moves itself, found in the service's instruments by name.

A catalog may leave any of them out: what is counted then goes nowhere.
"""

from watchkeeper.sdk.caches import Caches
from watchkeeper.sdk.databases import Databases
from watchkeeper.sdk.instruments import Counter, Definition, Gauge, Histogram, Registry
from watchkeeper.sdk.labels import Label
from watchkeeper.sdk.llm.calls import LlmInstruments
from watchkeeper.sdk.modules import ModuleInstruments
from watchkeeper.sdk.requests import RequestInstruments
from watchkeeper.sdk.runtime import Process
from watchkeeper.sdk.tracing.tracer import Tracer


def counter(registry: Registry, name: str, *labels: str) -> Counter:
    found = registry.find(name)
    return found if isinstance(found, Counter) and _has(found.definition, labels) else Counter(*_nowhere(name, labels))


def gauge(registry: Registry, name: str, *labels: str) -> Gauge:
    found = registry.find(name)
    return found if isinstance(found, Gauge) and _has(found.definition, labels) else Gauge(*_nowhere(name, labels))


def histogram(registry: Registry, name: str, *labels: str) -> Histogram:
    found = registry.find(name)
    wanted = isinstance(found, Histogram) and _has(found.definition, labels)
    return found if isinstance(found, Histogram) and wanted else Histogram(*_nowhere(name, labels))


def _has(definition: Definition, labels: tuple[str, ...]) -> bool:
    return tuple(label.name for label in definition.labels) == labels


def _nowhere(name: str, labels: tuple[str, ...]) -> tuple[Registry, Definition]:
    """A registry that no scrape reads, where every value folds into one."""
    return Registry(), Definition(name, "", tuple(Label(label) for label in labels), "standard")


def requests(registry: Registry) -> RequestInstruments:
    return RequestInstruments(
        events=counter(registry, "sli_events_total", "slo", "class", "outcome"),
        latency=histogram(registry, "sli_latency_seconds", "class"),
        in_flight=gauge(registry, "http_requests_in_flight"),
        total=counter(registry, "http_requests_total", "method", "endpoint", "status_code"),
        duration=histogram(registry, "http_request_duration_seconds", "method", "endpoint"),
        first_token=histogram(registry, "stream_time_to_first_token_seconds", "endpoint"),
    )


def modules(registry: Registry, tracer: Tracer) -> ModuleInstruments:
    return ModuleInstruments(
        counter(registry, "module_requests_total", "module", "outcome"),
        histogram(registry, "module_request_duration_seconds", "module"),
        tracer,
    )


def grpc_requests(registry: Registry) -> Counter:
    return counter(registry, "grpc_requests_total", "module", "method", "code")


def llm(registry: Registry, prices: str, tracer: Tracer) -> LlmInstruments:
    who = ("provider", "model")
    return LlmInstruments(
        requests=counter(registry, "llm_requests_total", *who, "outcome"),
        duration=histogram(registry, "llm_request_duration_seconds", *who),
        first_token=histogram(registry, "llm_time_to_first_token_seconds", *who),
        tokens=counter(registry, "llm_tokens_total", *who, "type"),
        cost=counter(registry, "llm_cost_usd_total", *who),
        unpriced=counter(registry, "llm_unpriced_requests_total", *who),
        missing=counter(registry, "llm_usage_missing_total", *who),
        retries=counter(registry, "llm_retries_total", *who),
        context=histogram(registry, "llm_context_window_usage_ratio", *who),
        remaining=gauge(registry, "llm_ratelimit_remaining_ratio", "provider", "kind"),
        prices=prices,
        tracer=tracer,
    )


def databases(registry: Registry, tracer: Tracer) -> Databases:
    return Databases(
        active=gauge(registry, "db_connections_active"),
        idle=gauge(registry, "db_connections_idle"),
        limit=gauge(registry, "db_connections_max"),
        duration=histogram(registry, "db_query_duration_seconds", "operation"),
        errors=counter(registry, "db_errors_total", "operation"),
        tracer=tracer,
    )


def caches(registry: Registry, tracer: Tracer) -> Caches:
    return Caches(counter(registry, "redis_commands_total", "command", "outcome"), tracer)


def log_events(registry: Registry) -> Counter:
    return counter(registry, "log_events_total", "event", "level", "component")


def process(registry: Registry) -> Process:
    return Process(
        cpu=counter(registry, "process_cpu_seconds_total"),
        cpu_limit=gauge(registry, "process_cpu_limit_cores"),
        memory=gauge(registry, "process_resident_memory_bytes"),
        memory_limit=gauge(registry, "process_memory_limit_bytes"),
        started=gauge(registry, "process_start_time_seconds"),
        files=gauge(registry, "process_open_fds"),
        files_limit=gauge(registry, "process_max_fds"),
    )
