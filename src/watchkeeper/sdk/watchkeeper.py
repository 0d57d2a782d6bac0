"""`init` and the object it returns: everything a service does with Watchkeeper is a method of it.

No method raises into the service, whatever it is given; what went wrong is counted in
`watchkeeper_internal_errors_total{where}` and said once in the log.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Generic, ParamSpec, TextIO, TypeVar

from watchkeeper._version import __version__
from watchkeeper.sdk import families, maintenance
from watchkeeper.sdk.asgi import ASGIApp, Instrumented
from watchkeeper.sdk.containment import attempt, contained
from watchkeeper.sdk.dependencies import Check, Dependencies, HostLoop
from watchkeeper.sdk.exposition import Format
from watchkeeper.sdk.forks import renew_in_children
from watchkeeper.sdk.instruments import InstrumentSet, Registry
from watchkeeper.sdk.labels import safe_text
from watchkeeper.sdk.llm.clients import ClientWrapper, vendor_of
from watchkeeper.sdk.logs import Logger, LogHandler, LogWriter, formatted
from watchkeeper.sdk.modules import ModuleCall
from watchkeeper.sdk.requests import CURRENT, Requests
from watchkeeper.sdk.runtime import Collections, LoopLag
from watchkeeper.sdk.scrape import Scrape, Scraper
from watchkeeper.sdk.server import MetricsServer
from watchkeeper.sdk.streaming import marked
from watchkeeper.sdk.tracing.export import Exporter, Traces
from watchkeeper.sdk.tracing.otlp import Encoder
from watchkeeper.sdk.tracing.scopes import SpanScope, put_all, traced
from watchkeeper.sdk.tracing.scrubbing import Scrubber
from watchkeeper.sdk.tracing.spans import CURRENT_SPAN
from watchkeeper.sdk.tracing.tracer import Tracer
from watchkeeper.sdk.webclients import WebClients

if TYPE_CHECKING:
    from watchkeeper.sdk.rpc import Interceptor

I = TypeVar("I", bound=InstrumentSet)  # noqa: E741 - the instruments
T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


def init(
    instruments: type[I],
    *,
    service: str,
    version: str,
    environment: str,
    metrics_port: int | None = 9464,
    metrics_host: str = "127.0.0.1",
    log_stream: TextIO | None = None,
    traces: Traces | None = None,
) -> "Watchkeeper[I]":
    """Begin to watch this process.

    `instruments` is the class of a generated module (`watchkeeper.copilot.Instruments`). `/metrics` is served on
    `metrics_port` by a thread of its own: 0 takes any free port, None serves nothing; a port that is taken is a warning
    in the log, not an error. Whoever can reach `metrics_host` can read the metrics, so it is loopback unless you say
    otherwise. JSON log lines go to `log_stream`, by default to standard output. Spans go where `traces` says; without
    it they go nowhere, and lines and calls still carry the ids of their trace.
    """
    registry = Registry()
    renew_in_children(registry)
    given = {"service": service, "version": version, "environment": environment}
    identity = {name: attempt(registry, "init", partial(safe_text, text), "unknown") for name, text in given.items()}
    wk = Watchkeeper(instruments(registry), identity, log_stream)
    wk.serve(metrics_host, metrics_port)
    wk.send_traces(traces)
    return wk


class Watchkeeper(Generic[I]):
    """One watched process. Made by `init`."""

    m: I
    """The typed instruments: `wk.m.messages_total.inc(intent="code_help")`."""

    def __init__(self, instruments: I, identity: Mapping[str, str], log_stream: TextIO | None) -> None:
        self.m = instruments
        self._registry = registry = instruments.registry
        self._identity = identity
        self._tracer = tracer = Tracer(instruments.tracing, identity["environment"], registry)
        self._exporter: Exporter | None = None
        self._llm = families.llm(registry, instruments.prices, tracer)
        self._modules = families.modules(registry, tracer)
        self._databases = families.databases(registry, tracer)
        self._caches = families.caches(registry, tracer)
        self._web = WebClients(tracer)
        self._grpc_requests = families.grpc_requests(registry)
        self._sessions = families.gauge(registry, "sessions_active")
        self._requests = Requests(instruments.policy, families.requests(registry))
        self._loop = HostLoop()
        self._lag = LoopLag(families.histogram(registry, "eventloop_lag_seconds", "runtime"))
        self._collections = Collections(families.histogram(registry, "gc_duration_seconds", "generation"))
        self._dependencies = Dependencies(families.gauge(registry, "dependency_up", "dependency"), self._loop)
        self._writer = LogWriter(families.log_events(registry), identity, log_stream)
        self._scraper = Scraper(registry, families.gauge(registry, "watchkeeper_scrape_duration_seconds", "scrape"))
        self._maintenance = maintenance.Maintenance()
        self._server: MetricsServer | None = None
        self._closed = False
        self._begin(identity["version"])

    def asgi(self, app: ASGIApp, *, classes: Mapping[str, str] | None = None) -> ASGIApp:
        """Count every request of an ASGI application. Wrap the application object itself, outside of all middleware.

        `classes` assigns request classes by method and route template: `{"POST /chats/{id}/messages": "complex"}`. All
        others belong to the first class of the policy.
        """
        return attempt(self, "asgi", lambda: self._wrapped(app, classes or {}), app)

    def llm(self, client: T, *, provider: str = "", include_usage: bool = True) -> T:
        """Count the model calls of an official `anthropic` or `openai` client, synchronous or not; returns the client.

        The client is wrapped in place, and so are those that `with_options` makes of it. The provider is known by the
        address that serves the call; `provider` names it where a gateway hides it. A chat stream of OpenAI's tells its
        usage only when asked: unless the caller said something about `stream_options`, we ask, and keep the extra last
        piece to ourselves. For servers that refuse the option, `include_usage=False`: the calls are then counted in
        `llm_usage_missing_total`.
        """
        attempt(self, "llm", lambda: self._wrap_client(client, provider, include_usage), None)
        return client

    def database(self, engine: T) -> T:
        """Watch a SQLAlchemy engine, synchronous or not: its pool, its statements, their errors; returns the engine."""
        attempt(self, "database", lambda: self._databases.watch(engine), None)
        return engine

    def redis(self, client: T) -> T:
        """Count the commands of a client of redis-py, synchronous or not; returns the client, wrapped in place."""
        attempt(self, "redis", lambda: self._caches.watch(client), None)
        return client

    def http(self, client: T) -> T:
        """Make the services that a client of httpx calls part of the trace; returns the client, wrapped in place.

        Every request is a span and carries its ids and the correlation id. Not for clients of model providers: what
        they are asked is nobody else's business.
        """
        attempt(self, "http", lambda: self._web.watch(client), None)
        return client

    def grpc_interceptor(self, module: str) -> "Interceptor":
        """For a channel of `grpc.aio` to a module: `insecure_channel(address, interceptors=[...])`.

        Every call is counted by method and status, is a span, and carries the ids as metadata. Those that stream pass.
        """
        from watchkeeper.sdk.rpc import Interceptor

        return Interceptor(module, self._grpc_requests, self._tracer, self.headers_for)

    def headers_for(self, host: str, *, carriers: tuple[str, ...] = ()) -> dict[str, str]:
        """What any other client has to send along to be part of the trace.

        `carriers` adds formats that the definitions allow on request: `("b3",)`.
        """
        return attempt(self, "headers_for", lambda: self._web.headers_for(host, carriers), {})

    def span(self, name: str, attributes: Mapping[str, object] | None = None) -> SpanScope:
        """`with` or `async with` around a step of a request: `wk.span("rank_answers", {"intent.type": intent})`."""
        called = attempt(self, "span", partial(safe_text, name), "unnamed")
        return SpanScope(self._tracer, called, {} if attributes is None else attributes)

    def traced(
        self, name: str = "", attributes: Mapping[str, object] | None = None
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A decorator: every call of the function is a span, be it synchronous, asynchronous or a generator.

        Without a name the span is called as the function is.
        """

        def decorate(function: Callable[P, R]) -> Callable[P, R]:
            called = attempt(self, "traced", lambda: name or getattr(function, "__qualname__", ""), "unnamed")
            return attempt(self, "traced", lambda: traced(function, lambda: self.span(called, attributes)), function)

        return decorate

    @contained
    def set_attributes(self, attributes: Mapping[str, object]) -> None:
        """Note facts on the current span: `wk.set_attributes({"user.id": user, "conversation.id": conversation})`.

        Names are best those of the definitions, which say how long a value may be and which become pseudonyms.
        """
        put_all(CURRENT_SPAN.get(), attributes)

    def module(self, name: str, operation: str = "call") -> ModuleCall:
        """`with` or `async with` around the call of an integrated module. An exception makes the call bad."""
        return ModuleCall(self._modules, name, operation)

    @contained
    def degraded(self, module: str) -> None:
        """The answer had to do without this module: bad for the module, not for the request."""
        self._modules.degraded(module)

    @contained
    def failed(self, *, dependency: str = "") -> None:
        """The current request is bad whatever its status: something it needs failed (a provider's 429 passed on).

        Log lines of the request name it from here on.
        """
        request = CURRENT.get()
        if request is not None:
            request.failed = True
            request.failed_by = safe_text(dependency)

    @contained
    def exclude(self, reason: str) -> None:
        """The current request counts neither as good nor as bad: maintenance, a synthetic check.

        `maintenance` is believed for four hours at a stretch; then requests count again, and the log says so.
        """
        request = CURRENT.get()
        if request is None:
            return
        if reason == maintenance.WORD and not self._maintenance.believed():
            text = "watchkeeper: maintenance has been declared for more than four hours; requests count again"
            self._registry.said.warn("maintenance", text)
            return
        request.excluded = safe_text(reason) or "unnamed"

    @contained
    def dependency(self, name: str, check: Check, *, every: float = 5.0, timeout: float = 2.0) -> None:
        """Check in the background, every so many seconds, whether something the service needs is there.

        Up when `check` returns (an awaitable: when it does) anything but False; down when it raises or takes longer
        than `timeout`. It is called in a thread; an awaitable is awaited on the service's own event loop.
        """
        self._dependencies.watch(name, check, every=every, timeout=timeout)

    @contained
    def before_scrape(self, measure: Callable[[], None]) -> None:
        """Call this whenever metrics are about to be read, in the thread that reads them: for gauges nothing moves.

        `wk.before_scrape(lambda: wk.m.queue_depth.set(len(jobs), queue="jobs"))`
        """
        self._scraper.collect("before_scrape", measure)

    def stream(self, pieces: AsyncIterator[T]) -> AsyncIterator[T]:
        """The same pieces, unbuffered. The first useful one is what the client waited for, silence after it a stall."""
        request = CURRENT.get()
        return pieces if request is None else marked(pieces, request, self._requests)

    def logger(self, component: str) -> Logger:
        """A logger of JSON lines: `log.info("message_answered", intent=...)`. Event and component are labels."""
        return Logger(self._writer, attempt(self, "logger", lambda: safe_text(component), "unknown"), self)

    def log_handler(self, *, write: bool = True) -> logging.Handler:
        """For stdlib loggers: counts their lines and, with `write`, writes them as JSON with the correlation id."""
        return LogHandler(self._writer, self, write=write)

    @contained
    def session_started(self) -> None:
        self._sessions.shift((), 1)

    @contained
    def session_ended(self) -> None:
        self._sessions.shift((), -1)

    @property
    def correlation_id(self) -> str | None:
        """Of the request being answered; pass it on to what the request calls."""
        request = CURRENT.get()
        return request.correlation_id if request is not None else None

    @property
    def metrics_port(self) -> int | None:
        """Where `/metrics` is served; None when it is not."""
        return self._server.port if self._server is not None else None

    def page(self, scrape: Scrape = "all", *, openmetrics: bool = False) -> bytes:
        """The metrics as a scrape would read them."""
        format_ = Format.OPENMETRICS if openmetrics else Format.TEXT
        return attempt(self, "page", lambda: self._scraper.page(scrape, format_), b"")

    @contained
    def serve(self, host: str, port: int | None) -> None:
        """Serve `/metrics`; `init` does it. A port that cannot be had is said in the log."""
        if port is None or self._server is not None:
            return
        if type(port) is not int or type(host) is not str:
            raise TypeError(f"{host!r}:{port!r} is no address")
        server = MetricsServer(self._scraper.page, host, port, lambda: self.internal_error("metrics_server"))
        try:
            server.start()
        except (OSError, OverflowError) as error:
            text = f"watchkeeper: no metrics, {host}:{port} cannot be listened on ({error}); give another metrics_port"
            self._registry.internal_error("metrics_port", text)
        else:
            self._server = server

    @contained
    def send_traces(self, traces: Traces | None) -> None:
        """Send spans from now on; `init` does it. An address or a key that cannot be used is said in the log."""
        if traces is None or self._exporter is not None:
            return
        policy = self.m.tracing
        try:
            address, scrubber = traces.address(), Scrubber(policy.scrubbing, traces.key())
        except (OSError, ValueError) as error:
            self._registry.internal_error("traces", f"watchkeeper: no traces: {error}")
            return
        names = {"service": "service.name", "version": "service.version", "environment": "deployment.environment.name"}
        encoder = Encoder({names[name]: text for name, text in self._identity.items()}, __version__, scrubber)
        self._exporter = Exporter(address, encoder, policy, self._registry)
        self._tracer.send(self._exporter, traces.tail, scrubber)

    @contained
    def close(self) -> None:
        """End every thread and timer of ours. Calling it again does nothing; instruments go on counting."""
        self._closed = True
        if self._exporter is not None:
            self._exporter.close()
        self._dependencies.close()
        self._collections.close()
        self._lag.close()
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def internal_error(self, where: str) -> None:
        self._registry.internal_error(where)

    @contained
    def _begin(self, version: str) -> None:
        registry = self._registry
        families.gauge(registry, "service_build_info", "version").write((version,), 1)
        self._sessions.write((), 0)
        self._scraper.collect("dependencies", self._dependencies.measure)
        self._scraper.collect("process", families.process(registry).measure)
        self._scraper.collect("database", self._databases.measure)
        held = families.gauge(registry, "watchkeeper_series")
        self._scraper.collect("series", lambda: held.write((), registry.size))
        self._collections.start()

    def _wrapped(self, app: ASGIApp, classes: Mapping[str, str]) -> ASGIApp:
        for route, name in self._requests.assign(classes):
            self._registry.said.warn(
                f"class {name}", f"watchkeeper: {route} names the class {name}, which is not defined"
            )
        return Instrumented(app, self._requests, self._tracer, self, on_loop=self._loop_seen, raised=self._unhandled)

    def _wrap_client(self, client: object, provider: str, include_usage: bool) -> None:
        vendor = vendor_of(client)
        if vendor is None:
            name = type(client).__qualname__
            text = f"watchkeeper: wk.llm takes clients of anthropic and openai; calls of {name} are not counted"
            self._registry.said.warn(f"client {name}", text)
            return
        ClientWrapper(vendor, self._llm, provider=provider, include_usage=include_usage).wrap(client)

    def _loop_seen(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop.seen(loop)
        if not self._closed:
            self._lag.sample(loop)

    @contained
    def _unhandled(self, error: BaseException) -> None:
        self._writer.count("unhandled_exception", "error", "http")
        fields = {"error": type(error).__name__, "exception": formatted(error)}
        self._writer.write("unhandled_exception", "error", "http", "a request ended with an exception", fields)
