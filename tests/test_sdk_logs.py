"""Log lines: one JSON object a line whatever is logged, counted beside it."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdk_bench import Wk, internal_errors, of, watched
from watchkeeper.sdk.logs import encoded, level_of


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def wk(log: io.StringIO) -> Iterator[Wk]:
    with watched(log) as process:
        yield process


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().split("\n")[:-1]]


def test_a_line(wk: Wk, log: io.StringIO) -> None:
    wk.logger("chat").info("message_answered", "Answered in time", intent="code", duration_ms=12.5, ok=True)
    (line,) = lines(log)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "level": "INFO",
        "message": "Answered in time",
        "event": "message_answered",
        "component": "chat",
        "service": "agent",
        "version": "1.2.3",
        "environment": "test",
        "intent": "code",
        "duration_ms": 12.5,
        "ok": True,
    }
    assert of(wk, "log_events_total") == {'{component="chat",event="message_answered",level="info"}': 1}


def test_levels(wk: Wk, log: io.StringIO) -> None:
    logger = wk.logger("chat")
    for method in (logger.debug, logger.info, logger.warn, logger.warning, logger.error, logger.fatal):
        method("e")
    assert [line["level"] for line in lines(log)] == ["DEBUG", "INFO", "WARN", "WARN", "ERROR", "FATAL"]
    assert [level_of(number) for number in (10, 20, 30, 40, 50)] == ["debug", "info", "warn", "error", "fatal"]


def test_the_callers_fields_never_replace_ours(wk: Wk, log: io.StringIO) -> None:
    wk.logger("chat").info("e", service="evil", level="FATAL", message="other", event="fake")
    (line,) = lines(log)
    assert (line["service"], line["level"], line["message"], line["event"]) == ("agent", "INFO", "e", "e")
    assert (line["service_"], line["level_"], line["message_"], line["event_"]) == ("evil", "FATAL", "other", "fake")


def test_an_exception_brings_its_traceback(wk: Wk, log: io.StringIO) -> None:
    try:
        raise LookupError("lost")
    except LookupError:
        wk.logger("chat").exception("e")
    (line,) = lines(log)
    assert "LookupError: lost" in str(line["exception"])


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def cycle() -> list[object]:
    made: list[object] = []
    made.append(made)
    return made


@pytest.mark.parametrize(
    "value",
    [
        Odd(),
        cycle(),
        float("nan"),
        float("inf"),
        10**400,
        "a\nb\u2028c",
        "\ud800",
        b"\xff",
        {1: 2},
        {Odd(): 1},
        object(),
    ],
)
def test_whatever_is_logged_is_one_line(wk: Wk, log: io.StringIO, value: object) -> None:
    wk.logger("chat").info("e", thing=value)
    assert log.getvalue().count("\n") == 1
    (line,) = lines(log)
    assert "thing" in line
    assert internal_errors(wk) == {}


@given(st.dictionaries(st.text(st.characters(codec=None), max_size=5), st.text(st.characters(codec=None)), max_size=4))
def test_every_text_is_one_line_of_json(record: dict[str, object]) -> None:
    line = encoded(record)
    assert line.count("\n") == 1
    assert isinstance(json.loads(line), dict)


def test_a_text_that_is_no_event_cannot_flood_the_labels(wk: Wk) -> None:
    for number in range(200):
        wk.logger("chat").info(f"user {number} logged in")
    found = of(wk, "log_events_total")
    assert len(found) == 61
    assert found['{component="chat",event="__other__",level="info"}'] == 140


def test_a_stream_that_is_broken_is_counted(wk: Wk, log: io.StringIO) -> None:
    log.close()
    wk.logger("chat").info("e")
    assert internal_errors(wk) == {'{where="logger.info"}': 1}
    assert of(wk, "log_events_total") == {'{component="chat",event="e",level="info"}': 1}


def test_lines_go_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with watched() as wk:
        wk._writer._stream = None
        wk.logger("chat").info("e")
    assert json.loads(capsys.readouterr().out)["event"] == "e"


@pytest.fixture
def stdlib(wk: Wk) -> logging.Logger:
    # not below the root, where pytest's handler raises what others swallow
    logger = logging.Logger("shop.cart")  # noqa: LOG001
    logger.addHandler(wk.log_handler())
    return logger


def test_stdlib_lines(wk: Wk, log: io.StringIO, stdlib: logging.Logger) -> None:
    stdlib.warning("%d items", 3, extra={"event": "cart_filled", "user": "u1"})
    stdlib.info("plain")
    first, second = lines(log)
    assert (first["event"], first["message"], first["user"]) == ("cart_filled", "3 items", "u1")
    assert (first["level"], first["component"], first["logger"]) == ("WARN", "shop", "shop.cart")
    assert second["event"] == "log"
    assert of(wk, "log_events_total") == {
        '{component="shop",event="cart_filled",level="warn"}': 1,
        '{component="shop",event="log",level="info"}': 1,
    }


def test_stdlib_exceptions(log: io.StringIO, stdlib: logging.Logger) -> None:
    try:
        raise LookupError("lost")
    except LookupError:
        stdlib.exception("failed")
    assert "LookupError: lost" in str(lines(log)[0]["exception"])


def test_stdlib_lines_that_do_not_fit_their_arguments(wk: Wk, log: io.StringIO, stdlib: logging.Logger) -> None:
    stdlib.info("%d items", "three")
    assert lines(log) == []
    assert internal_errors(wk) == {'{where="log_handler"}': 1}


def test_counting_only(wk: Wk, log: io.StringIO) -> None:
    logger = logging.getLogger("quiet")
    handler = wk.log_handler(write=False)
    logger.addHandler(handler)
    try:
        logger.error("x")
    finally:
        logger.removeHandler(handler)
    assert log.getvalue() == ""
    assert of(wk, "log_events_total") == {'{component="quiet",event="log",level="error"}': 1}


def test_our_own_warnings_do_not_chase_themselves(wk: Wk) -> None:
    """A handler of ours at the root, which fails while we say that something failed."""
    handler = wk.log_handler()
    logging.getLogger().addHandler(handler)
    try:
        wk.m.conversations_total.inc(by=-1)
        wk.m.messages_total.inc(wrong=sys)  # type: ignore[call-arg]
    finally:
        logging.getLogger().removeHandler(handler)
    assert sum(internal_errors(wk).values()) == 2
