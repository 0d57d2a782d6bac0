"""The arithmetic of objectives against numbers worked out by hand, and the laws it must keep."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.budget import BurnAlert, Delays, Objective, decimal, entered, page_time
from watchkeeper.quantity import Duration, Ratio

MONTH = Duration.of(days=30)
CRITICAL_SCRAPE = Duration.of(seconds=5)
WHOLE = Ratio.of(percent=100)


def percent(text: str) -> Ratio:
    return Ratio.of(percent=Decimal(text))


def time(text: str) -> Duration:
    return Duration.parse(text)


def seconds(text: str) -> Duration:
    return Duration(Decimal(text))


THREE_NINES = Objective(percent("99.9"), MONTH)


def alert(share: str, long_window: str, objective: Objective = THREE_NINES) -> BurnAlert:
    return BurnAlert(objective, percent(share), time(long_window), CRITICAL_SCRAPE)


@pytest.mark.parametrize(
    ("target", "window", "budget"),
    [
        ("99.9", "30d", "2592"),  # 30 x 86,400 s x 0.001 = 43.2 min
        ("99.5", "30d", "12960"),  # x 0.005 = 216 min
        ("95", "30d", "129600"),  # x 0.05 = 36 h
        ("99.9", "28d", "2419.2"),  # 28 x 86,400 s x 0.001
    ],
)
def test_a_budget_in_time(target: str, window: str, budget: str) -> None:
    assert Objective(percent(target), time(window)).budget_time == seconds(budget)


@pytest.mark.parametrize(("target", "burn"), [("99.9", 1000), ("99.5", 200), ("95", 20), ("90", 10)])
def test_the_largest_burn_rate_is_one_over_the_error_share(target: str, burn: int) -> None:
    objective = Objective(percent(target), MONTH)
    assert objective.burn_rate(WHOLE) == burn
    assert objective.burn_rate(objective.error_share) == 1


TIERS = [
    # share, long window, factor = share x 720 h / window, threshold = factor x 0.001
    ("1", "15m", "28.8", "0.0288"),  # 0.01 x 720 / 0.25
    ("2", "1h", "14.4", "0.0144"),  # 0.02 x 720 / 1
    ("5", "6h", "6", "0.006"),  # 0.05 x 720 / 6
    ("10", "1d", "3", "0.003"),  # 0.1 x 30
    ("10", "3d", "1", "0.001"),  # 0.1 x 10
    ("6", "1h", "43.2", "0.0432"),  # 0.06 x 720
]


@pytest.mark.parametrize(("share", "window", "factor", "threshold"), TIERS)
def test_a_tier_is_derived(share: str, window: str, factor: str, threshold: str) -> None:
    tier = alert(share, window)
    assert tier.factor == Decimal(factor)
    assert str(tier.factor) == factor  # no noise behind the digits
    assert tier.threshold.value == Decimal(threshold)
    assert tier.reachable


def test_28_days_have_their_own_factors() -> None:
    objective = Objective(percent("99.9"), time("28d"))
    # 672 h: 0.02 x 672 = 13.44; 0.05 x 672 / 6 = 5.6; 0.1 x 28 = 2.8; 0.1 x 28 / 3 = 0.9333...
    factors = [alert(share, window, objective).factor for share, window in (("2", "1h"), ("5", "6h"), ("10", "1d"))]
    assert factors == [Decimal("13.44"), Decimal("5.6"), Decimal("2.8")]
    assert alert("10", "3d", objective).factor == Decimal("0.933333333333")


@pytest.mark.parametrize(
    ("target", "reachable"),
    [
        ("95", False),  # 28.8 x 5 % = 144 %
        ("96.5", False),  # 28.8 x 3.5 % = 100.8 %
        ("97", True),  # 28.8 x 3 % = 86.4 %
    ],
)
def test_a_low_target_cannot_reach_a_high_factor(target: str, reachable: bool) -> None:
    tier = alert("1", "15m", Objective(percent(target), MONTH))
    assert tier.reachable is reachable
    assert (tier.detection_time(WHOLE) is not None) is reachable


def test_a_threshold_of_exactly_everything_is_never_exceeded() -> None:
    tier = alert("2", "1h", Objective(percent("90"), time("50h")))  # 0.02 x 50 = 1x; with 10x of 1h: below
    assert tier.threshold.value == Decimal("0.1")
    full = alert("20", "1h", Objective(percent("90"), time("50h")))  # 0.2 x 50 = 10x; 10 x 10 % = 100 %
    assert full.threshold.value == 1
    assert not full.reachable
    assert full.detection_time(WHOLE) is None


@pytest.mark.parametrize(
    ("share", "window", "failing", "found"),
    [
        ("2", "1h", "100", "51.84"),  # 0.02 x 2592 s / 1
        ("2", "1h", "50", "103.68"),
        ("2", "1h", "10", "518.4"),
        ("1", "15m", "100", "25.92"),
        ("1", "15m", "25", "103.68"),
        ("6", "1h", "100", "155.52"),  # 0.06 x 2592 s
        ("5", "6h", "100", "129.6"),
        ("2", "1h", "1.45", "3575.17241379"),  # just above 1.44 %: almost the whole hour, 51.84 / 0.0145
    ],
)
def test_detection_takes_the_share_of_the_budget_over_the_failing_share(
    share: str, window: str, failing: str, found: str
) -> None:
    assert alert(share, window).detection_time(percent(failing)) == seconds(found)


def test_recorded_rates_trail_the_events_by_half_their_window() -> None:
    """5 % of 2592 s are 129.6 s of total outage; a rate over 300 s ramps up, which costs at most 150 s."""
    tier = BurnAlert(THREE_NINES, percent("5"), time("6h"), CRITICAL_SCRAPE, recorded_over=time("5m"))
    assert tier.detection_time(WHOLE) == seconds("279.6")
    assert tier.detection_time(percent("0.6")) is None


def test_the_newest_of_rates_that_lie_apart_is_so_old_at_worst() -> None:
    """10 % of 2592 s are 259.2 s; 150 s as above, and 300 s until the next one is read."""
    tier = BurnAlert(
        THREE_NINES, percent("10"), time("3d"), CRITICAL_SCRAPE, recorded_over=time("5m"), read_every=time("5m")
    )
    assert tier.detection_time(WHOLE) == seconds("709.2")


@pytest.mark.parametrize(("share", "window", "failing"), [("2", "1h", "1.44"), ("2", "1h", "0"), ("5", "6h", "0.6")])
def test_at_or_below_its_threshold_a_tier_never_fires(share: str, window: str, failing: str) -> None:
    assert alert(share, window).detection_time(percent(failing)) is None


@pytest.mark.parametrize(
    ("rate", "lasts"),
    [
        ("43.2", "16h40m"),  # 720 h / 43.2 = 16.67 h
        ("7.2", "4d4h"),  # 720 h / 7.2 = 100 h
        ("0.6", "50d"),  # longer than the window: never spent within it
        ("1", "30d"),
        ("720", "1h"),
        ("14.4", "2d2h"),  # 720 h / 14.4 = 50 h
        ("1000", "43m12s"),
    ],
)
def test_how_long_a_budget_lasts(rate: str, lasts: str) -> None:
    assert THREE_NINES.time_to_exhaustion(Decimal(rate)) == time(lasts)


def test_how_long_what_is_left_lasts() -> None:
    assert THREE_NINES.time_to_exhaustion(Decimal("43.2"), Decimal("0.25")) == time("4h10m")  # a quarter of 16 h 40 min
    assert THREE_NINES.time_to_exhaustion(Decimal(1), Decimal("-0.5")) == Duration.of()
    assert THREE_NINES.time_to_exhaustion(Decimal(0)) is None


@pytest.mark.parametrize(
    ("long_window", "scrape", "short_window"),
    [
        ("1h", "5s", "5m"),
        ("6h", "5s", "30m"),
        ("3d", "15s", "6h"),
        ("15m", "5s", "1m15s"),
        ("3m", "5s", "20s"),  # a twelfth is 15 s: less than four scrapes of 5 s
        ("15m", "30s", "2m"),  # a twelfth is 75 s: less than four scrapes of 30 s
        ("10m", "5s", "50s"),
        ("7m", "5s", "35s"),
        ("100s", "1s", "9s"),  # 8.33 s, in whole seconds
    ],
)
def test_the_short_window(long_window: str, scrape: str, short_window: str) -> None:
    tier = BurnAlert(THREE_NINES, percent("2"), time(long_window), time(scrape))
    assert tier.short_window == time(short_window)


def test_how_long_a_budget_lasts_at_the_slowest_pace_a_tier_catches() -> None:
    assert alert("2", "1h").exhausted_in == time("50h")  # 720 h / 14.4
    assert alert("6", "1h").exhausted_in == time("16h40m")


NO_WAIT = Duration.of()


@pytest.mark.parametrize(
    ("delays", "worst"),
    [
        (Delays(time("5s"), time("15s"), NO_WAIT, time("10s")), "30"),  # 5 + 15 + 10
        (Delays(time("15s"), time("30s"), NO_WAIT, time("30s")), "75"),
        (Delays(time("15s"), time("30s"), time("2m"), time("30s")), "195"),  # 15 + 30 + 120 + 30
    ],
)
def test_from_the_first_error_to_the_page(delays: Delays, worst: str) -> None:
    assert page_time(NO_WAIT, delays) == seconds(worst)
    assert page_time(seconds("51.84"), delays) == seconds(worst) + seconds("51.84")


@dataclass(frozen=True)
class State:
    name: str
    consumed: Ratio


POLICY = (State("gone", percent("100")), State("watch", percent("50")), State("careful", percent("75")))


@pytest.mark.parametrize(
    ("consumed", "name"),
    [
        ("0.4999", None),
        ("0.5", "watch"),
        ("0.7499", "watch"),
        ("0.75", "careful"),
        ("1", "gone"),
        ("7", "gone"),
        ("-1", None),
    ],
)
def test_the_step_of_the_policy_that_is_entered(consumed: str, name: str | None) -> None:
    step = entered(Decimal(consumed), POLICY)
    assert (step.name if step else None) == name


def test_no_policy_has_no_steps() -> None:
    assert entered(Decimal(1), ()) is None


@pytest.mark.parametrize("target", ["0", "100"])
def test_a_target_of_nothing_or_everything_is_no_objective(target: str) -> None:
    with pytest.raises(ValueError, match=rf"between 0 % and 100 %, both excluded: {target}%"):
        Objective(percent(target), MONTH)


def test_a_window_of_nothing_is_no_objective() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        Objective(percent("99"), Duration.of())


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(Fraction(9, 625), "0.0144"), (Fraction(1, 3), "0.333333333333"), (Fraction(720), "720"), (Fraction(0), "0")],
)
def test_fractions_become_short_decimals(fraction: Fraction, text: str) -> None:
    assert str(decimal(fraction)) == text


targets = st.integers(5001, 99_999).map(lambda n: Ratio(Decimal(n) / 100_000))
windows = st.integers(1, 90).map(lambda days: Duration.of(days=days))
objectives = st.builds(Objective, targets, windows)
shares = st.integers(1, 1000).map(lambda n: Ratio(Decimal(n) / 1000))
minutes = st.integers(1, 100_000).map(lambda count: Duration.of(minutes=count))
alerts = st.builds(BurnAlert, objectives, shares, minutes, st.just(CRITICAL_SCRAPE))


@given(alerts, shares, shares)
def test_the_more_fails_the_sooner_it_is_found(tier: BurnAlert, one: Ratio, other: Ratio) -> None:
    less, more = sorted((one, other))
    early, late = tier.detection_time(more), tier.detection_time(less)
    if late is not None:
        assert early is not None
        assert early <= late
        assert late <= tier.long_window


@given(alerts)
def test_a_total_outage_is_found_exactly_by_the_reachable_tiers(tier: BurnAlert) -> None:
    assert (tier.detection_time(WHOLE) is not None) is tier.reachable
    assert tier.short_window <= max(tier.long_window, CRITICAL_SCRAPE * 4)


@given(objectives, shares, minutes)
def test_at_its_factor_an_alert_s_window_spends_its_share(objective: Objective, share: Ratio, window: Duration) -> None:
    tier = BurnAlert(objective, share, window, CRITICAL_SCRAPE)
    spent_in = tier.exhausted_in * share
    assert abs(spent_in.seconds - window.seconds) <= window.seconds * Decimal("1E-10")
    lasts = objective.time_to_exhaustion(tier.factor, share.value)
    assert lasts is not None
    assert abs(lasts.seconds - window.seconds) <= window.seconds * Decimal("1E-10")
