"""Names of spans, shares of environments, who may have baggage, and how much memory undecided traces need."""

import re
from decimal import Decimal

import pytest

from watchkeeper import model
from watchkeeper.model import Baggage, Catalog, SpanName, SpanNameError, Tracing
from watchkeeper.quantity import Duration, Ratio


@pytest.fixture(scope="module")
def tracing(catalog: Catalog) -> Tracing:
    assert catalog.tracing is not None
    return catalog.tracing


def named(tracing: Tracing, kind: str) -> SpanName:
    return next(name for name in tracing.names if name.kind == kind)


# the specification's seven kinds with its own examples
NAMES = {
    "http-server": ({"method": "POST", "route": "/api/v1/conversations"}, "HTTP POST /api/v1/conversations"),
    "http-client": ({"method": "POST", "host": "api.anthropic.com"}, "HTTP POST api.anthropic.com"),
    "grpc": (
        {"package": "llm.copilot.v1", "service": "IntentService", "method": "ClassifyIntent"},
        "llm.copilot.v1.IntentService/ClassifyIntent",
    ),
    "database": ({"operation": "SELECT", "table": "conversations"}, "DB SELECT conversations"),
    "cache": ({"operation": "GET", "key_prefix": "user_context"}, "CACHE GET user_context"),
    "llm": ({"provider": "anthropic", "model": "claude-3-sonnet"}, "LLM anthropic claude-3-sonnet"),
    "module": ({"module": "test-bench", "operation": "generate_tests"}, "MODULE test-bench generate_tests"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_is_made_as_the_specification_says(tracing: Tracing, kind: str) -> None:
    values, expected = NAMES[kind]
    name = named(tracing, kind)
    assert name.render(values) == expected
    assert name.example == expected
    assert name.fits(expected)
    assert set(name.fields) == set(values)


def test_there_are_these_kinds_and_no_others(tracing: Tracing) -> None:
    assert {name.kind for name in tracing.names} == set(NAMES)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("database", "DB SELECT"),
        ("database", "db SELECT conversations"),
        ("database", "DB SELECT conversations users"),
        ("llm", "LLM anthropic claude 3"),
        ("grpc", "IntentService/ClassifyIntent"),
        ("http-server", "HTTP GET /users/4711"),
        ("http-server", "HTTP GET /users/550e8400-e29b-41d4-a716-446655440000/orders"),
        ("http-server", "xHTTP GET /users"),
    ],
)
def test_another_name_does_not_fit(tracing: Tracing, kind: str, name: str) -> None:
    assert not named(tracing, kind).fits(name)


@pytest.mark.parametrize("name", ["HTTP GET /api/v1/users", "HTTP GET /2fa", "HTTP GET /users/{id}", "HTTP GET /"])
def test_what_only_looks_like_an_id_fits(tracing: Tracing, name: str) -> None:
    assert named(tracing, "http-server").fits(name)


def test_a_model_with_a_date_in_its_name_is_no_id(tracing: Tracing) -> None:
    assert named(tracing, "llm").fits("LLM anthropic claude-3-5-sonnet-20241022")


@pytest.mark.parametrize("values", [{"operation": "SELECT"}, {"operation": "SELECT", "table": "two words"}, {}])
def test_a_name_without_its_words_is_not_made(tracing: Tracing, values: dict[str, str]) -> None:
    with pytest.raises(SpanNameError, match=re.escape("DB {operation} {table}")):
        named(tracing, "database").render(values)


def test_a_pattern_means_itself() -> None:
    name = SpanName("x", "A.B+ {c}", "A.B+ d")
    assert name.fits("A.B+ d")
    assert not name.fits("AxBB d")


@pytest.mark.parametrize(
    ("host", "goes"),
    [
        ("observatory", True),
        ("OBSERVATORY", True),
        ("search.copilot.svc.cluster.local", True),
        ("svc.cluster.local", False),
        ("observatory.example.com", False),
        ("evil-observatory", False),
        ("api.anthropic.com", False),
        ("svc.cluster.local.example.com", False),
    ],
)
def test_baggage_stays_inside(tracing: Tracing, host: str, goes: bool) -> None:
    assert tracing.propagation.baggage.goes_to(host) is goes


def test_without_hosts_it_goes_nowhere() -> None:
    assert not Baggage(("user.id",), ()).goes_to("localhost")


def test_shares_of_the_specification(tracing: Tracing) -> None:
    sampling = tracing.sampling
    shares = {name: sampling.share(name) for name in ("development", "staging", "production", "unheard-of")}
    assert shares == {
        "development": Ratio.of(percent=100),
        "staging": Ratio.of(percent=50),
        "production": Ratio.of(percent=10),
        "unheard-of": Ratio.of(percent=10),
    }


def test_memory_for_undecided_traces(tracing: Tracing) -> None:
    # 20/s x 120 s x 1.5 = 3600; and back: 50,000 / 120 / 1.5 = 277.8/s
    assert tracing.sampling.memory_needed(Decimal(20)) == 3600
    assert tracing.sampling.memory_needed(Decimal("20.001")) == 3601
    assert round(tracing.sampling.holds, 1) == Decimal("277.8")


def test_requests_of_a_month_in_a_second(catalog: Catalog) -> None:
    # 50,000,000 / (30 x 86,400 s) = 19.29
    assert round(catalog.reference.requests_per_second, 2) == Decimal("19.29")


def test_jaeger_looks_a_day_further_than_traces_are_kept(tracing: Tracing) -> None:
    assert tracing.retention == Duration.of(days=7)
    assert tracing.searchable == Duration.of(hours=192)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT a FROM t2 WHERE id = 42", "SELECT a FROM t2 WHERE id = ?"),
        ("WHERE n = 'O''Brien' AND m = ''", "WHERE n = ? AND m = ?"),
        ("IN (1, 2,3.5)", "IN (?, ?,?)"),
        ("WHERE id = $1 LIMIT 10", "WHERE id = $1 LIMIT ?"),
        ("7", "?"),
        ("SELECT v1.x2 FROM v1", "SELECT v1.x2 FROM v1"),
    ],
)
def test_statements_lose_their_literals(statement: str, expected: str) -> None:
    without_texts = re.sub(model.STATEMENT_TEXT, "?", statement)
    assert re.sub(model.STATEMENT_NUMBER, r"\1?", without_texts) == expected


def test_a_pseudonym_is_64_hexadecimal_digits() -> None:
    assert re.search(model.PSEUDONYM, "0123456789abcdef" * 4)
    for other in ("alice", "0123456789abcdef" * 3, "0123456789ABCDEF" * 4, "x" + "0123456789abcdef" * 4):
        assert not re.search(model.PSEUDONYM, other)
