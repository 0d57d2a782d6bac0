"""Recording rules as their owners wrote them: per service a group for each family, and a slow one for long windows.

In front of them stand those that take a number from the definitions, so that no text repeats one.
"""

from collections.abc import Iterator

from watchkeeper import conventions, promql
from watchkeeper.compile.scope import scoped
from watchkeeper.formats.prometheus import Group
from watchkeeper.formats.prometheus import Recording as Rule
from watchkeeper.model import Catalog, Family, Pace, Recording, Service
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Node
from watchkeeper.quantity import Ratio


def groups(catalog: Catalog) -> Iterator[Group]:
    """Rules stand in the order they are written in: a later one may read an earlier one of its group."""
    for service in catalog.services:
        for pace in Pace:
            for family in Family:
                own = [each for each in service.recordings if each.family is family and each.pace is pace]
                rules = (*_derived(service, family, pace), *(_written(service, each) for each in own))
                if rules:
                    slow = pace is Pace.SLOW
                    interval = catalog.intervals.rules_slow if slow else catalog.intervals.rules_standard
                    yield Group(conventions.recording_group(service.name, family, slow=slow), interval, rules)


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
