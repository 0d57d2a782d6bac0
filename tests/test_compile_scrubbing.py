"""The net below the SDK's redaction: patterns that two engines read alike, statements that reach their spans."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from trace_bench import Node, tree
from watchkeeper import conventions, engines
from watchkeeper.model import ID_IN_PATH, PSEUDONYM, STATEMENT_NUMBER, STATEMENT_TEXT, Catalog, Tracing


@pytest.fixture(scope="module")
def tracing(catalog: Catalog) -> Tracing:
    assert catalog.tracing is not None
    return catalog.tracing


@pytest.fixture(scope="module")
def processors(catalog: Catalog) -> Node:
    found = tree(catalog, conventions.COLLECTOR_GATEWAY_FILE)["processors"]
    assert isinstance(found, dict)
    return found


def groups(processors: Node) -> Iterator[Node]:
    for processor in ("transform/pre", "transform/limits"):
        for signal in ("trace_statements", "log_statements"):
            yield from processors[processor].get(signal, [])


def test_each_group_speaks_of_its_own_context_only(processors: Node) -> None:
    """In one list with statements for events, those for spans would run once an event: never, without events."""
    seen = set()
    for group in groups(processors):
        for statement in group["statements"]:
            outside_texts = re.sub(r'"(?:[^"\\]|\\.)*"', '""', statement)
            paths = set(re.findall(r"\b(span|spanevent|log|resource|scope)\.", outside_texts))
            assert paths == {group["context"]}, statement
        seen.add(group["context"])
    assert seen == {"span", "spanevent", "log"}


def test_every_place_the_redaction_does_not_see_is_replaced(processors: Node) -> None:
    statements = [statement for group in groups(processors) for statement in group["statements"]]
    for place in ("span.name", "span.status.message", "spanevent.name"):
        (found,) = [each for each in statements if each.startswith(f"replace_pattern({place}, ") and "sk-ant-" in each]
        assert found.endswith('"****")')
    assert "flatten(span.attributes)" in statements
    assert "flatten(log.attributes)" in statements


def test_raw_ids_are_masked_and_pseudonyms_pass(processors: Node, tracing: Tracing) -> None:
    statements = {statement for group in groups(processors) for statement in group["statements"]}
    for name in tracing.pseudonyms.attributes:
        value = f'span.attributes["{name}"]'
        assert f'set({value}, "****") where {value} != nil and not IsMatch({value}, "^[0-9a-f]{{64}}$$")' in statements


def test_every_limit_is_enforced_where_its_attribute_stands(processors: Node, tracing: Tracing) -> None:
    limits = {
        group["context"]: "\n".join(group["statements"]) for group in processors["transform/limits"]["trace_statements"]
    }
    for attribute in tracing.attributes:
        context = "spanevent" if attribute.name.startswith("exception.") else "span"
        value = f'{context}.attributes["{attribute.name}"]'
        cut = f"set({value}, Substring({value}, 0, {attribute.limit})) where IsString({value})"
        assert (cut in limits[context]) is (attribute.limit is not None)
    # the specification: http.url at most 256 characters
    assert 'Len(span.attributes["url.full"]) > 256' in limits["span"]


def test_lines_keep_a_class_of_retention(processors: Node) -> None:
    (group,) = processors["transform/pre"]["log_statements"]
    kept = 'log.attributes["retention_class"]'
    assert f'set({kept}, "std") where {kept} == nil' in group["statements"]
    # an audit line is kept longer than a fatal one
    fatal = f'set({kept}, "fatal") where log.severity_number >= SEVERITY_NUMBER_FATAL and {kept} != "audit"'
    assert group["statements"].index(fatal) > group["statements"].index(f'set({kept}, "std") where {kept} == nil')


def unescaped(text: str) -> str:
    """The replacement's pattern as the regular expression engine gets it."""
    return re.sub(r"\\(.)", r"\1", text.replace("$$", "$"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h.example/a?token=abc&q=1", "https://h.example/a?token=****&q=1"),
        ("https://h.example/a?q=1&API_KEY=abc#part", "https://h.example/a?q=1&API_KEY=****#part"),
        ("token=abc;x=1", "token=****;x=1"),
        ("https://h.example/a?max_tokens=5&monkey=1", "https://h.example/a?max_tokens=5&monkey=1"),
        ("https://bob:secret@h.example/a", "https://****@h.example/a"),
        ("https://h.example/a@b?q=x@y", "https://h.example/a@b?q=x@y"),
    ],
)
def test_addresses_lose_parameters_and_passwords(processors: Node, url: str, expected: str) -> None:
    statements = [s for group in groups(processors) for s in group["statements"]]
    for statement in statements:
        call = re.fullmatch(r'replace_pattern\(span\.attributes\["url\.full"\], "(.*)", "(.*)"\)', statement)
        if call:
            by = call[2].replace("$$", "$").replace("${1}", r"\g<1>")
            url = re.sub(unescaped(call[1]), by, url)
    assert url == expected


