"""Private data in logs: every class finds what it is for and little else, in Python and in RE2, in bounded time.

Everything secret-like is made while the test runs, so that no scanner of repositories stumbles over it.
"""

import ipaddress
import random
import re
import string
import time
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, spec
from watchkeeper.model import Logs, PiiCheck, PiiClass

RNG = random.Random(20270115)  # noqa: S311 - a corpus that is the same every time
EACH = 400
DIGITS, WORD = string.digits, string.ascii_letters + string.digits


@cache
def logs() -> Logs:
    catalog = spec.load().catalog
    assert catalog is not None
    assert catalog.logs is not None
    return catalog.logs


CLASSES = [each.name for each in logs().redaction.classes]


def class_of(name: str) -> PiiClass:
    return next(each for each in logs().redaction.classes if each.name == name)


def some(alphabet: str, least: int, most: int | None = None) -> str:
    return "".join(RNG.choices(alphabet, k=RNG.randint(least, most or least)))


# --- what is looked for ----------------------------------------------------------------------------


def luhn(digits: str) -> bool:
    doubled = [int(d) * 2 if index % 2 else int(d) for index, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def card() -> str:
    head, groups = RNG.choice([("4", (4, 4, 4, 4)), ("52", (4, 4, 4, 4)), ("6011", (4, 4, 4, 4)), ("37", (4, 6, 5))])
    body = head + some(DIGITS, sum(groups) - len(head) - 1)
    number = next(body + last for last in DIGITS if luhn(body + last))
    separator, parts = RNG.choice(" -"), []
    for size in groups:
        parts.append(number[:size])
        number = number[size:]
    return separator.join(parts)


def email() -> str:
    local = some(WORD, 1) + some(WORD + "._%+-", 0, 20) + some(WORD, 1)
    return f"{local}@{some(string.ascii_lowercase, 1, 12)}.{RNG.choice(['com', 'co.uk', 'example', 'io'])}"


def api_key() -> str:
    bodies = (
        "sk-" + "ant-api03-" + some(WORD + "_-", 40, 90),
        "sk-" + RNG.choice(["proj", "svcacct", "admin"]) + "-" + some(WORD + "_-", 40, 120),
        "gh" + RNG.choice("pousr") + "_" + some(WORD, 36),
        "AI" + "za" + some(WORD + "_-", 35),
        "xo" + "x" + RNG.choice("abp") + "-" + some(WORD + "-", 20, 60),
    )
    return RNG.choice(bodies)


def token() -> str:
    web = "ey" + "J" + some(WORD, 20, 40) + ".ey" + "J" + some(WORD, 30, 80) + "." + some(WORD + "_-", 43)
    return RNG.choice([web, "Bearer " + some(WORD + "._~+/-", 20, 60), "Basic " + some(WORD + "+/", 16, 40) + "="])


def aws_key() -> str:
    return RNG.choice(["AK" + "IA", "AS" + "IA"]) + some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)


def private_key() -> str:
    return "-----BEGIN " + RNG.choice(["", "RSA ", "EC ", "OPENSSH "]) + "PRIVATE KEY-----\n" + some(WORD + "+/", 200)


def credentials() -> str:
    scheme = RNG.choice(["postgresql", "redis", "https", "amqp+ssl"])
    return f"{scheme}://{some(WORD, 3, 10)}:{some(WORD + '$!', 8, 20)}@db.internal:5432/x"


def ip() -> str:
    return str(ipaddress.IPv4Address(RNG.getrandbits(32)))


MAKERS: dict[str, Callable[[], str]] = {
    "card": card,
    "email": email,
    "api-key": api_key,
    "token": token,
    "aws-key": aws_key,
    "private-key": private_key,
    "credentials": credentials,
    "ip": ip,
}


def harmless() -> Iterator[str]:
    """What stands in ordinary lines and looks a little like it."""
    for _ in range(EACH):
        yield f"at {1_700_000_000_000_000_000 + RNG.getrandbits(60)} ns, {1_700_000_000_000 + RNG.getrandbits(36)} ms"
        yield f"trace {RNG.getrandbits(128):032x} span {RNG.getrandbits(64):016x} order {some(DIGITS, 16)}"
        yield f"correlation {some('0123456789abcdef', 8)}-4000-8000-{some('0123456789abcdef', 12)}"
        yield f"input_tokens={some(DIGITS, 4)} output_tokens={some(DIGITS, 3)} max_tokens: 4096, the basic plan"
        yield f"GET https://docs.example.com/{some(WORD, 8)}?at=10:30:45 took 12.5ms, version 2.{some(DIGITS, 1)}.7"
        yield f"user@host said @everyone: {some(WORD, 6)}@ and mention @{some(WORD, 8)}"
        yield f"sk-{some(string.ascii_lowercase, 6)} risk-free task-{some(DIGITS, 5)} AKIA AKIAIOS ghp_short xoxo"
        yield f"port 5432 at {some(DIGITS, 4)}-{some(DIGITS, 2)}-{some(DIGITS, 2)} {some(DIGITS, 4)} {some(DIGITS, 4)}"


