"""Every objective's figures as Prometheus has them now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from watchkeeper import budget, conventions
from watchkeeper.live.prometheus import Prometheus
from watchkeeper.model import Catalog, Service, Slo
from watchkeeper.promql.render import quote
from watchkeeper.quantity import Duration, Ratio

RECENT = Duration.of(hours=1)


@dataclass(frozen=True, slots=True)
class SloFigures:
    """None stands for a figure that is not there yet: nothing was scraped, or not for long enough."""

    service: str
    slo: str
    title: str
    target: Ratio
    window: Duration
    good_share: float | None
    """Over the window, as far as there is history."""
    budget_left: float | None
    """1 when nothing is spent, negative when overspent."""
    burn_rate: float | None
    """Over the last hour: 1 spends exactly the budget in the window."""
    exhausted_in_seconds: float | None
    """At the pace of the last minutes; None while nothing burns."""
    coverage: float | None
    """Share of the window for which there is history."""


def slos(prometheus: Prometheus, catalog: Catalog, environment: str) -> tuple[SloFigures, ...]:
    """In the order of the definitions. Raises `LiveError`."""
    objectives = [(service, slo) for service in catalog.services for slo in service.slos]
    names = sorted({name for _, slo in objectives for name in asked(slo)})
    if not names:
        return ()
    # the names are our own: letters, digits, colons and underscores, nothing to escape
    found = prometheus.instant(f'{{__name__=~"{"|".join(names)}",environment={quote(environment)}}}')
    values = {
        (sample.labels["__name__"], sample.labels.get("service"), sample.labels.get("slo")): sample.value
        for sample in found
        if isfinite(sample.value)
    }

    def value(name: str, service: Service, slo: Slo) -> float | None:
        return values.get((name, service.name, slo.name))

    return tuple(_figures(service, slo, value) for service, slo in objectives)


def asked(slo: Slo) -> Iterable[str]:
    """The recorded series that are looked at."""
    return (
        conventions.error_ratio(slo.window),
        conventions.error_ratio(RECENT),
        conventions.BUDGET_REMAINING,
        conventions.EXHAUSTED_IN,
        conventions.HISTORY_COVERAGE,
    )


def _figures(service: Service, slo: Slo, value: Callable[[str, Service, Slo], float | None]) -> SloFigures:
    bad = value(conventions.error_ratio(slo.window), service, slo)
    recent = _at_least_zero(value(conventions.error_ratio(RECENT), service, slo))
    objective = budget.Objective(slo.target, slo.window)
    return SloFigures(
        service=service.name,
        slo=slo.name,
        title=slo.title,
        target=slo.target,
        window=slo.window,
        good_share=None if bad is None else 1 - bad,
        budget_left=value(conventions.BUDGET_REMAINING, service, slo),
        burn_rate=None if recent is None else float(objective.burn_rate(Ratio(Decimal(repr(recent))))),
        exhausted_in_seconds=_at_least_zero(value(conventions.EXHAUSTED_IN, service, slo)),
        coverage=value(conventions.HISTORY_COVERAGE, service, slo),
    )


def _at_least_zero(figure: float | None) -> float | None:
    """Whoever else writes series of our names may write what cannot be; that is no figure."""
    return figure if figure is not None and figure >= 0 else None
