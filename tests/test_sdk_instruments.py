"""Metric cells: exact under threads, bounded under hostile labels, never raising."""

import math
import signal
import threading
from enum import StrEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk_bench import internal_errors, of, samples, watched
from watchkeeper.sdk.instruments import Counter, Definition, Gauge, Histogram, Registry
from watchkeeper.sdk.labels import OTHER, Domain, Label, safe_text


def counter(*labels: Label) -> tuple[Registry, Counter]:
    registry = Registry()
    return registry, Counter(registry, Definition("things_total", "Things.", labels, "standard"))


def test_enumerated_series_exist_from_the_start() -> None:
    _, made = counter(Label("a", values=("x", "y")), Label("b", values=("1", "2")))
    assert made.series == (("x", "1"), ("x", "2"), ("y", "1"), ("y", "2"))
    assert [made.value(*labels) for labels in made.series] == [0, 0, 0, 0]


def test_open_series_and_gauges_exist_when_they_are_used() -> None:
    _, made = counter(Label("a", values=("x", "y")), Label("b", cap=3))
    assert made.series == ()
    gauge = Gauge(Registry(), Definition("up", "Up.", (Label("a", values=("x",)),), "critical"))
    assert gauge.series == ()


def test_a_histogram_by_hand() -> None:
    made = Histogram(Registry(), Definition("wait_seconds", "Wait.", (), "standard", (0.1, 1.0)))
    for value in (0.05, 0.1, 0.5, 1.0, 1.0001, 9.0):
        made.record((), value)
    assert made.count() == 6
    assert made.total() == pytest.approx(11.6501)
    assert made.cells()[0].counts == [2, 2, 2]  # a bound belongs to the bucket below it
    assert list(made.cells()[0].lines()) == [
        'wait_seconds_bucket{le="0.1"} 2',
        'wait_seconds_bucket{le="1.0"} 4',
        'wait_seconds_bucket{le="+Inf"} 6',
        "wait_seconds_count 6",
        f"wait_seconds_sum {made.total()!r}",
    ]


def test_a_cap_folds_what_comes_later_and_keeps_the_total() -> None:
    with watched() as wk:
        for number in range(100):
            wk.m.messages_total.inc(intent=f"intent-{number}")
        wk.m.messages_total.inc(intent="intent-3")
        found = of(wk, "messages_total")
        assert len(found) == 21  # the cap of twenty, and the one they fold into
        assert found['{intent="__other__"}'] == 80
        assert found['{intent="intent-3"}'] == 2
        assert of(wk, "watchkeeper_label_overflow_total") == {'{label="intent",metric="messages_total"}': 80}


def test_an_enumeration_folds_what_it_does_not_name() -> None:
    with watched() as wk:
        wk.m.workflow_executions_total.inc(outcome="sucess")  # type: ignore[arg-type]
        assert of(wk, "workflow_executions_total") == {'{outcome="__other__"}': 1}
        assert of(wk, "watchkeeper_label_overflow_total") == {'{label="outcome",metric="workflow_executions_total"}': 1}


def test_a_million_values_leave_nothing_behind() -> None:
    _, made = counter(Label("a", cap=5))
    for number in range(20_000):
        made.add((f"value-{number}",))
    assert len(made.series) == 6
    assert sum(made.value(*labels) for labels in made.series) == 20_000
    assert len(made._cells) == 6


def test_the_overflow_of_the_overflow_is_not_counted_for_ever() -> None:
    registry = Registry()
    overflow = Counter(
        registry,
        Definition("watchkeeper_label_overflow_total", "", (Label("metric", cap=1), Label("label", cap=1)), "standard"),
    )
    first = Counter(registry, Definition("a_total", "", (Label("x", values=("1",)),), "standard"))
    second = Counter(registry, Definition("b_total", "", (Label("x", values=("1",)),), "standard"))
    for made in (first, second):
        made.add(("2",))
    assert overflow.value("a_total", "x") == overflow.value(OTHER, "x") == 1


@pytest.mark.parametrize("amount", [-1, math.nan, math.inf, -math.inf, "x", None, 10**400])
def test_amounts_that_are_none_are_refused_and_counted(amount: float) -> None:
    with watched() as wk:
        wk.m.conversations_total.inc(by=amount)
        wk.m.http_request_duration_seconds.observe(amount, method="GET", endpoint="/")
        assert samples(wk)["conversations_total"] == 0
        assert of(wk, "http_request_duration_seconds_count") == {}
        assert internal_errors(wk) == {
            '{where="conversations_total.inc"}': 1,
            '{where="http_request_duration_seconds.observe"}': 1,
        }


