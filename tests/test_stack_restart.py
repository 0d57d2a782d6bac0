"""Waits before a restart: grow, are jittered, are bounded, end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.stack import restart
from watchkeeper.stack.restart import Policy

PLAIN = Policy(first_seconds=0.2, factor=2, longest_seconds=8, jitter=0.2, crashes=8, crashes_before_ready=3)


def test_waits_double_up_to_the_longest() -> None:
    # chance 0.5 is the middle of the jitter: 0.2, then twice as long each time
    waits = [restart.delay(PLAIN, crashes, ever_ready=True, chance=0.5) for crashes in range(1, 8)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8.0]


def test_the_eighth_crash_is_the_last() -> None:
    assert restart.delay(PLAIN, 8, ever_ready=True, chance=0.5) is None
    assert restart.delay(PLAIN, 9, ever_ready=True, chance=0.5) is None


def test_what_never_worked_is_given_up_sooner() -> None:
    waits = [restart.delay(PLAIN, crashes, ever_ready=False, chance=0.5) for crashes in (1, 2, 3)]
    assert waits == [0.2, 0.4, None]


def test_jitter_is_a_fifth_to_both_sides() -> None:
    assert restart.delay(PLAIN, 1, ever_ready=True, chance=0.0) == pytest.approx(0.16)
    assert restart.delay(PLAIN, 1, ever_ready=True, chance=1.0) == pytest.approx(0.24)


@given(crashes=st.integers(1, 7), chance=st.floats(0, 1, exclude_max=True))
def test_a_first_restart_is_quick_and_no_wait_is_beyond_the_jittered_longest(crashes: int, chance: float) -> None:
    wait = restart.delay(Policy(), crashes, ever_ready=True, chance=chance)
    assert wait is not None
    assert 0.16 <= wait <= 8 * 1.2
    first = restart.delay(Policy(), 1, ever_ready=True, chance=chance)
    assert first is not None
    assert first < 0.25


def test_only_crashes_within_the_window_count() -> None:
    policy = Policy(window_seconds=90)
    assert restart.recent(policy, (0.0, 10.0, 95.0), now=100.0) == (95.0,)
    assert restart.recent(policy, (0.0, 10.0, 95.0), now=99.9) == (10.0, 95.0)
    assert restart.recent(policy, (), now=100.0) == ()
