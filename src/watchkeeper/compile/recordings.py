"""Recording rules as their owners wrote them: per service a group for each family, and a slow one for long windows.

In front of them stand those that take a number from the definitions, so that no text repeats one; behind them the
alerts that read them.
"""

from collections.abc import Iterator

from watchkeeper import conventions, promql
from watchkeeper.compile import alerts
from watchkeeper.compile.lookback import interval
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Group
from watchkeeper.formats.prometheus import Recording as Rule
from watchkeeper.model import Catalog, Family, Pace, Recording, Service
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node
from watchkeeper.quantity import Ratio


def of_service(catalog: Catalog, service: Service) -> Iterator[Group]:
    """Rules stand in the order they are written in: a later one may read an earlier one of its group."""
    for pace in Pace:
        for family in Family:
            own = [each for each in service.recordings if each.family is family and each.pace is pace]
            readers = alerts.behind(catalog, service, family) if pace is Pace.STANDARD else ()
            rules = (*_derived(service, family, pace), *(_written(service, each) for each in own), *readers)
            if rules:
                name = conventions.recording_group(service.name, family, slow=pace is Pace.SLOW)
                yield Group(name, interval(catalog, pace), rules)


def _written(service: Service, recording: Recording) -> Rule:
    return Rule(recording.name, promql.lay_out(scoped(recording.value, service)), recording.labels)


def _derived(service: Service, family: Family, pace: Pace) -> Iterator[Rule]:
    if family is Family.ERROR_BUDGET and pace is Pace.STANDARD and service.slos:
        targets = dict.fromkeys(slo.target for slo in service.slos)
        shares = (_error_share(service, target) for target in targets)
        yield Rule(conventions.ERROR_SHARE, promql.lay_out(build.or_(*shares)))


def _error_share(service: Service, target: Ratio) -> Node:
    """The number with the labels of the series of every objective that has this target."""
    names = [slo.name for slo in service.slos if slo.target == target]
    total = build.selector(conventions.SLI_TOTAL, slo=build.one_of(*names), service=service.name)
    return build.add(build.multiply(build.number(0), total), build.number(target.complement.value))
