"""Which traces are kept: every kind at exactly its share, and none under two shares."""

import copy
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trace_bench import Node, Span, Trace, chance, is_share, kept, shares, tree
from watchkeeper import conventions, spec
from watchkeeper.compile import versions
from watchkeeper.compile.sampling import tail_sampling
from watchkeeper.model import Catalog, Sampling, Tracing
from watchkeeper.quantity import Duration, Ratio

HEALTH, CRITICAL, ORDINARY = "/health", "/api/v1/workflows", "/api/v1/conversations"


def request(route: str = ORDINARY, seconds: float = 0.1, status: int = 200, request_class: str = "simple") -> Span:
    facts: dict[str, str | int] = {
        "http.route": route,
        "http.response.status_code": status,
        "watchkeeper.request_class": request_class,
    }
    return Span(facts, end=seconds)


def model_call(seconds: float) -> Span:
    return Span({"gen_ai.request.model": "claude-sonnet-5"}, end=seconds)


KINDS: dict[str, Trace] = {
    "error": [request(), Span(error=True)],
    "5xx": [request(status=503)],
    "5xx before HTTP was settled": [Span({"http.status_code": 500, "http.route": ORDINARY})],
    "slow": [request(seconds=2.1)],
    "slow over two spans": [Span(start=0, end=1), Span(start=1, end=2.5)],
    "slow without any attribute": [Span(end=3)],
    "slow model call": [request(seconds=31, request_class="complex"), model_call(30.5)],
    "slow health check": [request(HEALTH, seconds=2.5)],
    "model call of 20 s": [request(seconds=20, request_class="complex"), model_call(19)],
    "model call of a foreign service": [Span({"http.route": ORDINARY}, end=20), model_call(19)],
    "complex without a model call": [request(seconds=5, request_class="complex")],
    "critical": [request(CRITICAL)],
    "critical with a model call": [request(CRITICAL, seconds=12, request_class="complex"), model_call(11)],
    "health": [request(HEALTH)],
    "health that asks a model": [request("/ready"), model_call(0.5)],
    "ordinary": [request(), Span({"db.system.name": "sqlite"})],
    "nothing known": [Span()],
}
ALWAYS = {kind: 100 for kind in KINDS if kind.startswith(("error", "5xx", "slow"))}
SHARES = {
    # the specification: default 10 %, critical 50 %, LLM 30 %, health 1 %
    "production": {
        "model call of 20 s": 30,
        "model call of a foreign service": 30,
        "complex without a model call": 30,
        "critical": 50,
        "critical with a model call": 50,
        "health": 1,
        "health that asks a model": 1,
        "ordinary": 10,
        "nothing known": 10,
    },
    # half of everything: critical and LLM are there to be sampled more than the rest, never less
    "staging": {
        "model call of 20 s": 50,
        "model call of a foreign service": 50,
        "complex without a model call": 50,
        "critical": 50,
        "critical with a model call": 50,
        "health": 1,
        "health that asks a model": 1,
        "ordinary": 50,
        "nothing known": 50,
    },
    "dev": {
        "model call of 20 s": 100,
        "model call of a foreign service": 100,
        "complex without a model call": 100,
        "critical": 100,
        "critical with a model call": 100,
        "health": 1,
        "health that asks a model": 1,
        "ordinary": 100,
        "nothing known": 100,
    },
}


def policies(catalog: Catalog, environment: str = "production") -> list[Node]:
    gateway = tree(catalog, conventions.TRACES_GATEWAY_FILE, environment)
    found: list[Node] = gateway["processors"]["tail_sampling"]["policies"]
    return found


@pytest.fixture(scope="module")
def tracing(catalog: Catalog) -> Tracing:
    assert catalog.tracing is not None
    return catalog.tracing


