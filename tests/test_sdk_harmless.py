"""The SDK as a guest: importing it does nothing, and no call of it ever raises, whatever it is given."""

import asyncio
import io
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import watchkeeper
from sdk_bench import Wk, internal_errors, samples, watched
from watchkeeper.copilot import Instruments

INERT = """
import sys, threading
import msgspec, logging, asyncio, urllib.parse  # the interpreter's and our dependency's own files are not the question
seen = []
def hook(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "_thread")):
        seen.append((event, str(arguments)))
    elif event == "open" and isinstance(arguments[0], str):
        written = isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if written and "__pycache__" not in arguments[0]:
            seen.append((event, str(arguments)))
sys.addaudithook(hook)
import watchkeeper
import watchkeeper.copilot
watchkeeper.init, watchkeeper.Watchkeeper
assert threading.active_count() == 1, threading.enumerate()
print(seen)
"""


def test_importing_does_nothing() -> None:
    run = subprocess.run([sys.executable, "-c", INERT], capture_output=True, text=True, check=False, timeout=60)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_importing_the_sdk_brings_no_vendor_and_no_framework() -> None:
    foreign = {"anthropic", "openai", "fastapi", "starlette", "pydantic", "httpx2", "yaml", "prometheus_client"}
    foreign |= {"sqlalchemy", "redis"}
    script = f"import sys, watchkeeper.copilot; watchkeeper.init; print(sorted({foreign} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "[]\n"


def test_closing_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with watched(port=0) as wk:
        assert set(threading.enumerate()) - before
    assert wk.metrics_port is None
    assert set(threading.enumerate()) <= before


class Hostile:
    """Raises whenever somebody asks it anything."""

    def _refuse(self, *_: object) -> bool:
        raise RuntimeError("no")

    __str__ = __repr__ = __eq__ = __bool__ = __len__ = __iter__ = __float__ = __int__ = _refuse  # type: ignore[assignment]
    __hash__ = __getitem__ = __lt__ = __await__ = __aiter__ = __add__ = __radd__ = __contains__ = _refuse

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # what Python itself asks of any object
            raise AttributeError(name)
        raise RuntimeError(name)


class HostileText(str):
    __slots__ = ()

    def __hash__(self) -> int:
        raise RuntimeError("no")

    def __str__(self) -> str:
        raise RuntimeError("no")


def cycle() -> list[object]:
    made: list[object] = []
    made.append(made)
    return made


THINGS: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(codec=None)),
    st.binary(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.builds(Hostile),
    st.builds(HostileText),
    st.builds(cycle),
    st.sampled_from([10**400, "x" * 100_000, object(), Hostile, len, float("nan"), "\ud800\x00"]),
)


def calls(wk: Wk) -> dict[str, Callable[..., object]]:
    """Every public callable: of the object, of its loggers, of its instruments."""
    logger = wk.logger("fuzz")
    of_wk = {name: getattr(wk, name) for name in dir(type(wk)) if not name.startswith("_") and name not in UNTRIED}
    of_log = {f"log.{name}": getattr(logger, name) for name in ("debug", "info", "warn", "error", "fatal", "exception")}
    of_metrics = {
        f"{instrument.definition.name}.{name}": getattr(instrument, name)
        for instrument in wk._registry.instruments
        for name in ("inc", "dec", "set", "observe")
        if hasattr(instrument, name)
    }
    return {name: call for name, call in {**of_wk, **of_log, **of_metrics}.items() if callable(call)}


UNTRIED = {
    "m",  # its parts are tried one by one
    "close",  # ends the test
    "metrics_port",
    "correlation_id",
    "dependency",  # starts a thread for each call: below
    "serve",  # likewise
    "internal_error",  # the SDK's own, for its parts
}


WITH_AN_ANSWER = {
    "asgi",
    "llm",
    "database",
    "redis",
    "http",
    "module",
    "stream",
    "logger",
    "page",
    "grpc_interceptor",
    "headers_for",
    "span",
    "traced",
}
"""These return something made of their one argument; without it there is nothing to return."""


@pytest.fixture(scope="module")
def wk() -> Iterator[Wk]:
    logging.getLogger("watchkeeper").disabled = True
    with watched(io.StringIO()) as process:
        yield process
    logging.getLogger("watchkeeper").disabled = False