def checked(each: PiiClass, found: str) -> bool:
    match each.check:
        case PiiCheck.LUHN:
            return luhn(re.sub(r"\D", "", found))
        case PiiCheck.IP:
            try:
                ipaddress.IPv4Address(found)
            except ValueError:
                return False
            return True
        case PiiCheck.NONE:
            return True


def test_every_class_has_its_corpus() -> None:
    assert MAKERS.keys() == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_recall(name: str) -> None:
    each = class_of(name)
    pattern = re.compile(each.pattern)
    lines = [f"before ({secret}) after" for secret in (MAKERS[name]() for _ in range(EACH))]
    hit = [found for line in lines if (found := pattern.search(line)) and checked(each, found[0])]
    assert len(hit) >= 0.99 * EACH


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "ip"])
def test_precision(name: str) -> None:
    """As many lines that must stay as secrets: fewer than one in a hundred hits is a mistake."""
    each = class_of(name)
    pattern = re.compile(each.pattern)
    wrong = [line for line in harmless() if (found := pattern.search(line)) and checked(each, found[0])]
    assert len(wrong) <= 0.01 * EACH, wrong[:5]


def test_only_the_optional_class_is_not_masked() -> None:
    assert {each.name for each in logs().redaction.classes if not each.masked} == {"ip"}
    assert {each.name: each.check for each in logs().redaction.classes if each.check is not PiiCheck.NONE} == {
        "card": PiiCheck.LUHN,
        "ip": PiiCheck.IP,
    }


def test_a_failed_check_saves_what_only_looks_like_it() -> None:
    number = "4111 1111 1111 1112"
    assert re.search(class_of("card").pattern, number)
    assert not checked(class_of("card"), number)
    assert checked(class_of("card"), "4111 1111 1111 1111")


@pytest.mark.parametrize("name", CLASSES)
def test_re2_takes_the_same_pattern(name: str) -> None:
    re2 = pytest.importorskip("re2", reason="google-re2 is not installed: RE2 itself judges no pattern here")
    compiled = re2.compile(class_of(name).pattern)
    for _ in range(50):
        assert compiled.search(f"before ({MAKERS[name]()}) after")


@pytest.mark.parametrize("name", CLASSES)
def test_no_line_takes_long(name: str) -> None:
    """Lines made to be almost a hit everywhere; 32 KiB each."""
    pattern = re.compile(class_of(name).pattern)
    almost = ["a@" * 16384, "a." * 16384, "4111 " * 6553, "eyJ" + "a" * 32765, "1.1.1." * 5461, "a://" + "b:" * 16382]
    began = time.process_time()
    for line in almost:
        pattern.search(line)
    assert time.process_time() - began < 2.0


def masked_line(line: str) -> str:
    """As Promtail does it: what the groups of each expression hold is replaced, wherever they stand."""
    config = yaml.safe_load(_documents()[conventions.PROMTAIL_AGENT_FILE])
    for stage in config["scrape_configs"][0]["pipeline_stages"]:
        if "replace" in stage:
            replacement = stage["replace"]["replace"]
            line = re.sub(
                stage["replace"]["expression"],
                lambda found, new=replacement: found[0].replace(found[1], new) if found[1] else found[0],  # type: ignore[misc]
                line,
            )
    return line


@cache
def _documents() -> dict[str, str]:
    catalog = spec.load().catalog
    assert catalog is not None
    return compile_bench.texts(catalog)


def test_a_line_that_is_sent_as_it_is_holds_nothing_any_more() -> None:
    secret, mail, key = some(WORD, 12), email(), api_key()
    line = (
        f'{{"level":"INFO","message":"mail {mail} key {key}","password":"{secret}","user_id":"user-123",'
        '"input_tokens":17,"http":{"X-Api-Key":"' + secret + '","path":"/x"}}'
    )
    masked = masked_line(line)
    for gone in (secret, mail, key, "user-123"):
        assert gone not in masked
    for kept in ('"level":"INFO"', '"input_tokens":17', '"path":"/x"', "[REDACTED:email]", "[REDACTED:api-key]"):
        assert kept in masked
    assert masked_line(masked) == masked


@pytest.mark.parametrize("field", ["password", "db_password", "X-Api-Key", "api_key", "Authorization", "access_token"])
def test_fields_whose_value_is_masked_by_name(field: str) -> None:
    keys = re.compile(_blocked_keys()[0])
    assert keys.search(field)


@pytest.mark.parametrize("field", ["input_tokens", "max_tokens", "output_tokens", "keyboard", "tokenizer", "path"])
def test_fields_that_only_sound_like_it_stay(field: str) -> None:
    assert not re.search(_blocked_keys()[0], field)


def _blocked_keys() -> list[str]:
    config = yaml.safe_load(_documents()[conventions.COLLECTOR_AGENT_FILE])
    patterns: list[str] = config["processors"]["redaction/secrets"]["blocked_key_patterns"]
    assert len(patterns) == 1
    return patterns


def test_the_collector_masks_what_is_to_be_masked_and_no_more() -> None:
    config = yaml.safe_load(_documents()[conventions.COLLECTOR_AGENT_FILE])
    values = config["processors"]["redaction/secrets"]["blocked_values"]
    assert values == [each.pattern for each in logs().redaction.classes if each.masked]
    assert config["processors"]["redaction/pseudonyms"]["blocked_key_patterns"] == ["^user_id$"]
