"""What everybody who draws a panel must agree on: the expression asked, and which value means what."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from watchkeeper import promql, spec
from watchkeeper.compile import panels
from watchkeeper.compile.panels import Limit, Zone
from watchkeeper.model import Catalog, Colour, Comparison, OfAlert, OfSlo, Panel, Query, Reading, Service, Severity
from watchkeeper.model import PanelKind as Kind
from watchkeeper.quantity import Duration

PACK = Path(__file__).parent / "golden" / "pack"
ABOVE, BELOW = Comparison.ABOVE, Comparison.BELOW
OK, WARN, BAD = Colour.OK, Colour.WARN, Colour.BAD


@pytest.fixture(scope="module")
def small() -> Catalog:
    catalog = spec.load(pack=PACK).catalog
    assert catalog is not None
    return catalog


@pytest.fixture(scope="module")
def service(small: Catalog) -> Service:
    return small.services[0]


@pytest.fixture(scope="module")
def panel(small: Catalog) -> Panel:
    return small.dashboard("health").panel("latency")


def query(value: str, legend: str = "", top: int = 0) -> Query:
    return Query(value, legend, top, beside=None, exemplars=False)


def asked(panel: Panel, kind: Kind, written: Query) -> str:
    return promql.render(panels.expression(replace(panel, kind=kind, queries=(written,)), written))


# --- expressions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.STAT, Kind.GAUGE, Kind.SERIES, Kind.HEATMAP, Kind.TIMELINE])
def test_an_expression_is_asked_as_it_is_written(panel: Panel, kind: Kind) -> None:
    assert asked(panel, kind, query("sum by (a) (rate(m[5m]))")) == "sum by (a) (rate(m[5m]))"


def test_the_largest_are_chosen_once_for_the_whole_range(panel: Panel) -> None:
    written = query("max by (a) (rate(m[5m]) / n offset 1h)", top=3)
    assert asked(panel, Kind.SERIES, written) == (
        "max by (a) (rate(m[5m]) / n offset 1h) and topk(3, max by (a) (rate(m[5m] @ end()) / n @ end() offset 1h))"
    )


def test_a_moment_that_is_named_stays(panel: Panel) -> None:
    assert asked(panel, Kind.SERIES, query("m @ 7", top=2)) == "m @ 7 and topk(2, m @ 7)"


def test_the_rest_of_a_donut_is_one_slice(panel: Panel) -> None:
    assert asked(panel, Kind.DONUT, query("sum by (code) (m)", "{{code}}", 6)) == (
        "sort_desc(topk(6, sum by (code) (m)) or "
        'label_replace(sum(sum by (code) (m)) - sum(topk(6, sum by (code) (m))), "code", "other", "", "") '
        "and on () count(sum by (code) (m)) > 6)"
    )


def test_bars_are_sorted(panel: Panel) -> None:
    assert asked(panel, Kind.BARS, query("sum by (a) (m)", "{{a}}")) == "sort_desc(sum by (a) (m))"


def test_one_service_and_environment_are_chosen() -> None:
    node = promql.parse('sum(m{service="own"}) / sum(ALERTS{environment=~"$environment|"})')
    assert promql.render(panels.chosen(node, "s", "e")) == (
        'sum(m{service="own",environment="e"}) / sum(ALERTS{environment=~"e|",service="s"})'
    )


# --- how often -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("dependency_up", 5),  # critical scrape
        ("rate(http_request_duration_seconds_bucket[5m])", 15),  # standard scrape
        ("dependency_up + memory_bytes", 5),  # the faster of two
        ("slo:error_budget_remaining:ratio", 15),  # in the group of its objective
        ("ALERTS", 15),
        ("vector(1)", 30),
    ],
)
def test_pace(small: Catalog, panel: Panel, value: str, seconds: int) -> None:
    assert panels.pace(small, replace(panel, queries=(query(value),))) == Duration.of(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("service:http_requests:rate5m", Duration.of(seconds=30)),
        ("service:http_requests:increase30d", Duration.of(minutes=2)),
        ("sli:availability:ratio", Duration.of(seconds=30)),  # short windows at 30 s, long ones at 2 min
    ],
)
def test_pace_of_recorded_series(catalog: Catalog, panel: Panel, name: str, expected: Duration) -> None:
    assert panels.pace(catalog, replace(panel, queries=(query(name),))) == expected


# --- limits ----------------------------------------------------------------------------------------


def limits(service: Service, panel: Panel, *thresholds: OfAlert | OfSlo) -> tuple[Limit, ...]:
    return panels.limits(service, replace(panel, thresholds=thresholds))


def test_a_limit_of_an_alert_has_its_side_and_the_colour_of_its_severity(service: Service, panel: Panel) -> None:
    assert limits(service, panel, OfAlert("HighLatency")) == (Limit(Decimal(2), ABOVE, WARN),)  # warning, above 2s
    assert limits(service, panel, OfAlert("DatabaseDown")) == (Limit(Decimal(1), BELOW, BAD),)  # critical, below 1


@pytest.mark.parametrize(
    ("severity", "colour"),
    [(Severity.CRITICAL, BAD), (Severity.HIGH, BAD), (Severity.WARNING, WARN), (Severity.INFO, WARN)],
)
def test_colours_of_severities(service: Service, panel: Panel, severity: Severity, colour: Colour) -> None:
    alerts = tuple(replace(alert, severity=severity) for alert in service.alerts)
    (limit,) = limits(replace(service, alerts=alerts), panel, OfAlert("HighLatency"))
    assert limit.colour is colour


def test_numbers_of_an_objective(service: Service, panel: Panel) -> None:
    assert limits(service, panel, OfSlo("availability", Reading.TARGET)) == (Limit(Decimal("0.999"), BELOW, BAD),)
    assert limits(service, panel, OfSlo("availability", Reading.ALLOWED)) == (Limit(Decimal("0.001"), ABOVE, BAD),)
    assert limits(service, panel, OfSlo("latency", Reading.WITHIN)) == (Limit(Decimal(1), ABOVE, BAD),)
    assert limits(service, panel, OfSlo("availability", Reading.WITHIN)) == ()


def test_burn_factors_are_derived(service: Service, panel: Panel) -> None:
    # share of the budget x 30 d / window: 1 % in 15 min = 0.01 x 2880, 2 % in 1 h = 0.02 x 720, 5 % in 6 h = 0.05 x 120
    found = limits(service, panel, OfSlo("availability", Reading.BURN))
    assert [(limit.value, limit.colour) for limit in found] == [
        (Decimal(1), WARN),  # 10 % in 3 d = 0.1 x 10
        (Decimal(6), BAD),
        (Decimal("14.4"), BAD),
        (Decimal("28.8"), BAD),
    ]


def test_states_of_the_budget_that_ask_for_something(service: Service, panel: Panel) -> None:
    # green has no severity, red is a warning at 75 % consumed
    found = limits(service, panel, OfSlo("availability", Reading.BUDGET_LEFT))
    assert found == (Limit(Decimal("0.25"), BELOW, WARN),)


def test_what_a_service_does_not_have_draws_nothing(service: Service, panel: Panel) -> None:
    bare = replace(service, alerts=(), slos=())
    assert limits(bare, panel, OfAlert("HighLatency"), OfSlo("latency", Reading.WITHIN)) == ()


def test_limits_ascend_and_say_everything_once(service: Service, panel: Panel) -> None:
    twice = (OfAlert("HighLatency"), OfSlo("latency", Reading.WITHIN), OfAlert("HighLatency"))
    assert [limit.value for limit in limits(service, panel, *twice)] == [Decimal(1), Decimal(2)]


# --- zones -----------------------------------------------------------------------------------------


def zone(start: str | None, colour: Colour) -> Zone:
    return Zone(None if start is None else Decimal(start), colour)


def test_without_limits_everything_is_well() -> None:
    assert panels.zones(()) == (zone(None, OK),)


def test_above_is_bad_from_the_limit_on() -> None:
    found = panels.zones((Limit(Decimal(1), ABOVE, WARN), Limit(Decimal(2), ABOVE, BAD)))
    assert found == (zone(None, OK), zone("1", WARN), zone("2", BAD))


def test_below_is_bad_up_to_the_limit() -> None:
    found = panels.zones((Limit(Decimal("0.5"), BELOW, BAD), Limit(Decimal("0.7"), BELOW, WARN)))
    assert found == (zone(None, BAD), zone("0.5", WARN), zone("0.7", OK))


def test_a_milder_limit_beyond_a_worse_one_changes_nothing() -> None:
    found = panels.zones((Limit(Decimal(1), ABOVE, BAD), Limit(Decimal(2), ABOVE, WARN)))
    assert found == (zone(None, OK), zone("1", BAD))


def test_the_worse_of_two_limits_at_one_place_counts() -> None:
    found = panels.zones((Limit(Decimal(1), ABOVE, WARN), Limit(Decimal(1), ABOVE, BAD)))
    assert found == (zone(None, OK), zone("1", BAD))
