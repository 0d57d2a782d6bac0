"""How a stack stands: what its record, its Prometheus and its inbox say, and what is said when they are silent."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from http_bench import Handler, serving
from watchkeeper.stack import preparation, record, standing
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.record import ChildRecord, ChildState, Phase, Record
from watchkeeper.stack.standing import SloStanding

Answer = Callable[[str, dict[str, list[str]]], object]


@contextmanager
def _server(answer: Answer) -> Iterator[str]:
    class Answering(Handler):
        def get(self) -> None:
            parts = urlsplit(self.path)
            self._say(parts.path, parse_qs(parts.query))

        def post(self) -> None:
            self._say(self.path, parse_qs(self.body().decode()))

        def _say(self, path: str, query: dict[str, list[str]]) -> None:
            self.reply(json.dumps(answer(path, query)).encode())

    with serving(Answering) as url:
        yield url


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.of(tmp_path)
    made.secrets.mkdir()
    made.password.write_text("secret")
    return made


def _record(layout: Layout, **changes: object) -> Record:
    me = preparation.own_identity()
    unreachable = "http://127.0.0.1:9"
    made = Record(
        pid=me.pid,
        started=me.started,
        demo=True,
        environment="demo",
        phase=Phase.READY,
        console=unreachable,
        inbox=unreachable,
        prometheus=unreachable,
        alertmanager=unreachable,
        ports={},
        children=(
            ChildRecord("inbox", ChildState.READY, 41, 1000.0, 8461, 0),
            ChildRecord("agent", ChildState.RESTARTING, None, None, 8465, 3),
        ),
        token="t",
    )
    changed = msgspec.structs.replace(made, **changes)
    record.write(layout, changed)
    return changed


def _message(identifier: int, action: str) -> dict[str, object]:
    message: dict[str, object] = dict.fromkeys(("receiver", "dedup_key", "severity", "summary", "source"), "")
    at = "2026-11-23T12:00:00Z"
    return message | {"id": identifier, "at": at, "action": action, "kind": "pagerduty", "payload": {}}


def _inbox(messages: list[dict[str, object]]) -> Answer:
    """The inbox's own semantics: ids from 1, `since` exclusive, 0 meaning the newest."""

    def answer(path: str, query: dict[str, list[str]]) -> object:
        assert path == "/api/messages"
        assert query["kind"] == ["pagerduty"]
        since, limit = int(query["since"][0]), int(query["limit"][0])
        found = [message for message in messages if int(str(message["id"])) > since]
        return found[:limit] if since else found[-limit:]

    return answer


def test_nothing_runs(layout: Layout) -> None:
    now = standing.standing(layout)
    assert (now.running, now.healthy, now.state) == (False, False, str(layout.root))
    assert json.loads(standing.to_json(now))["running"] is False


def test_children_with_state_port_restarts_and_uptime(layout: Layout) -> None:
    _record(layout, phase=Phase.DEGRADED)
    now = standing.standing(layout, now=1042.26)
    assert (now.running, now.healthy, now.phase, now.pid) == (True, False, Phase.DEGRADED, os.getpid())
    assert [msgspec.structs.astuple(child) for child in now.children] == [
        ("inbox", ChildState.READY, 41, 8461, 0, 42.3),
        ("agent", ChildState.RESTARTING, None, 8465, 3, None),
    ]
    # neither Prometheus nor inbox answers: that is said, and is no error
    assert now.slos == ()
    assert now.pages is None


def test_pages_are_triggers(layout: Layout) -> None:
    messages = [_message(1, "trigger"), _message(2, "resolve"), _message(5, "trigger"), _message(6, "acknowledge")]
    with _server(_inbox(messages)) as url:
        _record(layout, inbox=url)
        now = standing.standing(layout)
        assert now.healthy
        assert now.pages == 2


def test_no_pages_are_zero_pages() -> None:
    with _server(_inbox([])) as url:
        assert standing.pages(url) == 0


def test_more_pages_than_one_answer_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_PAGE_SIZE", 10)
    with _server(_inbox([_message(number, "trigger") for number in range(1, 36)])) as url:
        assert standing.pages(url) == 35


@pytest.mark.parametrize("answer", ["not a list", {"id": 1}, [{"id": "one"}]])
def test_an_inbox_that_answers_something_else_counts_as_silent(answer: object) -> None:
    with _server(lambda path, query: answer) as url:  # noqa: ARG005 - the same answer to everything
        assert standing.pages(url) is None


def _vector(*samples: tuple[str, str]) -> object:
    result = [
        {"metric": {"service": "llm-copilot-agent", "slo": slo}, "value": [1000, value]} for slo, value in samples
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def test_objectives_come_from_the_recorded_series(layout: Layout) -> None:
    def answer(path: str, query: dict[str, list[str]]) -> object:
        assert path == "/api/v1/query"
        match query["query"]:
            case ["slo:sli_error:ratio_rate5m"]:
                return _vector(("latency-simple", "0"), ("availability", "0.25"))
            case ["slo:error_budget_remaining:ratio and slo:history_coverage:ratio >= 0.25"]:
                return _vector(("availability", "-0.5"))
        raise AssertionError(query)

    with _server(answer) as url:
        _record(layout, prometheus=url)
        assert standing.standing(layout).slos == (
            SloStanding("llm-copilot-agent", "availability", 0.75, -0.5),
            SloStanding("llm-copilot-agent", "latency-simple", 1.0, None),
        )


def test_a_ratio_without_traffic_is_no_value(layout: Layout) -> None:
    with _server(lambda path, query: _vector(("availability", "NaN"))) as url:  # noqa: ARG005
        _record(layout, prometheus=url)
        assert standing.standing(layout).slos == ()
