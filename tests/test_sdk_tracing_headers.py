"""Headers that carry a trace, as their specifications write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.sdk.tracing.headers import CARRIED, baggage, extract, inject
from watchkeeper.sdk.tracing.spans import Kind, Remote, Trace, new_span

ALL = ("w3c", "b3", "jaeger")
TRACE, SPAN = 0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7
HEX, OWN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": f"00-{HEX}-{OWN}-01"}, Remote(TRACE, SPAN)),
        ({"traceparent": f"00-{HEX}-{OWN}-03"}, Remote(TRACE, SPAN)),
        ({"traceparent": f"00-{HEX}-{OWN}-00"}, Remote(TRACE, SPAN)),
        ({"traceparent": f"cc-{HEX}-{OWN}-01-what-will-come"}, Remote(TRACE, SPAN)),
        ({"traceparent": f"00-{HEX}-{OWN}-01", "tracestate": "a=1,b=2"}, Remote(TRACE, SPAN, "a=1,b=2")),
        ({"traceparent": f"00-{HEX}-{OWN}-01", "tracestate": "a=\x00"}, Remote(TRACE, SPAN)),
        ({"traceparent": f"00-{HEX}-{OWN}-01", "tracestate": "a" * 513}, Remote(TRACE, SPAN)),
        ({"b3": f"{HEX}-{OWN}-1-05e3ac9a4f6e3b90"}, Remote(TRACE, SPAN)),
        ({"b3": f"{HEX}-{OWN}"}, Remote(TRACE, SPAN)),
        ({"b3": f"{OWN}-{OWN}-d"}, Remote(SPAN, SPAN)),
        ({"x-b3-traceid": HEX.upper(), "x-b3-spanid": OWN}, Remote(TRACE, SPAN)),
        ({"uber-trace-id": f"{HEX}:f067aa0ba902b7:0:1"}, Remote(TRACE, SPAN)),
        ({"uber-trace-id": f"{HEX}%3A{OWN}%3A0%3A1"}, Remote(TRACE, SPAN)),
    ],
)
def test_a_caller_is_known(headers: dict[str, str], expected: Remote) -> None:
    assert extract(headers, ALL) == expected


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": ""},
        {"traceparent": f"00-{HEX}-{OWN}"},
        {"traceparent": f"00-{HEX}-{OWN}-01-more"},
        {"traceparent": f"ff-{HEX}-{OWN}-01"},
        {"traceparent": f"00-{HEX.upper()}-{OWN}-01"},
        {"traceparent": f"00-{'0' * 32}-{OWN}-01"},
        {"traceparent": f"00-{HEX}-{'0' * 16}-01"},
        {"traceparent": f"00-{HEX}-{OWN}-0x"},
        {"b3": "0"},
        {"b3": f"{HEX}-{OWN[:-1]}-1"},
        {"b3": f"{'0' * 32}-{OWN}-1"},
        {"x-b3-traceid": HEX},
        {"x-b3-traceid": HEX[:20], "x-b3-spanid": OWN},
        {"uber-trace-id": f"{HEX}:{OWN}:0"},
        {"uber-trace-id": f"{HEX}:{OWN}0:0:1"},
        {"uber-trace-id": f"{HEX}:0:0:1"},
        {"uber-trace-id": f"x{HEX[1:]}:{OWN}:0:1"},
    ],
)
def test_nonsense_is_nobody(headers: dict[str, str]) -> None:
    assert extract(headers, ALL) is None


def test_the_first_carrier_that_tells_of_a_span_wins() -> None:
    headers = {"traceparent": f"00-{HEX}-{OWN}-01", "b3": f"{OWN}-{OWN}-1", "uber-trace-id": "1:2:0:1"}
    assert extract(headers, ("w3c", "b3", "jaeger")) == Remote(TRACE, SPAN)
    assert extract(headers, ("b3", "w3c")) == Remote(SPAN, SPAN)
    assert extract(headers, ("jaeger",)) == Remote(1, 2)
    assert extract({**headers, "traceparent": "nonsense"}, ("w3c", "b3")) == Remote(SPAN, SPAN)
    assert extract(headers, ()) is None


@given(value=st.text(st.characters(codec="latin-1")), name=st.sampled_from(sorted(CARRIED)))
def test_no_header_does_harm(name: str, value: str) -> None:
    found = extract({name: value}, ALL)
    assert found is None or (0 < found.trace_id < 1 << 128 and 0 < found.span_id < 1 << 64)


def test_what_a_call_carries() -> None:
    span = new_span(Trace(TRACE, "a=1"), "x", Kind.CLIENT, 0)
    span.id = SPAN
    assert dict(inject(span, ALL)) == {
        "traceparent": f"00-{HEX}-{OWN}-01",
        "tracestate": "a=1",
        "b3": f"{HEX}-{OWN}-1",
        "uber-trace-id": f"{HEX}:{OWN}:0:1",
    }
    assert dict(inject(span, ())) == {}
    for carrier, state in (("w3c", "a=1"), ("b3", ""), ("jaeger", "")):
        assert extract(dict(inject(span, (carrier,))), (carrier,)) == Remote(TRACE, SPAN, state)
    span.trace.state = ""
    assert set(dict(inject(span, ("w3c",)))) == {"traceparent"}


def test_baggage_is_encoded() -> None:
    assert dict(baggage({"user.id": "a b,c;d=é", "x": "1"})) == {"baggage": "user.id=a%20b%2Cc%3Bd%3D%C3%A9,x=1"}
    assert dict(baggage({})) == {}
