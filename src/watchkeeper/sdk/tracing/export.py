"""Sending kept spans to a Collector: one thread, batches, a bounded queue, and nothing that waits on a request."""

import atexit
import gzip
import http.client
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from watchkeeper.sdk.forks import renew_in_children
from watchkeeper.sdk.instruments import Registry
from watchkeeper.sdk.tracing.otlp import Encoder
from watchkeeper.sdk.tracing.policy import TracePolicy
from watchkeeper.sdk.tracing.spans import Span

Tail = Literal["local", "collector"]

_PATH = "/v1/traces"
_BATCHES_HELD = 16
_PATIENCE = 5.0
"""Seconds that a Collector may take to answer."""
_TRIES = 4
_AGAIN = frozenset({429, 502, 503, 504})
"""https://opentelemetry.io/docs/specs/otlp/#failures-1"""
_FAREWELL = 2.0
"""Seconds that the end of the process waits for what is left."""
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Traces:
    """Where spans go, and who decides which are kept.

    `endpoint` is where an OpenTelemetry Collector takes OTLP over HTTP: `http://127.0.0.1:4318`. With `tail="local"`
    this process decides when a request ends, and sends what it keeps; with `"collector"` it sends all, and the policies
    of the gateway decide on whole traces. `pseudonym_key_file` holds the key, of 32 bytes at least, that turns
    `user.id` and its like into pseudonyms; without it they are masked.
    """

    endpoint: str
    tail: Tail = "local"
    pseudonym_key_file: str | Path | None = None

    def address(self) -> SplitResult:
        """Raises ValueError for what is no address of HTTP."""
        url = urlsplit(self.endpoint)
        if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
            raise ValueError(f"{self.endpoint!r} is no address like http://127.0.0.1:4318")
        _ = url.port  # raises where it is no number
        return url

    def key(self) -> bytes | None:
        """Raises OSError, and ValueError for a key that could be guessed."""
        if self.pseudonym_key_file is None:
            return None
        key = Path(self.pseudonym_key_file).read_bytes().strip()
        if len(key) < _SHORTEST_KEY:
            raise ValueError(f"{self.pseudonym_key_file} has {len(key)} bytes, a key has {_SHORTEST_KEY} at least")
        return key


class Exporter:
    """Sends spans in batches. `submit` never waits: what finds no room is lost, and counted."""

    def __init__(self, address: SplitResult, encoder: Encoder, policy: TracePolicy, registry: Registry) -> None:
        self._address = address
        self._encoder = encoder
        self._batch = policy.batch_spans
        self._delay = policy.batch_seconds
        self._registry = registry
        self._most = policy.batch_spans * _BATCHES_HELD
        self.after_fork()
        renew_in_children(self)
        atexit.register(self.close)

    def after_fork(self) -> None:
        """A forked child has no thread of ours; what waits is the parent's to send."""
        self._queue: deque[Span] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False

    def submit(self, spans: Iterable[Span]) -> None:
        """Take spans that have ended."""
        with self._changed:
            room = self._most - len(self._queue)
            taken = list(spans)
            self._queue.extend(taken[:room])
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="watchkeeper-traces", daemon=True)
                self._thread.start()
            if len(self._queue) >= self._batch:
                self._changed.notify()
        if len(taken) > room:
            self._registry.dropped("traces", "overflow", len(taken) - room)

    def close(self) -> None:
        """Send what is left, for a moment; whatever is not away by then is lost."""
        atexit.unregister(self.close)
        with self._changed:
            self._closing = True
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_FAREWELL)

    def _run(self) -> None:
        while True:
            batch, last = self._next()
            if batch:
                self._deliver(batch)
            elif last:
                return

    def _next(self) -> tuple[list[Span], bool]:
        """The next batch, full or grown old; and whether there will be no more."""
        with self._changed:
            due = time.monotonic() + self._delay
            while len(self._queue) < self._batch and not self._closing:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            batch = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            return batch, self._closing

    def _deliver(self, batch: list[Span]) -> None:
        try:
            body = gzip.compress(self._encoder.request(batch), 1)
        except Exception:  # noqa: BLE001 - the edge of the SDK: one span that cannot be written must not end the thread
            self._registry.dropped("traces", "error", len(batch))
            return
        for attempt in range(1, _TRIES + 1):
            status = self._post(body)
            if status is not None and 200 <= status < 300:
                return
            if status is not None and status not in _AGAIN:
                self._registry.dropped("traces", "refused", len(batch))
                return
            if attempt < _TRIES and not self._rest(2.0 ** (attempt - 1)):
                break
        self._registry.dropped("traces", "error", len(batch))

    def _rest(self, seconds: float) -> bool:
        """Wait before another try; False when the process ends instead."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closing, seconds)

    def _post(self, body: bytes) -> int | None:
        """The status of the answer; None when there was none."""
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host = self._address.hostname or ""
        connection = kind(host, self._address.port, timeout=_FAREWELL if self._closing else _PATIENCE)
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
        try:
            connection.request("POST", f"{self._address.path.rstrip('/')}{_PATH}", body, headers)
            with connection.getresponse() as response:
                response.read()
                return response.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
