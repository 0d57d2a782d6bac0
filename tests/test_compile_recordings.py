"""Written recordings: which group they stand in, what is added to them, and the numbers that come from objectives."""

from dataclasses import replace

from watchkeeper import promql
from watchkeeper.compile import recordings
from watchkeeper.formats.prometheus import Group, Recording
from watchkeeper.model import Catalog, Family, Pace, Unit
from watchkeeper.model import Recording as Written
from watchkeeper.quantity import Duration, Ratio


def written(name: str, **changes: object) -> Written:
    plain = Written(name, (), "sum(rate(work_total[5m]))", Family.LLM, Unit.NUMBER, "Work.", Pace.STANDARD)
    return replace(plain, **changes)  # type: ignore[arg-type]  # names and types are the test's own


def compiled(catalog: Catalog, *own: Written) -> tuple[Group, ...]:
    service = replace(catalog.services[0], recordings=own, slos=(), alerts=())
    return tuple(recordings.of_service(catalog, service))


def budget(catalog: Catalog, **targets: str) -> dict[str, str]:
    """What is derived for objectives with these targets: name -> expression."""
    availability = next(slo for slo in catalog.services[0].slos if slo.name == "availability")
    slos = tuple(replace(availability, name=name, target=Ratio.parse(target)) for name, target in targets.items())
    service = replace(catalog.services[0], recordings=(), slos=slos)
    groups = recordings.of_service(catalog, service)
    return {rule.record: rule.expr for group in groups for rule in group.rules if isinstance(rule, Recording)}


def test_a_family_has_a_group_for_each_pace(catalog: Catalog) -> None:
    first, second, third = compiled(
        catalog,
        written("a:work:rate5m"),
        written("b:work:rate5m", family=Family.MODULE),
        written("c:work:rate1d", pace=Pace.SLOW),
        written("d:work:rate5m"),
    )
    assert (first.name, first.interval) == ("module-llm-copilot-agent", Duration.of(seconds=30))
    assert (second.name, second.interval) == ("llm-llm-copilot-agent", Duration.of(seconds=30))
    assert (third.name, third.interval) == ("llm-llm-copilot-agent-slow", Duration.of(minutes=2))
    assert [rule.record for rule in second.rules if isinstance(rule, Recording)] == ["a:work:rate5m", "d:work:rate5m"]


def test_expressions_are_about_the_service(catalog: Catalog) -> None:
    ((rule,),) = (group.rules for group in compiled(catalog, written("a:work:rate5m", labels=(("window", "5m"),))))
    assert isinstance(rule, Recording)
    assert rule.expr == 'sum by (service, environment) (rate(work_total{service="llm-copilot-agent"}[5m]))'
    assert rule.labels == (("window", "5m"),)


def test_nothing_written_gives_no_group(catalog: Catalog) -> None:
    assert compiled(catalog) == ()


def test_what_objectives_allow_is_recorded_once_for_each_target(catalog: Catalog) -> None:
    expression = budget(catalog, one="99.9%", two="95%", three="99.9%")["slo:error_share:ratio"]
    # 1 - 0.999 and 1 - 0.95
    assert promql.render(promql.parse(expression)) == (
        '0 * slo:sli_total:rate5m{slo=~"one|three",service="llm-copilot-agent"} + 0.001'
        ' or 0 * slo:sli_total:rate5m{slo="two",service="llm-copilot-agent"} + 0.05'
    )


def test_the_pack_has_the_families_of_the_specification(catalog: Catalog) -> None:
    rules = [each for service in catalog.services for each in service.recordings]
    assert len(rules) >= 60
    assert {rule.family for rule in rules} == set(Family)