def test_gauges_take_every_number() -> None:
    with watched() as wk:
        for value, shown in ((math.inf, math.inf), (-math.inf, -math.inf), (-2.5, -2.5)):
            wk.m.sessions_active.set(value)
            assert samples(wk)["sessions_active"] == shown
        wk.m.sessions_active.set(math.nan)
        assert math.isnan(samples(wk)["sessions_active"])
        wk.m.sessions_active.set(3)
        wk.m.sessions_active.inc(by=2)
        wk.m.sessions_active.dec()
        assert samples(wk)["sessions_active"] == 4


def test_a_wrong_call_is_counted_and_does_not_raise() -> None:
    with watched() as wk:
        wk.m.messages_total.inc(kind="x")  # type: ignore[call-arg]
        wk.m.messages_total.inc("x")  # type: ignore[call-arg]
        assert internal_errors(wk) == {'{where="messages_total.inc"}': 2}


def test_an_error_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with watched() as wk:
        for _ in range(50):
            wk.m.conversations_total.inc(by=-1)
    assert len([record for record in caplog.records if record.name == "watchkeeper"]) == 1


class Intent(StrEnum):
    CODE = "code"


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no")


class OddHash(str):
    __slots__ = ()

    def __hash__(self) -> int:
        raise RuntimeError("no")


class Liar(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "\n" * 10


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Intent.CODE, "code"),
        ("a\ud800b", "a?b"),
        ("a\nb\x00", "a?b?"),
        ("x" * 500, "x" * 120),
        (3, "3"),
        (None, "None"),
        (Odd(), OTHER),
        (OddHash("odd"), "odd"),
        (Liar("liar"), "liar"),
        ([], "[]"),
        ('quo"te\\', 'quo"te\\'),
    ],
)
def test_label_values_become_harmless_text(value: object, shown: str) -> None:
    with watched() as wk:
        wk.m.messages_total.inc(intent=value)  # type: ignore[arg-type]
        found = of(wk, "messages_total")
        escaped = shown.replace("\\", "\\")
        assert found == {f'{{intent="{escaped}"}}': 1}


@given(st.text(st.characters(codec=None)))
def test_safe_text_can_always_be_encoded_and_fits_on_a_line(text: str) -> None:
    safe = safe_text(text)
    assert safe.encode().decode() == safe
    assert len(safe.splitlines()) <= 1 or "\n" not in safe
    assert len(safe) <= 120


def test_a_domain_of_both_kinds_counts_its_values() -> None:
    domain = Domain(Label("a", cap=2))
    assert [domain.admit(value) for value in ("x", "y", "z", "x")] == ["x", "y", None, "x"]


def test_totals_are_exact_under_threads() -> None:
    registry, made = counter(Label("a", cap=3))

    def work() -> None:
        for number in range(5000):
            made.add((str(number % 3),))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        registry.drain()
    assert sum(made.value(*labels) for labels in made.series) == 8 * 5000


def test_updates_from_a_signal_handler_neither_deadlock_nor_get_lost() -> None:
    registry, made = counter(Label("a", cap=3))
    handled = 0

    def handler(_signal: int, _frame: object) -> None:
        nonlocal handled
        handled += 1
        made.add(("signal",))
        registry.drain(patience=0)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for _ in range(40_000):
            made.add(("loop",))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert made.value("loop") == 40_000
    assert handled > 0
    assert made.value("signal") == handled


def test_a_forked_child_counts_on_although_a_lock_was_held() -> None:
    registry, made = counter(Label("a", cap=3))
    registry._draining.acquire()
    registry.creation.acquire()
    registry.after_fork()
    made.add(("x",))
    assert made.value("x") == 1


def test_the_queue_is_emptied_before_it_grows() -> None:
    registry, made = counter()
    for _ in range(100_000):
        made.add(())
    assert len(registry._queue) <= 4096


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1e6)), max_size=60))
def test_the_sum_over_series_is_the_sum_of_updates(updates: list[tuple[str, float]]) -> None:
    _, made = counter(Label("a", cap=4))
    for label, by in updates:
        made.add((label,), by)
    assert sum(made.value(*labels) for labels in made.series) == pytest.approx(sum(by for _, by in updates))
