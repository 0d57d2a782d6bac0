"""The published example runs as it stands, with the real SDK: what it does is counted, what it logs is JSON."""

import asyncio
import io
import json
import logging
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import AsyncEngine

from tracing_bench import attributes, collector
from watchkeeper import Traces, spec
from watchkeeper.model import Catalog

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "monitoring" / "examples" / "instrumentation_example.py"
Labels = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The example takes over the root logger, as a service does."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


class Ran:
    def __init__(self, module: dict[str, Any], *questions: str) -> None:
        output = io.StringIO()
        wk = module["watch"](metrics_port=None, log_stream=output)
        try:
            page = asyncio.run(module["check"](wk, questions))
        finally:
            wk.close()
        self.lines = [json.loads(line) for line in output.getvalue().splitlines()]
        self._samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        return self._samples[name, tuple(sorted(labels.items()))]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture(scope="module")
def ran(module: dict[str, Any]) -> Ran:
    """Two questions are answered without a module that is down; the third meets a provider that is too busy."""
    return Ran(module, "Why is it slow?", "Since when?", "overload")


CALL = {"provider": "anthropic", "model": "claude-sonnet-5"}
ROUTE = "/api/v1/conversations/{conversation_id}/messages"


def test_requests_are_classified_by_what_became_of_them(ran: Ran) -> None:
    outcomes = {
        (klass, outcome): ran.value("sli_events_total", slo="availability", outcome=outcome, **{"class": klass})
        for klass in ("simple", "complex")
        for outcome in ("good", "bad", "excluded")
    }
    assert outcomes == {
        ("simple", "good"): 1,  # a conversation begun
        ("simple", "bad"): 0,
        ("simple", "excluded"): 0,
        ("complex", "good"): 2,
        ("complex", "bad"): 1,
        ("complex", "excluded"): 0,
    }
    assert ran.value("http_requests_total", method="POST", endpoint=ROUTE, status_code="200") == 2
    assert ran.value("http_requests_total", method="POST", endpoint=ROUTE, status_code="502") == 1


def test_model_calls_have_tokens_and_cost(ran: Ran) -> None:
    assert ran.value("llm_requests_total", outcome="ok", **CALL) == 2
    assert ran.value("llm_requests_total", outcome="overloaded", **CALL) == 1
    assert ran.value("llm_tokens_total", type="input", **CALL) == 2000
    assert ran.value("llm_tokens_total", type="output", **CALL) == 200
    assert ran.value("llm_cost_usd_total", **CALL) > 0
    assert ran.value("llm_unpriced_requests_total", **CALL) == 0


def test_database_cache_and_module_are_counted(ran: Ran) -> None:
    assert ran.value("db_query_duration_seconds_count", operation="insert") == 3  # a conversation and two answers
    assert ran.value("cache_requests_total", cache="context", outcome="miss") == 1
    assert ran.value("cache_requests_total", cache="context", outcome="hit") == 2
    assert ran.value("redis_commands_total", command="get", outcome="ok") == 3
    assert ran.value("redis_commands_total", command="set", outcome="ok") == 2
    assert ran.value("module_requests_total", module="observatory", outcome="bad") == 3
    assert ran.value("module_requests_total", module="observatory", outcome="good") == 0


def test_business_is_counted(ran: Ran) -> None:
    assert ran.value("conversations_total") == 1
    assert ran.value("messages_total", intent="question") == 2


def test_every_line_of_a_request_has_its_correlation_id(ran: Ran) -> None:
    completed = ran.events("request.completed")
    ids = [line["correlation_id"] for line in completed]
    assert len(set(ids)) == len(ids) == 4
    (failed,) = ran.events("llm.request.failed")
    assert failed["correlation_id"] == ids[-1]
    assert completed[-1]["failed_dependency"] == "anthropic"
    assert completed[-1]["http"] == {"method": "POST", "path": ROUTE, "status": 502}
    assert completed[1]["duration_ms"] >= 0


