"""The net below the SDK's redaction: patterns that two engines read alike, statements that reach their spans."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
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
    found = tree(catalog, conventions.TRACES_GATEWAY_FILE)["processors"]
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


def test_lines_get_their_class_of_retention_here(processors: Node) -> None:
    """Never from the sender; an audit line is kept longer than a fatal one, so it comes last."""
    (group,) = processors["transform/pre"]["log_statements"]
    classes = [statement for statement in group["statements"] if "retention_class" in statement]
    audit = 'log.attributes["event"] != nil and IsMatch(log.attributes["event"], "^audit\\\\.")'
    assert classes == [
        'set(log.attributes["retention_class"], "std")',
        'set(log.attributes["retention_class"], "fatal") where log.severity_number >= SEVERITY_NUMBER_FATAL',
        f'set(log.attributes["retention_class"], "audit") where {audit}',
    ]


def test_audit_lines_go_to_their_own_tenant(catalog: Catalog) -> None:
    gateway = tree(catalog, conventions.TRACES_GATEWAY_FILE)
    tenants = {}
    for name in ("lines", "audit"):
        pipeline = gateway["service"]["pipelines"][f"logs/{name}"]
        (exporter,) = pipeline["exporters"]
        (processor,) = pipeline["processors"]
        (dropped,) = gateway["processors"][processor]["logs"]["log_record"]
        tenants[dropped] = gateway["exporters"][exporter]["headers"]["X-Scope-OrgID"]
    assert tenants == {
        'log.attributes["retention_class"] == "audit"': "production",
        'log.attributes["retention_class"] != "audit"': "audit",
    }


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


def test_what_is_private_in_lines_is_private_in_spans(processors: Node, catalog: Catalog) -> None:
    assert catalog.logs is not None
    masked = [each.pattern.replace("$", "$$") for each in catalog.logs.redaction.classes if each.masked]
    assert processors["redaction/secrets"]["blocked_values"] == masked
    assert len(masked) >= 7


def test_without_definitions_of_lines_only_ids_and_addresses_are_scrubbed(catalog: Catalog) -> None:
    bare = tree(replace(catalog, logs=None), conventions.TRACES_GATEWAY_FILE)["processors"]
    assert bare["redaction/secrets"]["blocked_values"] == []
    statements = [statement for group in groups(bare) for statement in group["statements"]]
    assert not any(statement.startswith("replace_pattern(span.status") for statement in statements)
    assert any('span.attributes["user.id"]' in statement for statement in statements)


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("password", True),
        ("http.request.header.authorization", True),
        ("http.headers.Cookie", True),
        ("x-api-key", True),
        ("refresh_token", True),
        ("gen_ai.usage.input_tokens", False),
        ("max_tokens", False),
        ("session.id", False),
    ],
)
def test_keys(processors: Node, key: str, *, masked: bool) -> None:
    patterns = processors["redaction/secrets"]["blocked_key_patterns"]
    assert any(re.search(pattern.replace("$$", "$"), key) for pattern in patterns) is masked


def expressions(processors: Node) -> list[str]:
    scrubbed = processors["redaction/secrets"]
    written = [*scrubbed["blocked_values"], *scrubbed["blocked_key_patterns"]]
    for group in groups(processors):
        for statement in group["statements"]:
            called = re.match(r'replace_pattern\([^,]*, "(.*)", "[^"]*"\)$', statement)
            written += [unescaped(called[1])] if called else []
    return [ID_IN_PATH, PSEUDONYM, STATEMENT_NUMBER, STATEMENT_TEXT, *(each.replace("$$", "$") for each in written)]


@pytest.mark.engine
def test_re2_reads_every_pattern(promtool: engines.Engine, processors: Node, tmp_path: Path) -> None:
    """Matchers of PromQL are RE2: promtool compiles what a Collector will."""
    every = expressions(processors)
    assert len(every) > 30
    assert _refused(promtool, every, tmp_path) == ""


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
