"""The generated module: it runs, it is typed, and a wrong label is a type error."""

import importlib.metadata
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType

from genai_prices.data import providers

import watchkeeper.copilot
from watchkeeper.compile.prices import PriceSnapshot, snapshot
from watchkeeper.compile.python import class_name, instruments, parameter_name
from watchkeeper.model import Catalog, Emitter, Label, Metric, MetricType, Scrape
from watchkeeper.quantity import Duration
from watchkeeper.sdk.instruments import InstrumentSet, Registry
from watchkeeper.sdk.tracing.policy import Propagation, TracePolicy

PRICES = snapshot(providers[:1], "9.9")


def metric(name: str, type_: MetricType, *labels: Label, buckets: tuple[str, ...] = (), help_: str = "Help.") -> Metric:
    return Metric(
        name=name,
        type=type_,
        help=help_,
        labels=labels,
        buckets=tuple(map(Decimal, buckets)),
        scrape=Scrape.STANDARD,
        retention=Duration.of(days=1),
        emitter=Emitter.SDK,
        category="test",
    )


ODD = (
    metric(
        "odd_total", MetricType.COUNTER, Label("class", ("a", 'b"\\')), Label("by", cap=2), help_='Say "x" \\ or\nnot.'
    ),
    metric("level", MetricType.GAUGE, Label("value", cap=1)),
    metric("wait_seconds", MetricType.HISTOGRAM, buckets=("0.5",)),
    replace(metric("other_total", MetricType.COUNTER), emitter=Emitter.PROBE),
)


def executed(text: str) -> ModuleType:
    module = ModuleType("generated")
    exec(compile(text, "generated.py", "exec"), vars(module))  # noqa: S102 - running it is the test
    return module


def test_names() -> None:
    assert class_name("http_requests_total") == "HttpRequestsTotal"
    assert [parameter_name(name) for name in ("class", "by", "model")] == ["class_", "by_", "model"]


def test_a_module_of_odd_metrics(catalog: Catalog) -> None:
    module = executed(instruments(replace(catalog, metrics=ODD), PRICES))
    made = module.Instruments(Registry())
    assert issubclass(module.Instruments, InstrumentSet)
    assert [found.definition.name for found in made.registry.instruments] == ["odd_total", "level", "wait_seconds"]
    made.odd_total.inc(class_='b"\\', by_="x", by=2)
    assert made.odd_total.value('b"\\', "x") == 2
    made.level.set(4, value_="v")
    made.level.dec(value_="v")
    assert made.level.value("v") == 3
    made.wait_seconds.observe(0.5)
    assert made.wait_seconds.count() == 1
    assert made.wait_seconds.cells()[0].counts == [1, 0]
    assert module.Instruments.prices == PRICES.text


def test_the_policy_is_the_services(catalog: Catalog) -> None:
    policy = executed(instruments(catalog, PRICES)).Instruments.policy
    assert [(made.name, made.stall_seconds) for made in policy.classes] == [("simple", 30.0), ("complex", 30.0)]
    assert [(made.name, made.request_class, made.within_seconds) for made in policy.objectives] == [
        ("availability", "", None),
        ("latency-simple", "simple", 1.0),
        ("latency-complex", "complex", 2.0),
        ("latency-simple-p99", "simple", 2.0),
        ("latency-complex-p99", "complex", 5.0),
    ]


def test_traces_are_as_the_definitions_say(catalog: Catalog) -> None:
    assert catalog.tracing is not None
    assert catalog.logs is not None
    made = executed(instruments(catalog, PRICES)).Instruments.tracing
    assert dict(made.names)["llm"] == "LLM {provider} {model}"
    assert made.propagation == Propagation(
        extract=("w3c", "b3", "jaeger"),
        inject=("w3c",),
        inject_on_request=("b3", "jaeger"),
        baggage_keys=("user.id", "session.id", "tenant.id"),
        baggage_hosts=("test-bench", "observatory", "incident-manager", "orchestrator", "*.svc.cluster.local"),
    )
    health, critical, llm = made.rules
    assert (health.name, health.routes) == ("health", ("/health", "/ready", "/metrics"))
    assert dict(critical.kept.shares) == {"dev": 1.0, "development": 1.0, "staging": 0.5, "production": 0.5}
    assert (llm.request_classes, llm.attributes) == (("complex",), ("gen_ai.request.model",))
    assert (llm.kept.slow_seconds, llm.kept.share("production"), llm.kept.share("elsewhere")) == (30.0, 0.3, 0.3)
    assert (made.others.slow_seconds, made.others.share("elsewhere"), made.cap_per_second) == (2.0, 0.1, 1000)
    masked = tuple(each.pattern for each in catalog.logs.redaction.classes if each.masked)
    assert (made.scrubbing.values, made.scrubbing.keys) == (masked, catalog.logs.redaction.keys)
    assert made.scrubbing.statements == catalog.tracing.redaction.statements
    assert made.scrubbing.query_parameters == catalog.tracing.redaction.query_parameters
    assert set(made.scrubbing.pseudonyms) >= set(catalog.tracing.pseudonyms.attributes)
    assert dict(made.scrubbing.limits)["url.full"] == 256
    assert (made.batch_spans, made.batch_seconds) == (512, 5.0)


