"""Good, bad, excluded: a table of what each request is, and properties that hold for all of them."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.sdk.outcome import Ending, Facts, Outcome, availability, gave_up, latency

GOOD, BAD, EXCLUDED = Outcome.GOOD, Outcome.BAD, Outcome.EXCLUDED
ANSWER = Facts(Ending.COMPLETE, 200, 0.3)
STREAM = Facts(Ending.COMPLETE, 200, 20.0, streamed=True, first_useful=0.4)

TABLE = [
    # facts, availability, latency within one second
    ("answered", ANSWER, GOOD, GOOD),
    ("answered at the last moment", replace(ANSWER, elapsed=1.0), GOOD, GOOD),
    ("answered too late", replace(ANSWER, elapsed=1.01), GOOD, BAD),
    ("redirected", replace(ANSWER, status=307), GOOD, GOOD),
    ("the caller's mistake", replace(ANSWER, status=404), EXCLUDED, EXCLUDED),
    ("too many requests, decided here", replace(ANSWER, status=429), EXCLUDED, EXCLUDED),
    ("too many requests, passed on", replace(ANSWER, status=429, failed=True), BAD, EXCLUDED),
    ("server error", replace(ANSWER, status=500), BAD, EXCLUDED),
    ("gateway timeout", replace(ANSWER, status=504, elapsed=60.0), BAD, EXCLUDED),
    ("a slow failure counts once", replace(ANSWER, status=503, elapsed=9.0), BAD, EXCLUDED),
    ("a dependency failed behind a 200", replace(ANSWER, failed=True), BAD, EXCLUDED),
    ("maintenance", replace(ANSWER, status=503, excluded=True), EXCLUDED, EXCLUDED),
    ("maintenance with a failure", replace(ANSWER, failed=True, excluded=True), EXCLUDED, EXCLUDED),
    ("raised before anything was said", Facts(Ending.RAISED, None, 0.1), BAD, EXCLUDED),
    ("raised after the status", replace(ANSWER, ending=Ending.RAISED), BAD, EXCLUDED),
    ("returned without an answer", Facts(Ending.CUT, None, 0.1), BAD, EXCLUDED),
    ("half an answer", replace(ANSWER, ending=Ending.CUT), BAD, EXCLUDED),
    ("left at once", Facts(Ending.LEFT, None, 0.2), EXCLUDED, EXCLUDED),
    ("left what hung", Facts(Ending.LEFT, None, 1.5), BAD, BAD),
    ("left while reading", Facts(Ending.LEFT, 200, 5.0), EXCLUDED, EXCLUDED),
    ("streamed", STREAM, GOOD, GOOD),
    ("first token too late", replace(STREAM, first_useful=1.2), GOOD, BAD),
    ("an empty stream", replace(STREAM, first_useful=None), BAD, EXCLUDED),
    ("a stream that died", replace(STREAM, ending=Ending.CUT), BAD, EXCLUDED),
    ("a stream that raised", replace(STREAM, ending=Ending.RAISED), BAD, EXCLUDED),
    ("a stream that stalled", replace(STREAM, stalled=True), BAD, EXCLUDED),
    ("a stream that said error", replace(STREAM, failed=True), BAD, EXCLUDED),
    ("a refused stream", replace(STREAM, status=403, first_useful=None), EXCLUDED, EXCLUDED),
    ("left a good stream", replace(STREAM, ending=Ending.LEFT), EXCLUDED, EXCLUDED),
    ("left a stream early", replace(STREAM, ending=Ending.LEFT, first_useful=None, elapsed=0.9), EXCLUDED, EXCLUDED),
    ("left a stream that said nothing", replace(STREAM, ending=Ending.LEFT, first_useful=None, elapsed=2.0), BAD, BAD),
    ("left a stream that stalled", replace(STREAM, ending=Ending.LEFT, stalled=True), BAD, EXCLUDED),
]


@pytest.mark.parametrize(("facts", "available", "quick"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(facts: Facts, available: Outcome, quick: Outcome) -> None:
    assert availability(facts, 1.0) is available
    assert latency(facts, 1.0) is quick


def test_without_a_threshold_nobody_gave_up() -> None:
    left = Facts(Ending.LEFT, None, 3600.0)
    assert not gave_up(left, None)
    assert availability(left, None) is EXCLUDED


facts = st.builds(
    Facts,
    ending=st.sampled_from(Ending),
    status=st.none() | st.integers(100, 599),
    elapsed=st.floats(0, 100),
    streamed=st.booleans(),
    first_useful=st.none() | st.floats(0, 100),
    stalled=st.booleans(),
    failed=st.booleans(),
    excluded=st.booleans(),
)


@given(facts, st.floats(0.01, 60))
def test_a_failure_is_never_counted_twice_unless_somebody_gave_up_waiting(request: Facts, threshold: float) -> None:
    both = availability(request, threshold), latency(request, threshold)
    assert (both == (BAD, BAD)) == (both[0] is BAD and gave_up(request, threshold))
    if both[1] is GOOD:
        assert both[0] is GOOD
    if both[0] is EXCLUDED:
        assert both[1] is EXCLUDED


@given(facts, st.floats(0.01, 60))
def test_what_the_service_says_wins(request: Facts, threshold: float) -> None:
    assert availability(replace(request, excluded=True), threshold) is EXCLUDED
    assert availability(replace(request, excluded=False, failed=True), threshold) is BAD


def test_no_server_error_is_ever_good_and_no_client_error_bad_by_itself() -> None:
    for ending, status, streamed in product(Ending, range(400, 600), (True, False)):
        judged = availability(Facts(ending, status, 0.1, streamed=streamed), 1.0)
        assert judged is not GOOD
        if status < 500 and ending is Ending.COMPLETE:
            assert judged is EXCLUDED
