"""The metrics port: what it answers, to whom, and what it does not let happen."""

import http.client
import socket
import time

import pytest

from sdk_bench import internal_errors, parsed, until, watched
from watchkeeper.sdk import server
from watchkeeper.sdk.exposition import Format
from watchkeeper.sdk.server import answer


def get(port: int, target: str, **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("content-type") or "", response.read().decode()
    finally:
        connection.close()


def test_it_serves_what_the_scrape_asks_for() -> None:
    with watched(port=0) as wk:
        port = wk.metrics_port
        assert port
        wk.m.messages_total.inc(intent="x")
        status, kind, body = get(port, "/metrics?scrape=critical")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert "sli_events_total" in body
        assert "messages_total" not in body
        assert parsed(get(port, "/metrics?scrape=standard")[2])['messages_total{intent="x"}'] == 1
        strict = get(port, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
        assert strict[1].startswith("application/openmetrics-text")
        assert strict[2].endswith("# EOF\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", "200 OK"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK"),
        (b"GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"GET /metrics/../metrics HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        (b"GET /metrics?scrape=often HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (b"\xff\xfe\r\n\r\n", "405 Method Not Allowed"),
    ],
)
def test_answers(request_: bytes, status: str) -> None:
    response = answer(request_, lambda scrape, format_: f"{scrape} {format_.name}".encode())
    assert response.status == status
    assert f"Content-Length: {len(response.body)}".encode() in response.wire


def test_it_listens_on_loopback_only() -> None:
    with watched(port=0) as wk:
        assert wk._server is not None
        assert wk._server._address[0] == "127.0.0.1"


def test_a_taken_port_is_said_and_harmless(caplog: pytest.LogCaptureFixture) -> None:
    with watched(port=0) as first, watched(port=first.metrics_port) as second:
        assert second.metrics_port is None
        assert f"127.0.0.1:{first.metrics_port} cannot be listened on" in caplog.text
        assert internal_errors(second) == {'{where="metrics_port"}': 1}
        assert internal_errors(first) == {}


@pytest.mark.parametrize("port", [-1, 70_000, "http", 3.5])
def test_a_port_that_is_none_is_harmless(port: int) -> None:
    with watched(port=port) as wk:
        assert wk.metrics_port is None
        assert len(internal_errors(wk)) == 1


def test_a_silent_client_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    with watched(port=0) as wk, socket.create_connection(("127.0.0.1", wk.metrics_port or 0), timeout=10) as idle:
        began = time.monotonic()
        idle.sendall(b"GET /metrics HTTP/1.1\r\n")
        assert idle.recv(1) == b""
        assert time.monotonic() - began < 5


def test_a_drop_at_a_time_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.3)
    with watched(port=0) as wk, socket.create_connection(("127.0.0.1", wk.metrics_port or 0), timeout=0.05) as slow:

        def drips() -> bool:
            try:
                slow.sendall(b"x")
                return slow.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(drips, "the end of the connection")


def test_too_many_clients_leave_room_for_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 4)
    with watched(port=0) as wk:
        port = wk.metrics_port or 0
        held = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(12)]
        refused = [connection for connection in held if _is_closed(connection)]
        assert len(refused) == 8
        for connection in held:
            connection.close()
        until(lambda: _status(port) == 200, "room")
        assert internal_errors(wk) == {}


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.5)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def _status(port: int) -> int:
    try:
        return get(port, "/metrics")[0]
    except (OSError, http.client.HTTPException):
        return 0


def test_a_huge_head_is_refused() -> None:
    with watched(port=0) as wk:
        with socket.create_connection(("127.0.0.1", wk.metrics_port or 0), timeout=10) as big:
            try:
                big.sendall(b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n")
                assert big.recv(1) == b""
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert _status(wk.metrics_port or 0) == 200


def test_closing_frees_the_port_and_may_be_done_twice() -> None:
    with watched(port=0) as wk:
        port = wk.metrics_port or 0
        wk.close()
        wk.close()
        assert wk.metrics_port is None
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system likes
            get(port, "/metrics")
        wk.m.conversations_total.inc()
        assert parsed(wk.page().decode())["conversations_total"] == 1


def test_a_page_that_cannot_be_made_ends_one_connection() -> None:
    def broken(scrape: str, format_: Format) -> bytes:
        raise LookupError(f"{scrape} {format_}")

    failures: list[bool] = []
    made = server.MetricsServer(broken, "127.0.0.1", 0, lambda: failures.append(True))
    made.start()
    try:
        assert _status(made.port) == 0
        assert _status(made.port) == 0
    finally:
        made.close()
    assert failures == [True, True]
