"""A catalog that leaves metrics out, or declares them otherwise, costs those metrics and nothing else."""

import asyncio
import io

import pytest

import watchkeeper
from sdk_bench import samples
from watchkeeper.copilot import Instruments as Whole
from watchkeeper.sdk import families
from watchkeeper.sdk.instruments import Counter, Definition, Gauge, InstrumentSet, Registry
from watchkeeper.sdk.labels import Label
from watchkeeper.sdk.requests import Scope


class Nothing(InstrumentSet):
    policy = Whole.policy


class Other(InstrumentSet):
    """The same names with other labels or of another kind."""

    policy = Whole.policy

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.events = Counter(registry, Definition("sli_events_total", "", (Label("slo", cap=3),), "critical"))
        self.requests = Gauge(registry, Definition("http_requests_total", "", (), "standard"))


@pytest.mark.parametrize("instruments", [Nothing, Other])
def test_everything_still_works(instruments: type[InstrumentSet]) -> None:
    wk = watchkeeper.init(
        instruments, service="s", version="1", environment="e", metrics_port=None, log_stream=io.StringIO()
    )

    async def app(scope: Scope, receive: object, send: object) -> None:
        assert scope["type"] == "http"
        assert callable(receive)
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def pipe(*_: object) -> dict[str, object]:
        return {}

    async def scenario() -> None:
        await wk.asgi(app)({"type": "http", "method": "GET", "headers": []}, pipe, pipe)  # type: ignore[arg-type]

    asyncio.run(scenario())
    with wk.module("test-bench"):
        wk.logger("chat").info("e")
    wk.session_started()
    wk.degraded("test-bench")
    assert set(samples(wk)) <= {"http_requests_total"}  # type: ignore[arg-type]
    wk.close()


def test_found_by_name_labels_and_kind() -> None:
    registry = Registry()
    made = Other(registry)
    assert families.counter(registry, "sli_events_total", "slo") is made.events
    assert families.counter(registry, "sli_events_total", "slo", "class") is not made.events
    assert families.gauge(registry, "http_requests_total") is made.requests
    assert families.counter(registry, "http_requests_total").registry is not registry
    stray = families.histogram(registry, "wait_seconds", "a")
    stray.record(("x",), 1.0)
    assert stray.count("__other__") == 1
    assert len(registry.instruments) == 2
