"""A test message on the real way: it arrives, it ends, and what keeps it from arriving is told apart."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from http_bench import Handler, serving
from notify_world import World, world
from watchkeeper.engines import Engine
from watchkeeper.live.alertmanager import Alertmanager
from watchkeeper.live.errors import Unreachable, Unreadable
from watchkeeper.live.inbox import Inbox
from watchkeeper.live.notify_test import ALERT, MARK, Arrival, Patience, Result, TestAlert, notify_test

pytestmark = pytest.mark.engine

ENOUGH = Patience(20, 20)
LITTLE = Patience(2, 2)


@pytest.fixture(scope="module")
def here(alertmanager: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(alertmanager, tmp_path_factory.mktemp("notify")) as made:
        yield made


def _send(here: World, alert: TestAlert, patience: Patience = ENOUGH) -> Result:
    with here.alertmanager() as alertmanager, here.inbox() as inbox:
        return notify_test(alertmanager, inbox, alert, patience)


def _names(arrivals: tuple[Arrival, ...]) -> set[str]:
    return {arrival.receiver for arrival in arrivals}


def _is_over(here: World, identifier: str) -> bool:
    with here.alertmanager() as alertmanager:
        return all(one.labels.get(MARK) != identifier for one in alertmanager.alerts())


def test_it_arrives_everywhere_and_so_does_its_end(here: World) -> None:
    alert = TestAlert("a11a0001", "critical", "arrives", "demo")
    told: list[Arrival] = []
    began: list[datetime] = []
    before = datetime.now(UTC)

    def tell(arrival: Arrival) -> None:
        told.append(arrival)
        began.extend(one.starts_at for one in alertmanager.alerts() if one.labels.get(MARK) == alert.identifier)

    with here.alertmanager() as alertmanager, here.inbox() as inbox:
        since = inbox.health().newest
        result = notify_test(alertmanager, inbox, alert, ENOUGH, tell)
        messages = inbox.messages(since=since)
    assert result.expected == ("pagerduty-critical", "slack-incidents")
    assert _names(result.arrived) == _names(result.resolved) == set(result.expected)
    assert (result.missing, result.unended, result.suppressed_by, result.reached) == ((), (), (), True)
    assert tuple(told) == result.arrived + result.resolved
    assert {one.summary for one in result.arrived} == {f"[critical] {ALERT} arrives demo"}
    assert {one.summary for one in result.resolved} == {f"[resolved] {ALERT} arrives demo"}
    assert all(0 <= one.seconds < 20 for one in told)
    # Alertmanager keeps milliseconds
    assert began
    assert all(before - timedelta(seconds=1) <= moment <= datetime.now(UTC) for moment in began)
    assert _is_over(here, alert.identifier)
    pages = [message for message in messages if message.kind == "pagerduty"]
    assert [page.action for page in pages] == ["trigger", "resolve"]
    assert pages[0].dedup_key == pages[1].dedup_key
    assert all(b"Nothing is wrong" in bytes(page.payload) for page in pages)


def test_two_tests_in_a_row_are_told_apart(here: World) -> None:
    """Same group for Alertmanager and same incident for PagerDuty: only the mark differs."""
    for identifier in ("b0b00001", "b0b00002"):
        result = _send(here, TestAlert(identifier, "critical", "in-a-row", "demo"))
        assert (result.reached, result.unended) == (True, ())


def test_a_receiver_with_a_wrong_key_is_missing(here: World) -> None:
    alert = TestAlert("c0c00001", "critical", "wrong-key", "demo")
    with here.wrong_key("pagerduty-critical"):
        result = _send(here, alert, LITTLE)
    assert _names(result.arrived) == _names(result.resolved) == {"slack-incidents"}
    assert (result.missing, result.unended, result.reached) == (("pagerduty-critical",), (), False)
    with here.inbox() as inbox:
        refused = inbox.messages(kind="rejected")
    assert any(b"Invalid routing key" in bytes(one.payload) and b"c0c00001" in bytes(one.payload) for one in refused)


def test_it_is_ended_even_when_nobody_gets_it(here: World) -> None:
    alert = TestAlert("d0d00001", "critical", "nobody", "demo")
    with here.wrong_key("pagerduty-critical", "slack-incidents"):
        result = _send(here, alert, Patience(1, 1))
    assert (result.arrived, result.resolved) == ((), ())
    assert result.missing == result.expected == ("pagerduty-critical", "slack-incidents")
    assert _is_over(here, alert.identifier)


def test_what_a_service_throttles_has_not_arrived(here: World) -> None:
    key = (here.layout.secrets / "pagerduty-business-hours").read_text()
    payload = {"summary": "noise", "source": "test", "severity": "error"}
    event = {"routing_key": key, "event_action": "trigger", "dedup_key": "noise", "payload": payload}
    with httpx2.Client(trust_env=False) as client:
        codes = [client.post(f"{here.inbox_url}/pagerduty/v2/enqueue", json=event).status_code for _ in range(121)]
    assert codes == [202] * 120 + [429]
    result = _send(here, TestAlert("e0e00001", "high", "throttled", "demo"), LITTLE)
    assert _names(result.arrived) == {"slack-reliability"}
    assert result.missing == ("pagerduty-business-hours",)
    with here.inbox() as inbox:
        refused = [one for one in inbox.messages(kind="rejected") if b"e0e00001" in bytes(one.payload)]
    assert {one.receiver for one in refused} == {"pagerduty-business-hours"}, "the refusal itself names the receiver"


def test_a_silenced_one_is_held_back_and_ended(here: World) -> None:
    alert = TestAlert("f0f00001", "critical", "silenced", "demo")
    silence = here.silence(service="silenced")
    with here.inbox() as inbox:
        result = _send(here, alert)
        # what earlier tests sent may still arrive
        assert [one for one in inbox.messages() if alert.identifier.encode() in bytes(one.payload)] == []
    assert result.suppressed_by == (silence,)
    assert (result.arrived, result.resolved, result.reached) == ((), (), False)
    assert result.missing == ("pagerduty-critical", "slack-incidents")
    assert _is_over(here, alert.identifier)


def test_a_webhook_on_two_routes_is_one_receiver_and_never_hears_of_the_end(here: World) -> None:
    """The inbox calls it by its address (`webhook-bot`), Alertmanager by its name; it is told no ends."""
    result = _send(here, TestAlert("aa000001", "warning", "twice", "demo"))
    assert result.expected == result.silent_at_end == ("ops-bot",)
    assert _names(result.arrived) == {"ops-bot"}
    assert (result.resolved, result.unended, result.reached) == ((), (), True)


def test_a_receiver_that_sends_nothing_is_not_waited_for(here: World) -> None:
    alert = TestAlert("ab000001", "warning", "nowhere", "demo")
    result = _send(here, alert)
    assert (result.expected, result.missing, result.reached) == ((), (), False)
    assert _is_over(here, alert.identifier)


def test_without_an_inbox_nothing_is_sent(here: World, free_port: int) -> None:
    nobody = f"http://127.0.0.1:{free_port}"
    with here.alertmanager() as alertmanager, Inbox(nobody) as inbox, pytest.raises(Unreachable):
        notify_test(alertmanager, inbox, TestAlert("ac000001", "critical", "no-inbox", "demo"), LITTLE)
    assert _is_over(here, "ac000001")


CONFIGURATION = "receivers: [{name: pager, pagerduty_configs: [{send_resolved: true}]}]"


@contextmanager
def _odd_alertmanager(configuration: str, posted: list[dict[str, str]]) -> Iterator[str]:
    """Takes every alert and lists none."""
    status = {
        "versionInfo": {"version": "0.25.0"},
        "uptime": "2026-01-02T03:04:05Z",
        "cluster": {"status": "disabled"},
        "config": {"original": configuration},
    }

    class Answering(Handler):
        def get(self) -> None:
            self._say([] if self.path.endswith("/alerts") else status)

        def post(self) -> None:
            posted.extend(json.loads(self.body()))
            self._say({})

        def _say(self, answer: object) -> None:
            self.reply(json.dumps(answer).encode())

    with serving(Answering) as url:
        yield url


def test_an_alert_that_is_not_listed_is_said_and_ended(here: World) -> None:
    posted: list[dict[str, str]] = []
    with (
        _odd_alertmanager(CONFIGURATION, posted) as url,
        Alertmanager(url) as alertmanager,
        here.inbox() as inbox,
        pytest.raises(Unreadable, match=r"^Alertmanager took the test alert but does not list it$"),
    ):
        notify_test(alertmanager, inbox, TestAlert("ad000001", "critical", "unlisted", "demo"), Patience(0.5, 1))
    first, last = posted
    assert first["labels"] == last["labels"]
    assert first["startsAt"] == last["startsAt"] < last["endsAt"]
    assert datetime.fromisoformat(last["endsAt"]) <= datetime.now(UTC) < datetime.fromisoformat(first["endsAt"])


@pytest.mark.parametrize("text", ["receivers: [", "receivers: 7", "receivers: [{name: x, slack_configs: [3]}]", ""])
def test_a_configuration_nobody_understands_is_said_before_anything_is_sent(here: World, text: str) -> None:
    posted: list[dict[str, str]] = []
    with (
        _odd_alertmanager(text, posted) as url,
        Alertmanager(url) as alertmanager,
        here.inbox() as inbox,
        pytest.raises(Unreadable, match=r"^Alertmanager's configuration cannot be understood: "),
    ):
        notify_test(alertmanager, inbox, TestAlert("ae000001", "critical", "odd", "demo"), LITTLE)
    assert posted == []


def test_an_interrupted_test_is_ended(here: World) -> None:
    def interrupt(_: Arrival) -> None:
        raise KeyboardInterrupt

    alert = TestAlert("af000001", "critical", "interrupted", "demo")
    with here.alertmanager() as alertmanager, here.inbox() as inbox, pytest.raises(KeyboardInterrupt):
        notify_test(alertmanager, inbox, alert, ENOUGH, interrupt)
    assert _is_over(here, alert.identifier)


def test_the_words_say_that_nothing_is_wrong() -> None:
    alert = TestAlert("12345678", "high", "copilot", "staging")
    assert alert.labels["notify_test"] == "12345678"
    assert (alert.labels["severity"], alert.labels["environment"], alert.labels["kind"]) == ("high", "staging", "test")
    assert alert.annotations["summary"] == "This is a test (12345678). Nothing is wrong."
    assert alert.annotations["runbook"] == ""