# --- patterns -------------------------------------------------------------------------------------

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# made up here, so that no scanner takes this file for a leak
FOUND = {
    "private-key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "anthropic-key": "sk-" + "ant-api03-" + _LETTERS,
    "openai-key": "sk-" + "proj-" + _LETTERS,
    "aws-key": "AKIA" + "Z7" * 8,
    "github-token": "gh" + "p_" + "a1" * 18,
    "google-key": "AI" + "za" + "b-" * 17 + "c",
    "slack-token": "xox" + "b-" + "123456789012",
    "jwt": "ey" + "J" + "a" * 20 + ".ey" + "J" + "b" * 20 + "." + "c" * 20,
    "credentials": "Authorization: Bearer " + "x" * 20,
    "email": "jane.doe+tag@mail.example.com",
    "card": "4111 1111 1111 1111",
}
INNOCENT = (
    "HTTP POST /api/v1/conversations",
    "max_tokens=4096 input_tokens=120",
    "2025-11-25T10:30:45.123Z",
    "4111111111111111",  # digits alone: an id as often as a card
    "1795452822825170668",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "550e8400-e29b-41d4-a716-446655440000",
    "claude-3-5-sonnet-20241022",
    "0123456789abcdef" * 4,
    "user@localhost",
    "basic auth failed",
    "sk-ant-short",
    "AKIAabcdefghijklmnop",
)


def test_each_kind_of_secret_has_an_example(tracing: Tracing) -> None:
    assert {secret.name for secret in tracing.redaction.values} == FOUND.keys()


@pytest.mark.parametrize("kind", FOUND)
def test_a_secret_is_found_by_its_own_pattern(tracing: Tracing, kind: str) -> None:
    (secret,) = [each for each in tracing.redaction.values if each.name == kind]
    assert re.search(secret.pattern, f"before {FOUND[kind]} after")
    assert not re.search(secret.pattern, FOUND[kind][: len(FOUND[kind]) // 2])


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_is_left_alone(tracing: Tracing, text: str) -> None:
    assert [secret.name for secret in tracing.redaction.values if re.search(secret.pattern, text)] == []


@pytest.mark.parametrize("text", ["3782 822463 10005", "5500-0000-0000-0004", "2221 0000 0000 0009"])
def test_cards_of_other_networks(tracing: Tracing, text: str) -> None:
    (card,) = [each for each in tracing.redaction.values if each.name == "card"]
    assert re.search(card.pattern, text)


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("password", True),
        ("db.passwd", True),
        ("http.request.header.authorization", True),
        ("http.headers.Cookie", True),
        ("x-api-key", True),
        ("refresh_token", True),
        ("session.token", True),
        ("gen_ai.usage.input_tokens", False),
        ("max_tokens", False),
        ("token_count", False),
        ("session.id", False),
        ("passenger", False),
    ],
)
def test_keys(tracing: Tracing, key: str, *, masked: bool) -> None:
    assert any(re.search(pattern, key) for pattern in tracing.redaction.keys) is masked


def expressions(tracing: Tracing) -> list[str]:
    own = [ID_IN_PATH, PSEUDONYM, STATEMENT_NUMBER, STATEMENT_TEXT]
    secrets = [secret.pattern for secret in tracing.redaction.values]
    together = "|".join(f"(?:{pattern})" for pattern in secrets)
    return [*own, *secrets, *tracing.redaction.keys, together]


@pytest.mark.engine
def test_re2_reads_every_pattern(promtool: engines.Engine, tracing: Tracing, tmp_path: Path) -> None:
    """Matchers of PromQL are RE2: promtool compiles what a Collector will."""
    assert _refused(promtool, expressions(tracing), tmp_path) == ""


@pytest.mark.engine
def test_re2_would_refuse_the_others(promtool: engines.Engine, tmp_path: Path) -> None:
    for pattern in ("(?<!x)a", "a{2000}", r"(a)\1", "(?=a)"):
        assert "error parsing regexp" in _refused(promtool, [pattern], tmp_path), pattern


def _refused(promtool: engines.Engine, patterns: list[str], folder: Path) -> str:
    rules = []
    for number, pattern in enumerate(patterns):
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
        rules.append({"record": f"pattern:{number}", "expr": f'up{{x=~"{quoted}"}}'})
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(
        [*promtool.command, "check", "rules", str(file)], capture_output=True, text=True, check=False, timeout=30
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
