"""What a span shows outside the process: nothing private, nothing endless. Secrets are put together at run time."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.copilot import Instruments
from watchkeeper.sdk.tracing.policy import Scrubbing
from watchkeeper.sdk.tracing.scrubbing import MASK, Scrubber

KEY = b"k" * 32
SCRUBBER = Scrubber(Instruments.tracing.scrubbing, KEY)
SECRETS = {
    "card": "4111 1111 1111 1111",
    "email": "ada@" + "example.com",
    "anthropic": "sk-ant-" + "a" * 30,
    "aws": "AKIA" + "A2" * 8,
    "bearer": "Bearer " + "x" * 20,
    "credentials": "postgresql://ada:" + "pw@",
}


def shown(name: str, value: str) -> str:
    (found,) = SCRUBBER.attributes({name: value}).values()
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_a_secret_is_masked_wherever_it_stands(kind: str) -> None:
    secret = SECRETS[kind]
    for text in (f"before {secret} after", secret, f"{secret}\nnext line"):
        assert secret not in shown("note", text)
        assert MASK in shown("note", text)
        assert secret not in SCRUBBER.text(text)
        assert secret not in SCRUBBER.name(text)
    assert shown("note", "before and after") == "before and after"


@pytest.mark.parametrize(
    "name", ["password", "http.request.header.Authorization", "api_key", "apikey", "refresh-token"]
)
def test_a_key_masks_its_whole_value(name: str) -> None:
    assert shown(name, "anything") == MASK
    assert SCRUBBER.attributes({name: 42}) == {name: MASK}


def test_numbers_of_tokens_are_no_secret() -> None:
    facts = {"gen_ai.usage.input_tokens": 1000, "cache.hit": True, "share": 0.5}
    assert SCRUBBER.attributes(facts) == facts


def test_people_are_pseudonyms() -> None:
    expected = hmac.new(KEY, b"ada", hashlib.sha256).hexdigest()
    assert shown("user.id", "ada") == expected
    assert shown("user.id", expected) == expected
    assert SCRUBBER.attributes({"user.id": 7})["user.id"] == hmac.new(KEY, b"7", hashlib.sha256).hexdigest()
    assert Scrubber(Instruments.tracing.scrubbing, None).attributes({"user.id": "ada"}) == {"user.id": MASK}
    assert Scrubber(Instruments.tracing.scrubbing, b"x" * 32).pseudonym("ada") != expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://h/a?q=1&api_key=abc&x=2", "http://h/a?q=1&api_key=****&x=2"),
        ("http://h/a?TOKEN=abc", "http://h/a?TOKEN=****"),
        ("http://h/a?code=a;sig=b#f", "http://h/a?code=****;sig=****#f"),
        ("https://ada@h/a", "https://****@h/a"),
        ("http://h/a?keyboard=1", "http://h/a?keyboard=1"),
    ],
)
def test_addresses(address: str, expected: str) -> None:
    assert shown("url.full", address) == expected
    assert shown("note", address) == address


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT a FROM t WHERE b = 'it''s' AND c = 42", "SELECT a FROM t WHERE b = ? AND c = ?"),
        ("SELECT a1 FROM t2 WHERE c = $1 AND d IN (1.5, 2)", "SELECT a1 FROM t2 WHERE c = $1 AND d IN (?, ?)"),
    ],
)
def test_statements_keep_no_literal(statement: str, expected: str) -> None:
    assert shown("db.query.text", statement) == expected


def test_names_hold_no_ids() -> None:
    assert SCRUBBER.name("HTTP GET /chats/42/x/550e8400-e29b-41d4-a716-446655440000") == "HTTP GET /chats/{id}/x/{id}"
    assert SCRUBBER.name("HTTP GET /v2/chats") == "HTTP GET /v2/chats"
    assert len(SCRUBBER.name("x" * 1000)) == 256


def test_lengths() -> None:
    assert len(shown("url.full", "http://h/" + "a" * 1000)) == 256
    assert len(shown("unheard.of", "a" * 5000)) == 1024
    assert shown("note", "first\nsecond") == "first\nsecond"
    (name,) = SCRUBBER.attributes({"n" * 1000: "x"})
    assert len(name) == 256
    # a secret that would be cut in two is found before it is cut
    assert "AKIA" not in shown("url.full", "http://h/" + "a" * 230 + " " + SECRETS["aws"])


def test_without_definitions_everything_is_shown() -> None:
    scrubber = Scrubber(Scrubbing(), None)
    facts = {"password": "p", "user.id": "ada", "url.full": "http://h/?token=x", "db.query.text": "SELECT 1"}
    assert scrubber.attributes(facts) == facts
    assert scrubber.name("GET /42") == "GET /42"


@given(text=st.text(st.characters(codec=None)), name=st.sampled_from(["note", "url.full", "db.query.text", "user.id"]))
def test_any_text_can_be_shown_and_is_stable(name: str, text: str) -> None:
    once = shown(name, text)
    once.encode()
    assert shown(name, once) == once
