"""Which traces are kept: the same as a gateway keeps by the policies compiled from the same definitions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trace_bench
from trace_bench import kept, tree
from watchkeeper import conventions
from watchkeeper.copilot import Instruments
from watchkeeper.model import Catalog
from watchkeeper.sdk.tracing.policy import Kept, Rule, TracePolicy
from watchkeeper.sdk.tracing.sampling import Sampler, state_of, threshold
from watchkeeper.sdk.tracing.spans import Kind, Span, Trace, new_span

RANDOM = (1 << 56) - 1


def ended(trace: Trace, seconds: float = 0.1, **facts: str | int) -> Span:
    span = new_span(trace, "x", Kind.INTERNAL, 0)
    span.ended = span.started + round(seconds * 1e9)
    for name, value in facts.items():
        span.put(name.replace("__", "."), value)
    return span


def keeps(trace: Trace, root: Span, policy: TracePolicy = Instruments.tracing, environment: str = "") -> bool:
    return Sampler(policy, environment, clock=lambda: 0.0).keeps(trace, root)


def test_thresholds_are_those_of_the_convention() -> None:
    # (1 - 0.1) * 2^56 = 0xe6666666666666.66; (1 - 0.5) * 2^56 = 0x80000000000000
    assert (threshold(0.1), threshold(0.5), threshold(1.0)) == (0xE6666666666666, 0x80000000000000, 0)
    assert state_of(0.1, "") == "ot=th:e6666666666666"
    assert state_of(0.5, "a=1,ot=th:0, b=2") == "ot=th:8,a=1, b=2"
    assert state_of(1.0, "") == "ot=th:0"


@pytest.mark.parametrize("share", [0.1, 0.3, 0.01])
def test_the_low_bits_of_the_trace_id_decide(share: float) -> None:
    policy = TracePolicy(others=Kept((("production", share),)))
    for high in (0, 0xABC << 56):
        for low, expected in ((threshold(share), True), (threshold(share) - 1, False), (RANDOM, True), (0, False)):
            trace = Trace(high | low, "a=1")
            assert keeps(trace, ended(trace), policy, "production") is expected
            assert trace.state == (state_of(share, "a=1") if expected else "a=1")


def test_an_environment_that_is_not_named_has_the_smallest_share() -> None:
    policy = TracePolicy(others=Kept((("a", 0.5), ("b", 0.1))))
    between = Trace(threshold(0.3))
    assert not keeps(between, ended(between), policy, "c")
    assert keeps(between, ended(between), policy, "a")
    assert keeps(Trace(0), ended(between), TracePolicy())


def test_errors_and_slow_traces_are_kept_whatever_the_share() -> None:
    policy = TracePolicy(others=Kept((("", 0.0),), slow_seconds=2.0), cap_per_second=0)
    trace = Trace(0)
    assert not keeps(trace, ended(trace, 2.0), policy)
    assert keeps(trace, ended(trace, 2.001), policy)
    assert keeps(trace, ended(trace, http__response__status_code=500), policy)
    assert not keeps(trace, ended(trace, http__response__status_code=499), policy)
    assert keeps(Trace(0, erroneous=True), ended(trace), policy)
    assert trace.state == ""


def test_the_most_patient_rule_says_what_is_slow_and_the_first_the_share() -> None:
    half, none = Kept((("", 0.5),), slow_seconds=1.0), Kept((("", 0.0),), slow_seconds=30.0)
    policy = TracePolicy(rules=(Rule("half", half, routes=("/a",)), Rule("none", none, request_classes=("complex",))))
    trace = Trace(RANDOM, request_class="complex")
    assert keeps(trace, ended(trace, 20.0, http__route="/a"), policy)  # by the share of `half`
    trace.id = 0
    assert not keeps(trace, ended(trace, 20.0, http__route="/a"), policy)
    assert keeps(trace, ended(trace, 30.1, http__route="/a"), policy)
    trace.request_class = "simple"
    assert keeps(trace, ended(trace, 1.1, http__route="/a"), policy)


def test_any_span_makes_a_trace_one_of_a_rule() -> None:
    policy = TracePolicy(rules=(Rule("llm", Kept((("", 0.0),)), attributes=("gen_ai.request.model",)),))
    trace = Trace(RANDOM)
    assert keeps(trace, ended(trace), policy)
    trace.waiting.append(ended(trace, gen_ai__request__model="m"))
    assert not keeps(trace, ended(trace), policy)


def test_the_cap_fills_with_time() -> None:
    now = [0.0]
    sampler = Sampler(TracePolicy(cap_per_second=2), "", clock=lambda: now[0])
    root = ended(Trace(RANDOM))

    def asked(count: int) -> int:
        return sum(sampler.keeps(Trace(RANDOM), root) for _ in range(count))

    assert asked(5) == 2
    now[0] = 0.5  # half a second, one trace
    assert asked(5) == 1
    now[0] = 100.0  # no more than a second's worth is saved
    assert asked(5) == 2
    assert sampler.keeps(Trace(0, erroneous=True), root)


REQUEST = st.fixed_dictionaries(
    {
        "http.route": st.sampled_from(["/health", "/api/v1/workflows", "/api/v1/conversations"]),
        "http.response.status_code": st.sampled_from([200, 404, 500, 503]),
        "watchkeeper.request_class": st.sampled_from(["simple", "complex"]),
    }
)


@pytest.fixture(scope="session")
def policies(catalog: Catalog) -> dict[str, list[trace_bench.Node]]:
    names = ("production", "staging", "development", "elsewhere")
    gateways = {name: tree(catalog, conventions.TRACES_GATEWAY_FILE, name) for name in names}
    return {name: gateway["processors"]["tail_sampling"]["policies"] for name, gateway in gateways.items()}


@given(
    facts=REQUEST,
    how=st.tuples(st.sampled_from([0.1, 1.9, 2.1, 29.0, 31.0]), st.booleans(), st.booleans()),
    environment=st.sampled_from(["production", "staging", "development", "elsewhere"]),
)
def test_the_gateway_keeps_the_same(
    policies: dict[str, list[trace_bench.Node]],
    facts: dict[str, str | int],
    how: tuple[float, bool, bool],
    environment: str,
) -> None:
    seconds, model, error = how
    called: dict[str, str | int] = {"gen_ai.request.model": "m"} if model else {}
    share = kept(policies[environment], [trace_bench.Span(facts, end=seconds), trace_bench.Span(called, error=error)])

    def decided(trace_id: int) -> bool:
        request_class = str(facts["watchkeeper.request_class"])
        trace = Trace(trace_id, request_class=request_class, erroneous=error)
        root, step = ended(trace, seconds), ended(trace)
        root.attributes, step.attributes = dict(facts), dict(called)
        trace.waiting.append(step)
        return keeps(trace, root, environment=environment)

    assert decided(threshold(share))
    assert math.isclose(share, 1.0) or not decided(threshold(share) - 1)