@pytest.mark.parametrize("environment", SHARES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_trace_is_kept_at_its_share(catalog: Catalog, environment: str, kind: str) -> None:
    expected = (SHARES[environment] | ALWAYS)[kind]
    assert kept(policies(catalog, environment), KINDS[kind]) == pytest.approx(expected / 100)


@pytest.mark.parametrize("environment", SHARES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_trace_falls_under_two_shares(catalog: Catalog, environment: str, kind: str) -> None:
    assert len(shares(policies(catalog, environment), KINDS[kind])) == 1


def test_a_share_without_its_exceptions_would_be_seen(catalog: Catalog) -> None:
    """What happens without exclusion: the 1 % of health checks is void."""
    mutated = copy.deepcopy(policies(catalog))
    for policy in filter(is_share, mutated):
        parts = policy["and"]["and_sub_policy"]
        parts[:] = [part for part in parts if not part.get("string_attribute", {}).get("invert_match")]
    assert len(shares(mutated, KINDS["health"])) == 2
    assert kept(mutated, KINDS["health"]) == pytest.approx(0.1)


SPANS = st.builds(
    Span,
    attributes=st.fixed_dictionaries(
        {},
        optional={
            "http.route": st.sampled_from([HEALTH, "/ready", CRITICAL, "/api/v1/login", ORDINARY, ""]),
            "watchkeeper.request_class": st.sampled_from(["simple", "complex", "other"]),
            "gen_ai.request.model": st.sampled_from(["gpt", "claude"]),
            "http.response.status_code": st.sampled_from([200, 404, 499, 500, 503, 599, 600]),
        },
    ),
    start=st.sampled_from([0.0, 0.5]),
    end=st.sampled_from([0.6, 1.9, 2.4, 29.0, 29.9, 31.0]),
    error=st.booleans(),
)


def oracle(trace: Trace) -> float:
    """Said once more, from the specification and in the order of its rules."""
    took = max(span.end for span in trace) - min(span.start for span in trace)
    routes = {span.attributes.get("http.route") for span in trace}
    status = {span.attributes.get("http.response.status_code", 0) for span in trace}
    asks_model = any(
        "gen_ai.request.model" in span.attributes or span.attributes.get("watchkeeper.request_class") == "complex"
        for span in trace
    )
    failed = any(span.error for span in trace) or bool(status & {500, 503, 599})
    if failed or took > (30 if asks_model else 2):
        return 1.0
    if routes & {HEALTH, "/ready", "/metrics"}:
        return 0.01
    if routes & {CRITICAL, "/api/v1/login", "/api/v1/incidents"}:
        return 0.5
    return 0.3 if asks_model else 0.1


@cache
def production() -> list[Node]:
    shipped = spec.load().catalog
    assert shipped is not None
    return policies(shipped)


@given(st.lists(SPANS, min_size=1, max_size=4))
@settings(deadline=None)
def test_the_policies_partition_all_traces(trace: list[Span]) -> None:
    assert len(shares(production(), trace)) == 1
    assert kept(production(), trace) == pytest.approx(oracle(trace))


# --- what a project may change --------------------------------------------------------------------


def compiled(catalog: Catalog, sampling: Sampling, environment: str = "production") -> list[Node]:
    sampler = tail_sampling(sampling, catalog.reference, environment, gateways=1, collector=versions.COLLECTORS[1])
    return [policy.tree() for policy in sampler.policies]


def test_a_rule_may_be_more_impatient_than_the_rest(catalog: Catalog, tracing: Tracing) -> None:
    health, critical, llm = tracing.sampling.rules
    quick = replace(critical, slow_after=Duration.of(milliseconds=500))
    found = compiled(catalog, replace(tracing.sampling, rules=(health, quick, llm)))
    assert kept(found, [request(CRITICAL, seconds=0.6)]) == 1
    assert kept(found, [request(CRITICAL, seconds=0.4)]) == pytest.approx(0.5)
    assert kept(found, [request(ORDINARY, seconds=0.6)]) == pytest.approx(0.1)
    # the more patient of two rules that fit counts
    assert kept(found, [request(CRITICAL, seconds=5, request_class="complex")]) == pytest.approx(0.5)


def test_without_rules_there_is_one_share(catalog: Catalog, tracing: Tracing) -> None:
    found = compiled(catalog, replace(tracing.sampling, rules=()))
    assert [policy["name"] for policy in found if is_share(policy)] == ["others-10"]
    assert kept(found, KINDS["health"]) == pytest.approx(0.1)


def test_an_environment_that_is_not_named_has_the_smallest_share(catalog: Catalog) -> None:
    assert kept(policies(catalog, "qa"), KINDS["ordinary"]) == pytest.approx(0.1)


# --- the cap --------------------------------------------------------------------------------------


def caps(found: list[Node]) -> list[int]:
    parts = [part for policy in found if is_share(policy) for part in policy["and"]["and_sub_policy"]]
    return [part["rate_limiting"]["spans_per_second"] for part in parts if part["type"] == "rate_limiting"]


def test_the_cap_holds_over_all_gateways(catalog: Catalog) -> None:
    found = policies(catalog)
    # 1000 traces/s x 12 spans = 12,000 spans/s; over 5 shares and 2 gateways 1,200 each
    assert caps(found) == [1200] * 5
    assert sum(caps(found)) * 2 == 12_000


def test_errors_and_slow_traces_are_never_cut(catalog: Catalog) -> None:
    always = [policy for policy in policies(catalog) if not is_share(policy)]
    assert [policy["name"] for policy in always] == ["errors", "http-5xx", "http-5xx-old", "slow-2s", "slow-30s"]
    assert "rate_limiting" not in str(always)


def test_chance_comes_before_the_cap(catalog: Catalog) -> None:
    for policy in filter(is_share, policies(catalog)):
        kinds = [part["type"] for part in policy["and"]["and_sub_policy"]]
        assert kinds[-2:] == ["probabilistic", "rate_limiting"], policy["name"]


def test_the_wait_and_the_memory(catalog: Catalog) -> None:
    sampler = tree(catalog, conventions.TRACES_GATEWAY_FILE)["processors"]["tail_sampling"]
    assert (sampler["decision_wait"], sampler["decision_wait_after_root_received"]) == ("120s", "10s")
    assert sampler["num_traces"] == 50_000
    # 50,000,000 requests / 2,592,000 s = 19.29 traces/s
    assert sampler["expected_new_traces_per_sec"] == 20
    assert Fraction(50_000_000, 2_592_000) * 120 * Fraction(3, 2) < sampler["num_traces"]


def test_an_older_collector_waits_the_whole_time(catalog: Catalog) -> None:
    old = replace(versions.DEFAULT, collector=versions.collector("0.140.1"))
    sampler = tree(catalog, conventions.TRACES_GATEWAY_FILE, versions=old)["processors"]["tail_sampling"]
    assert sampler["decision_wait"] == "120s"
    assert not {"decision_wait_after_root_received", "maximum_trace_size_bytes"} & sampler.keys()


def test_the_evaluator_refuses_what_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="composite"):
        chance({"name": "x", "type": "composite", "composite": {}}, [Span()])


def test_a_share_of_a_rule_is_never_below_an_environment_it_exceeds(tracing: Tracing) -> None:
    health, critical, _ = tracing.sampling.rules
    assert tracing.sampling.share_of(critical, "production") == Ratio.of(percent=50)
    assert tracing.sampling.share_of(critical, "development") == Ratio.of(percent=100)
    assert tracing.sampling.share_of(health, "development") == Ratio.of(percent=1)