def test_steps_of_a_question_are_one_trace(module: dict[str, Any]) -> None:
    with collector() as there:
        wk = module["watch"](metrics_port=None, log_stream=io.StringIO(), traces=Traces(there.url, tail="collector"))
        asyncio.run(module["check"](wk, ("Why is it slow?",)))
        wk.close()
    begun, asked = [span for span in there.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert (begun.name, asked.name) == ("HTTP POST /api/v1/conversations", f"HTTP POST {ROUTE}")
    steps = {span.name: span for span in there.spans if span.trace_id == asked.trace_id}
    parents = {
        name: next((p for p, s in steps.items() if s.span_id == span.parent_span_id), "")
        for name, span in steps.items()
    }
    assert parents == {
        asked.name: "",
        "process_user_query": asked.name,
        "CACHE GET context": "process_user_query",
        "DB SELECT messages": "process_user_query",
        "MODULE observatory observe": "process_user_query",
        "HTTP POST observatory.example": "MODULE observatory observe",
        "LLM anthropic claude-sonnet-5": "process_user_query",
        "remember_answer": "process_user_query",
        "DB INSERT messages": "remember_answer",
        "CACHE SET context": "remember_answer",
    }
    facts = attributes(steps["process_user_query"].attributes)
    assert facts == {"intent.type": "question", "conversation.id": "1", "query.length": 15, "user.id": "****"}
    assert [event.name for event in steps["MODULE observatory observe"].events] == ["exception"]


def test_every_line_has_the_ids_of_its_trace(ran: Ran) -> None:
    assert all(len(line["trace_id"]) == 32 and len(line["span_id"]) == 16 for line in ran.lines)
    completed = ran.events("request.completed")
    assert len({line["trace_id"] for line in completed}) == len(completed)


def test_its_events_are_those_that_log_alerts_know(ran: Ran, catalog: Catalog) -> None:
    assert catalog.logs is not None
    known = {event.name for event in catalog.logs.events}
    assert {line["event"] for line in ran.lines} <= known
    assert {"message.answered", "module.request.failed"} <= {line["event"] for line in ran.lines}


def test_a_database_that_fails_is_named_and_told(module: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_tables(engine: AsyncEngine) -> None:
        """A database that answers and has no tables."""
        async with engine.connect():
            pass

    monkeypatch.setitem(module["check"].__globals__, "create_tables", no_tables)
    ran = Ran(module)
    (failed,) = ran.events("db.query.failed")
    assert "no such table: conversations" in failed["exception"]
    (completed,) = ran.events("request.completed")
    assert completed["http"]["status"] == 503
    assert completed["failed_dependency"] == "database"
    assert ran.value("sli_events_total", slo="availability", outcome="bad", **{"class": "simple"}) == 1
    assert ran.value("db_errors_total", operation="insert") == 1


def test_a_made_up_conversation_is_the_users_mistake(module: dict[str, Any]) -> None:
    import httpx2

    wk = module["watch"](metrics_port=None, log_stream=io.StringIO())
    backends = module["Backends"](engine=None, cache=None, claude=None, module=None)

    async def ask() -> int:
        app = module["create_app"](wk, backends)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x.test") as client:
            return (await client.post("/api/v1/conversations/none/messages", json={"text": "hi"})).status_code

    try:
        assert asyncio.run(ask()) == 404
        page = wk.page().decode()
    finally:
        wk.close()
    assert 'sli_events_total{slo="availability",class="complex",outcome="excluded"} 1' in page
    assert f'endpoint="{ROUTE}",status_code="404"' in page


def test_it_can_be_run_by_hand() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert 'llm_tokens_total{provider="anthropic",model="claude-sonnet-5",type="input"} 2000' in done.stdout
    assert "Traceback" not in done.stderr
    usage = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False, timeout=60)
    assert usage.returncode == 1
    assert "--check" in usage.stderr


def test_it_uses_the_public_surface_only() -> None:
    imported = [
        line for line in EXAMPLE.read_text().splitlines() if line.startswith(("import watchkeeper", "from watch"))
    ]
    assert imported == [
        "import watchkeeper",
        "from watchkeeper import Traces, Watchkeeper",
        "from watchkeeper.copilot import Instruments",
    ]


def test_what_is_published_is_what_ships() -> None:
    shipped = Path(spec.__file__).parents[1] / "pack" / "examples" / EXAMPLE.name
    assert EXAMPLE.read_bytes() == shipped.read_bytes()


def test_an_example_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(ROOT / "tests" / "golden" / "pack", pack)
    (pack / "examples").mkdir()
    (pack / "examples" / "good.py").write_text("pass\n")
    (pack / "examples" / "notes.txt").write_text("not an example")
    loaded = spec.load(pack=pack)
    assert loaded.catalog is not None
    assert [(each.name, each.text) for each in loaded.catalog.examples] == [("good.py", "pass\n")]
    (pack / "examples" / "bad.py").write_bytes(b"\xff\x00")
    assert [(each.code, each.span.file) for each in spec.load(pack=pack).problems] == [
        ("not-utf8", "pack/examples/bad.py")
    ]
