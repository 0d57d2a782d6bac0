"""Kept spans reach a Collector, and what does not is counted: no request ever waits for it."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from sdk_bench import Wk, internal_errors, of, until, watched
from tracing_bench import Collector, attributes, collector
from watchkeeper import Traces
from watchkeeper.copilot import Instruments
from watchkeeper.sdk.tracing.export import Tail
from watchkeeper.sdk.tracing.policy import Kept


class Hasty(Instruments):
    """Keeps all, and sends after two spans."""

    tracing = replace(Instruments.tracing, rules=(), others=Kept(), batch_spans=2, batch_seconds=0.05)


class Patient(Instruments):
    tracing = replace(Hasty.tracing, batch_seconds=3600.0)


class Sparing(Instruments):
    """Keeps errors only."""

    tracing = replace(Hasty.tracing, others=Kept((("test", 0.0),)))


def sending(where: Traces | None, instruments: type[Instruments] = Hasty) -> AbstractContextManager[Wk]:
    return watched(instruments=instruments, traces=where)


@pytest.fixture
def there() -> Iterator[Collector]:
    with collector() as found:
        yield found


def lost(wk: Wk) -> dict[str, float]:
    found = of(wk, "watchkeeper_dropped_total")
    return {labels.split('"')[1]: count for labels, count in found.items() if 'signal="traces"' in labels}


def test_a_span_arrives(there: Collector) -> None:
    with sending(Traces(there.url)) as wk:
        with wk.span("outer"), wk.span("inner"):
            pass
        there.wait_for("outer", "inner")
        assert lost(wk) == {}
        assert internal_errors(wk) == {}
    (request,) = there.requests
    assert attributes(request.resource_spans[0].resource.attributes) == {
        "service.name": "agent",
        "service.version": "1.2.3",
        "deployment.environment.name": "test",
    }
    assert there.headers[0]["content-type"] == "application/x-protobuf"
    assert there.paths == ["/v1/traces"]
    assert there.named("inner").parent_span_id == there.named("outer").span_id


def test_a_path_of_the_endpoint_is_kept(there: Collector) -> None:
    with sending(Traces(there.url + "/otlp/")) as wk:
        with wk.span("outer"):
            pass
        there.wait_for("outer")
    assert there.paths == ["/otlp/v1/traces"]


def test_what_waits_for_its_batch_is_sent_at_the_end(there: Collector) -> None:
    with sending(Traces(there.url), Patient) as wk, wk.span("last"):
        pass
    assert [span.name for span in there.spans] == ["last"]
    with wk.span("too late"):
        pass
    wk.close()
    assert [span.name for span in there.spans] == ["last"]


def test_a_batch_goes_out_when_it_is_full(there: Collector) -> None:
    with sending(Traces(there.url), Patient) as wk:
        for number in range(4):
            with wk.span(f"s{number}"):
                pass
        there.wait_for("s0", "s1", "s2", "s3")
    assert [len(request.resource_spans[0].scope_spans[0].spans) for request in there.requests] == [2, 2]


@pytest.mark.parametrize("tail", ["local", "collector"])
def test_who_decides(there: Collector, tail: Tail) -> None:
    with sending(Traces(there.url, tail), Sparing) as wk:
        with wk.span("good"):
            pass
        with pytest.raises(LookupError), wk.span("bad"):
            raise LookupError
        there.wait_for("bad")
    assert {span.name for span in there.spans} == ({"bad"} if tail == "local" else {"good", "bad"})


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_is_busy_is_asked_again(there: Collector, status: int) -> None:
    there.plan.append(status)
    with sending(Traces(there.url)) as wk:
        with wk.span("outer"):
            pass
        there.wait_for("outer")
        assert (there.asked, lost(wk)) == (2, {})


def test_a_refusal_is_final(there: Collector) -> None:
    there.plan.append(400)
    with sending(Traces(there.url)) as wk:
        with wk.span("outer"), wk.span("inner"):
            pass
        until(lambda: lost(wk) == {"refused": 2}, "two spans refused")
        with wk.span("next"):
            pass
        there.wait_for("next")


def test_a_collector_that_is_not_there(there: Collector) -> None:
    url = there.url.rpartition(":")[0] + ":1"
    with sending(Traces(url)) as wk:
        with wk.span("outer"):
            pass
        wk.close()
        until(lambda: lost(wk) == {"error": 1}, "a span that nobody took")


def test_a_queue_that_is_full_loses_what_is_new(there: Collector) -> None:
    there.gate.clear()
    with sending(Traces(there.url), Patient) as wk:
        for name in ("a", "b"):  # the batch that is on its way
            with wk.span(name):
                pass
        until(lambda: there.asked == 1, "a batch under way")
        for number in range(32 + 3):  # sixteen batches of two may wait
            with wk.span(f"s{number}"):
                pass
        assert lost(wk) == {"overflow": 3}
        there.gate.set()
        there.wait_for("s31")
    assert len(there.spans) == 34


def test_a_trace_of_too_many_spans_keeps_its_root(there: Collector) -> None:
    with sending(Traces(there.url), type("Wide", (Hasty,), {"tracing": replace(Hasty.tracing, batch_spans=512)})) as wk:
        with wk.span("root"):
            for _ in range(1005):
                with wk.span("step"):
                    pass
        there.wait_for("root")
        assert lost(wk) == {"overflow": 5}
    assert len(there.spans) == 1001


def test_a_span_that_outlives_its_root_follows_its_decision(there: Collector) -> None:
    with sending(Traces(there.url), Sparing) as wk:
        late_of_good, late_of_bad = wk.span("late of good"), wk.span("late of bad")
        with wk.span("good"):
            late_of_good.begin()
        bad = wk.span("bad")
        with bad:
            late_of_bad.begin()
            bad.fail("lookup")
        late_of_good.end(ValueError("no"))  # the trace is dropped already
        late_of_bad.end(None)
        there.wait_for("bad", "late of bad")
    assert {span.name for span in there.spans} == {"bad", "late of bad"}


def test_nothing_is_sent_where_nobody_said_so(there: Collector) -> None:
    with sending(None) as wk, wk.span("outer"):
        pass
    assert there.asked == 0
    assert [thread.name for thread in threading.enumerate() if thread.name == "watchkeeper-traces"] == []


@pytest.mark.parametrize(
    ("endpoint", "key", "said"),
    [
        ("127.0.0.1:4318", None, "'127.0.0.1:4318' is no address like http://127.0.0.1:4318"),
        ("http://", None, "'http://' is no address like"),
        ("http://h?x=1", None, "'http://h?x=1' is no address like"),
        ("http://h:port", None, "Port could not be cast to integer value as 'port'"),
        ("http://h", b"short\n", "has 5 bytes, a key has 32 at least"),
        ("http://h", None, "No such file or directory"),
    ],
)
def test_a_mistake_is_said_and_costs_the_traces_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, endpoint: str, key: bytes | None, said: str
) -> None:
    file = tmp_path / "key"
    if key is not None:
        file.write_bytes(key)
    wants_key = key is not None or "directory" in said
    with sending(Traces(endpoint, pseudonym_key_file=file if wants_key else None)) as wk, wk.span("outer"):
        wk.m.conversations_total.inc()
        assert internal_errors(wk) == {'{where="traces"}': 1}
        assert of(wk, "conversations_total") == {"": 1}
    assert "watchkeeper: no traces: " in caplog.text
    assert said in caplog.text


def test_people_leave_as_pseudonyms(there: Collector, tmp_path: Path) -> None:
    import hashlib
    import hmac

    key = tmp_path / "key"
    key.write_bytes(b"k" * 32 + b"\n")
    with sending(Traces(there.url, pseudonym_key_file=key)) as wk:
        with wk.span("outer"):
            wk.set_attributes({"user.id": "ada"})
        there.wait_for("outer")
    expected = hmac.new(b"k" * 32, b"ada", hashlib.sha256).hexdigest()
    assert attributes(there.named("outer").attributes) == {"user.id": expected}


def test_a_forked_child_sends_its_own_and_not_its_parents(there: Collector) -> None:
    with sending(Traces(there.url), Patient) as wk:
        with wk.span("of the parent"):
            pass
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            with wk.span("of the child"):
                pass
            wk.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert [span.name for span in there.spans] == ["of the child"]
        with wk.span("of the parent afterwards"):
            pass
    assert [span.name for span in there.spans] == ["of the child", "of the parent", "of the parent afterwards"]
    assert len({span.trace_id for span in there.spans}) == 3  # chance goes on otherwise in each