def test_without_definitions_of_traces_all_are_kept(catalog: Catalog) -> None:
    made = executed(instruments(replace(catalog, tracing=None), PRICES)).Instruments.tracing
    assert made == TracePolicy()
    assert made.others.share("production") == 1.0


def test_every_metric_of_the_service_is_there_as_declared(catalog: Catalog) -> None:
    made = executed(instruments(catalog, PRICES)).Instruments(Registry())
    declared = {known.name: known for known in catalog.metrics if known.emitter is Emitter.SDK}
    found = {known.definition.name: known for known in made.registry.instruments}
    assert found.keys() == declared.keys()
    for name, known in declared.items():
        definition = found[name].definition
        assert (definition.help, definition.scrape) == (known.help, known.scrape.value)
        assert [(label.name, label.values, label.cap) for label in definition.labels] == [
            (label.name, label.values, label.cap) for label in known.labels
        ]
        assert definition.buckets == tuple(float(bound) for bound in known.buckets)
        assert getattr(made, name) is found[name]


def test_the_committed_module_is_what_the_pack_says(catalog: Catalog) -> None:
    compiled = instruments(catalog, snapshot(providers, importlib.metadata.version("genai-prices")))
    assert watchkeeper.copilot.__file__ is not None
    committed = Path(watchkeeper.copilot.__file__).read_text(encoding="utf-8")
    assert committed == compiled, "run: watchkeeper build --target python"


def test_the_text_is_the_same_every_time(catalog: Catalog) -> None:
    assert instruments(catalog, PRICES) == instruments(catalog, PRICES)


def test_without_prices(catalog: Catalog) -> None:
    module = executed(instruments(catalog, PriceSnapshot("none 0", PRICES.dated, ())))
    assert module.Instruments.prices == f'{{"source":"none 0","dated":"{PRICES.dated}"}}\n'


USE = """
import watchkeeper
from watchkeeper.copilot import Instruments

wk = watchkeeper.init(Instruments, service="s", version="1", environment="e")
wk.m.messages_total.inc(intent="code")
wk.m.workflow_executions_total.inc(outcome="success", by=2)
wk.m.sli_events_total.inc(slo="availability", class_="simple", outcome="good")
"""
WRONG = {
    'wk.m.messages_total.inc(kind="code")': "call-arg",
    "wk.m.messages_total.inc()": "call-arg",
    'wk.m.workflow_executions_total.inc(outcome="sucess")': "arg-type",
    'wk.m.http_request_duration_seconds.observe("fast", method="GET", endpoint="/")': "arg-type",
    'wk.m.mesages_total.inc(intent="code")': "attr-defined",
}


def test_a_wrong_label_is_a_type_error(tmp_path: Path) -> None:
    lines = [f"{line}  # type: ignore[{code}]" for line, code in WRONG.items()]
    (tmp_path / "service.py").write_text(USE + "\n".join(lines) + "\n")
    command = (
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--warn-unused-ignores",
        "--cache-dir",
        str(tmp_path / "cache"),
    )
    config = ("--config-file", str(tmp_path / "none.ini"))
    (tmp_path / "none.ini").write_text("[mypy]\n")
    run = subprocess.run(
        [*command, *config, str(tmp_path / "service.py")], capture_output=True, text=True, check=False, timeout=110
    )
    assert run.stdout.startswith("Success"), run.stdout
