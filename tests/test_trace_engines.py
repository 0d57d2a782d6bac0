"""Real Collectors and Jaegers as judges of their files, where one is at hand: a check, a start, what comes out."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
import yaml

from built_engines import built, running
from ports import free_port
from sdk_bench import watched
from trace_bench import Node
from tracing_bench import attributes, collector
from watchkeeper import Traces, conventions
from watchkeeper.compile import tracing, versions
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog, Deployment

pytestmark = pytest.mark.engine

COLLECTOR_FILES = (conventions.TRACES_AGENT_FILE, conventions.TRACES_GATEWAY_FILE)
JAEGER_FILES = (
    conventions.JAEGER_BADGER_FILE,
    conventions.JAEGER_OPENSEARCH_FILE,
    conventions.JAEGER_ELASTICSEARCH_FILE,
)
STAYS_UP = 3.0


@dataclass(frozen=True)
class Collector:
    binary: Path
    speaks: versions.Versions


@pytest.fixture(scope="module")
def otelcol() -> Collector:
    """Its components are listed with its version; `--version` may be empty."""
    binary = Path(built("otelcol"))
    listed = subprocess.run([binary, "components"], capture_output=True, text=True, check=True, timeout=60)
    version = str(yaml.safe_load(listed.stdout)["buildinfo"]["version"]).removeprefix("v")
    try:
        return Collector(binary, replace(versions.DEFAULT, collector=versions.collector(version)))
    except versions.UnknownVersionError:
        pytest.skip(f"{binary} is {version}: no dialect is known that it speaks")


@pytest.fixture(scope="module")
def jaeger() -> Path:
    return Path(built("jaeger"))


def _deployment(catalog: Catalog, folder: Path) -> Deployment:
    deployment = reference(catalog)
    assert deployment.traces is not None
    pipeline = replace(deployment.traces, interface="127.0.0.1", state=str(folder / "state"), configuration=str(folder))
    return replace(deployment, traces=pipeline)


def _moved(node: object) -> object:
    """The same document with every listener of loopback on a port of its own."""
    if isinstance(node, dict):
        if {"host", "port"} <= node.keys():
            return {**node, "port": free_port()}
        return {key: _moved(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_moved(each) for each in node]
    if isinstance(node, str) and node.startswith("127.0.0.1:"):
        return f"127.0.0.1:{free_port()}"
    return node


def _document(catalog: Catalog, path: str, folder: Path, dialect: versions.Versions = versions.DEFAULT) -> Node:
    (text,) = [
        document.text
        for document in tracing.documents(catalog, _deployment(catalog, folder), dialect)
        if document.path == path
    ]
    moved = _moved(yaml.safe_load(text))
    assert isinstance(moved, dict)
    return moved


def _written(folder: Path, name: str, document: Node) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document))
    return file


def _check(binary: Path, file: Path) -> None:
    done = subprocess.run(
        [binary, "validate", "--config", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _running(binary: Path, file: Path) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    return running([binary, "--config", file], file.with_suffix(".log"))


def _answers(endpoint: str, path: str = "/") -> bool:
    try:
        return httpx2.get(f"http://{endpoint}{path}", timeout=2, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def _stays_up(process: subprocess.Popen[bytes], file: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(STAYS_UP)
    errors = [line for line in file.with_suffix(".log").read_text().splitlines() if "\terror\t" in line]
    assert errors == []


@pytest.mark.parametrize("path", COLLECTOR_FILES)
def test_a_collector_takes_the_file_and_runs_with_it(
    catalog: Catalog, otelcol: Collector, path: str, tmp_path: Path, until: Callable[..., None]
) -> None:
    document = _document(catalog, path, tmp_path, otelcol.speaks)
    file = _written(tmp_path, path, document)
    _check(otelcol.binary, file)
    with _running(otelcol.binary, file) as process:
        health = document["extensions"]["health_check"]["endpoint"]
        until(lambda: _answers(health), 20, f"health of {path}")
        _stays_up(process, file)


@pytest.mark.parametrize("path", COLLECTOR_FILES)
def test_the_committed_file_is_valid(otelcol: Collector, path: str) -> None:
    if otelcol.speaks != versions.DEFAULT:
        pytest.skip(f"{otelcol.binary} speaks another dialect than the committed files")
    _check(otelcol.binary, Path(__file__).parent.parent / "monitoring" / path)


def _attribute(key: str, text: str) -> Node:
    return {"key": key, "value": {"stringValue": text}}


SECRET = "sk-" + "ant-api03-"
PSEUDONYM = "0123456789abcdef" * 4
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def _span(number: int, **fields: object) -> Node:
    now = time.time_ns()
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "name": "GET /orders",
        "kind": 2,
        "startTimeUnixNano": str(now - 5 * 10**9),  # slow, so it is kept
        "endTimeUnixNano": str(now),
        **fields,
    }


def _spans() -> list[Node]:
    """One with an event and one without: statements for events must not keep those for spans from the second."""
    dirty = _span(
        1,
        name="GET /orders/4711 " + SECRET + "N" * 24,
        status={"code": 2, "message": "boom " + SECRET + "S" * 24},
        attributes=[
            _attribute("plain", SECRET + "P" * 24),
            _attribute("url.full", "https://bob:pw@h.example/x?token=abc&q=1&" + "y" * 400),
            _attribute("db.query.text", "SELECT a FROM t2 WHERE id = 42 AND n = 'O''Brien'"),
            _attribute("refresh_token", "abc"),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "42"}},
            {"key": "map", "value": {"kvlistValue": {"values": [_attribute("password", "hunter2")]}}},
        ],
        events=[
            {
                "timeUnixNano": str(time.time_ns()),
                "name": "event " + SECRET + "E" * 24,
                "attributes": [_attribute("exception.message", "m" * 2000)],
            }
        ],
    )
    quiet = _span(2, attributes=[_attribute("user.id", "alice"), _attribute("tenant.id", PSEUDONYM)])
    return [dirty, quiet]


def _sink(folder: Path, gateway: Node) -> Node:
    endpoint = f"127.0.0.1:{free_port()}"
    for name, exporter in gateway["exporters"].items():
        if name.endswith("/jaeger"):
            exporter["endpoint"] = endpoint
            exporter["sending_queue"]["batch"]["flush_timeout"] = "200ms"
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": endpoint}}}},
        "exporters": {"file": {"path": str(folder / "spans.json"), "flush_interval": "100ms"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
        },
    }


@contextlib.contextmanager
def _gateway(
    catalog: Catalog, otelcol: Collector, folder: Path, until: Callable[..., None]
) -> Iterator[tuple[str, Path]]:
    """A gateway that waits less: where it takes OTLP over HTTP, and the file that holds what leaves it."""
    gateway = _document(catalog, conventions.TRACES_GATEWAY_FILE, folder, otelcol.speaks)
    sampler = gateway["processors"]["tail_sampling"]
    sampler["decision_wait"] = "2s"
    if otelcol.speaks.collector.decides_after_root:
        sampler["decision_wait_after_root_received"] = "1s"
    sink = _written(folder, "sink.yaml", _sink(folder, gateway))
    file = _written(folder, "gateway.yaml", gateway)
    with _running(otelcol.binary, sink), _running(otelcol.binary, file):
        until(lambda: _answers(gateway["extensions"]["health_check"]["endpoint"]), 20, "the gateway's health")
        yield f"http://{gateway['receivers']['otlp']['protocols']['http']['endpoint']}", folder / "spans.json"


def test_what_leaves_a_gateway_is_scrubbed(
    catalog: Catalog, otelcol: Collector, tmp_path: Path, until: Callable[..., None]
) -> None:
    resource = {"attributes": [_attribute("service.name", "copilot")]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": _spans()}]}]}
    with _gateway(catalog, otelcol, tmp_path, until) as (address, kept):
        answer = httpx2.post(f"{address}/v1/traces", json=body, timeout=10, trust_env=False)
        assert answer.status_code == 200
        until(lambda: kept.is_file() and TRACE in kept.read_text(), 30, "the trace behind the gateway")
    _is_scrubbed(kept.read_text())


def test_spans_of_the_sdk_pass_a_gateway_that_finds_nothing_to_mask(
    catalog: Catalog, otelcol: Collector, tmp_path: Path, until: Callable[..., None]
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    with _gateway(catalog, otelcol, tmp_path, until) as (address, kept), collector() as direct:
        for endpoint in (address, direct.url):
            _fail(Traces(endpoint, pseudonym_key_file=key))
        until(lambda: kept.is_file() and "pay the bill" in kept.read_text(), 30, "the trace behind the gateway")
    (line,) = [json.loads(line) for line in kept.read_text().splitlines()]
    arrived = [span for each in line["resourceSpans"] for scope in each["scopeSpans"] for span in scope["spans"]]
    facts = {
        span["name"]: {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}
        for span in arrived
    }
    sent = {span.name: attributes(span.attributes) for span in direct.spans}
    assert facts.keys() == sent.keys() == {"pay the bill", "look /accounts/{id} up"}
    for name, values in sent.items():
        assert facts[name] == {fact: str(value) if type(value) is int else value for fact, value in values.items()}
    assert SECRET not in kept.read_text()
    assert sent["look /accounts/{id} up"]["note"] == "****"
    assert len(str(sent["pay the bill"]["user.id"])) == 64


BILL = {"user.id": "alice", "gen_ai.usage.input_tokens": 42}


def _fail(traces: Traces) -> None:
    """A trace that is kept, with what must not be seen."""
    with watched(traces=traces) as wk, wk.span("pay the bill", BILL) as span:
        with wk.span("look /accounts/4711 up", {"note": SECRET + "P" * 24, "db.query.text": "SELECT 'x', 7"}):
            pass
        span.fail("refused")


def _is_scrubbed(text: str) -> None:
    for leak in (SECRET, "hunter2", "alice", "bob", "O''Brien", "4711", "token=abc", "y" * 257, "m" * 1025):
        assert leak not in text, leak
    for kept in (
        "GET /orders/{id} ****",
        "SELECT a FROM t2 WHERE id = ? AND n = ?",
        "https://****@h.example/x?token=****&q=1",
        PSEUDONYM,
        '"intValue":"42"',
        '"deployment.environment.name","value":{"stringValue":"production"}',
    ):
        assert kept in text, kept


@pytest.mark.parametrize("path", JAEGER_FILES)
def test_jaeger_takes_the_file(catalog: Catalog, jaeger: Path, path: str, tmp_path: Path) -> None:
    _check(jaeger, _written(tmp_path, path, _document(catalog, path, tmp_path)))


def test_jaeger_runs_on_one_machine(catalog: Catalog, jaeger: Path, tmp_path: Path, until: Callable[..., None]) -> None:
    document = _document(catalog, conventions.JAEGER_BADGER_FILE, tmp_path)
    password = tmp_path / "password"
    password.write_text("x")
    metrics = document["extensions"]["jaeger_storage"]["metric_backends"]["prometheus"]["prometheus"]
    metrics["auth"]["basic"]["password_file"] = str(password)
    for each in tracing.documents(catalog, _deployment(catalog, tmp_path), versions.DEFAULT):
        if each.path == conventions.JAEGER_STRATEGIES_FILE:
            (tmp_path / each.path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / each.path).write_text(each.text)
    file = _written(tmp_path, "jaeger.yaml", document)
    with _running(jaeger, file) as process:
        health = document["extensions"]["healthcheckv2"]["http"]["endpoint"]
        until(lambda: _answers(health, "/status"), 20, "Jaeger's health")
        _stays_up(process, file)
