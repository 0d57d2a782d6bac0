"""Server-sent events, seen from outside in pieces of any size; and correlation ids."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.sdk.correlation import accepted, new_id
from watchkeeper.sdk.sse import News, Scanner
from watchkeeper.sdk.streaming import Usefulness


@pytest.mark.parametrize(
    ("text", "useful"),
    [
        (b"data: hi\n\n", True),
        (b"data:hi\n\n", True),
        (b"data: hi\r\n\r\n", True),
        (b'event: message\nid: 1\ndata: {"text":"x"}\n\n', True),
        (b"data: \ndata: second\n\n", True),
        (b'data: {"type":"content_block_delta"}\n\n', True),
        (b'data: {"text":"a ping is \\"type\\": pong"}\n\n', True),
        (b"data: hi\n", False),
        (b"data: hi", False),
        (b"data:\n\n", False),
        (b"data: \n\n", False),
        (b": comment\n\n", False),
        (b"event: ping\ndata: {}\n\n", False),
        (b"event: ping\ndata: 12345\n\n", False),
        (b"data: ping\n\n", False),
        (b'data: "ping"\n\n', False),
        (b'data: {"type": "ping"}\n\n', False),
        (b'data: {"event":"heartbeat","n":3}\n\n', False),
        (b"event: keep-alive\ndata: x\n\n", False),
        (b"data: [DONE]\n\n", False),
        (b"event: done\ndata: {}\n\n", False),
        (b"retry: 100\n\n", False),
        (b"database: x\n\n", False),
        (b"\n\n\n\n", False),
        (b"", False),
    ],
)
def test_what_is_useful(text: bytes, useful: bool) -> None:
    assert Scanner().feed(text).useful is useful


def test_an_error_event() -> None:
    assert Scanner().feed(b"event: error\ndata: x\n\n") == News(useful=False, error=True)
    assert Scanner().feed(b"data: a\n\nevent: error\ndata: x\n\n") == News(useful=True, error=True)


def test_an_event_name_holds_for_one_event() -> None:
    scanner = Scanner()
    assert scanner.feed(b"event: ping\ndata: x\n\ndata: y\n\n").useful


EVENTS = st.lists(
    st.sampled_from(
        [b"data: hello\n\n", b": c\n\n", b"event: ping\ndata: {}\n\n", b"event: error\ndata: no\n\n", b"data:\r\n\r\n"]
    ),
    max_size=6,
)


@given(EVENTS, st.data())
def test_pieces_of_any_size_say_the_same(events: list[bytes], data: st.DataObject) -> None:
    text = b"".join(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    whole, scanner = Scanner().feed(text), Scanner()
    news = [scanner.feed(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert any(piece.useful for piece in news) == whole.useful
    assert any(piece.error for piece in news) == whole.error


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_garbage_is_read_without_complaint(pieces: list[bytes]) -> None:
    scanner = Scanner()
    for piece in pieces:
        scanner.feed(piece)


def test_an_endless_line_is_not_kept() -> None:
    scanner = Scanner()
    for _ in range(100):
        scanner.feed(b"x" * 10_000)
    assert len(scanner._rest) <= 65536


@pytest.mark.parametrize(
    ("piece", "useful"),
    [("hello", True), ("  \n", False), ("", False), (b"x", True), (b"", False), ({"text": ""}, True), (None, False)],
)
def test_pieces_that_are_no_events(piece: object, useful: bool) -> None:
    assert Usefulness().of(piece) is useful


def test_ids() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, text)


def test_our_own_header_comes_first() -> None:
    headers = [(b"X-Request-Id", b"request-id-1"), (b"X-Correlation-Id", b"correlation-1")]
    assert accepted(headers) == "correlation-1"
    assert accepted(headers[:1]) == "request-id-1"
    assert accepted([(b"x-correlation-id", b"bad id"), (b"x-request-id", b"request-id-1")]) == "request-id-1"
    assert accepted([]) is None