def test_every_public_callable_is_tried(wk: Wk) -> None:
    tried = set(calls(wk))
    assert {*WITH_AN_ANSWER, "degraded", "failed", "exclude", "log_handler", "session_started"} <= tried
    assert len(tried) > 50


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_call_raises_whatever_it_is_given(wk: Wk, data: st.DataObject) -> None:
    every = calls(wk)
    name = data.draw(st.sampled_from(sorted(every)))
    args = data.draw(st.lists(THINGS, max_size=3))
    names = ("intent", "by", "outcome", "model", "dependency", "classes", "provider", "module", "openmetrics", "x")
    kwargs = data.draw(st.dictionaries(st.sampled_from(names), THINGS, max_size=3))
    if name in WITH_AN_ANSWER:
        args, kwargs = data.draw(st.lists(THINGS, min_size=1, max_size=1)), {}
    elif name == "log_handler":
        args, kwargs = [], {"write": data.draw(THINGS)}
    every[name](*args, **kwargs)


def test_after_all_that_the_page_still_reads(wk: Wk) -> None:
    wk.m.conversations_total.inc()
    before = samples(wk)["conversations_total"]
    wk.m.conversations_total.inc(by=2)
    assert samples(wk)["conversations_total"] == before + 2
    assert sum(internal_errors(wk).values()) > 0
    assert b"# EOF" in wk.page(openmetrics=True)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(thing=THINGS, name=THINGS)
def test_hostile_values_where_a_request_meets_them(wk: Wk, thing: object, name: object) -> None:
    wk.failed(dependency=thing)  # type: ignore[arg-type]
    with wk.module(name, thing):  # type: ignore[arg-type]
        wk.degraded(thing)  # type: ignore[arg-type]
    with wk.span(name, thing) as span:  # type: ignore[arg-type]
        wk.set_attributes(thing)  # type: ignore[arg-type]
        wk.set_attributes({"user.id": thing})
        span.set_attributes({"x": thing})
        span.record_exception(thing)  # type: ignore[arg-type]
        assert isinstance(wk.headers_for(thing), dict)  # type: ignore[arg-type]
    assert wk.traced(name, thing)(len)("abc") == 3  # type: ignore[arg-type]
    wk.logger(name).info(thing, thing, value=thing)  # type: ignore[arg-type]


@pytest.mark.parametrize("thing", [None, 3, "x", Hostile(), len], ids=["none", "number", "text", "hostile", "function"])
def test_hostile_checks(wk: Wk, thing: object) -> None:
    wk.dependency("database", thing, every=thing, timeout=thing)  # type: ignore[arg-type]
    wk.dependency(thing, lambda: True, every=60)  # type: ignore[arg-type]


@pytest.mark.parametrize("thing", [None, 3, "", "\ud800", "x" * 1000, Hostile()], ids=range(6))
def test_a_hostile_identity(thing: str) -> None:
    process = watchkeeper.init(
        Instruments, service=thing, version=thing, environment=thing, metrics_port=None, log_stream=io.StringIO()
    )
    assert len(samples(process)) > 100
    process.close()


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"type": "http"},
        {"type": "http", "headers": None, "method": None},
        {"type": "http", "headers": [(1, 2), b"x", None, (b"a",)], "method": 3},
        {"type": "http", "headers": [], "route": Hostile(), "method": "GET"},
        {"type": "http", "headers": [], "fastapi": Hostile(), "method": "\ud800"},
        {"type": Hostile()},
    ],
    ids=range(7),
)
def test_odd_scopes_are_answered(wk: Wk, scope: dict[str, object]) -> None:
    answered: list[object] = []

    async def app(given: object, receive: object, send: object) -> None:
        answered.extend([given, receive, send])

    async def nothing(*_: object) -> dict[str, object]:
        return {}

    asyncio.run(_run(wk.asgi(app), scope, nothing))
    assert answered[0] is scope


async def _run(app: Callable[..., object], scope: object, pipe: object) -> None:
    result = app(scope, pipe, pipe)
    assert asyncio.iscoroutine(result)
    await result


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "http.response.start"},
        {"type": "http.response.start", "status": "200", "headers": [(b"content-type", b"text/event-stream")]},
        {"type": "http.response.start", "status": 200, "headers": 3},
        {"type": "http.response.body", "body": "text", "more_body": Hostile},
        {"type": "http.response.trailers"},
        {"type": Hostile()},
    ],
    ids=range(7),
)
def test_odd_messages_go_out(wk: Wk, message: dict[str, object]) -> None:
    sent: list[object] = []

    async def app(given: object, receive: object, send: Callable[..., object]) -> None:
        assert given
        assert receive
        await send(message)  # type: ignore[misc]

    async def pipe(*messages: object) -> dict[str, object]:
        sent.extend(messages)
        return {}

    asyncio.run(_run(wk.asgi(app), {"type": "http", "method": "GET", "headers": []}, pipe))
    assert len(sent) == 1
