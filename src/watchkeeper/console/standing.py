"""Where each objective stands: one row from the recorded values, or the reason why there is none. Pure."""

import math
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import budget, conventions
from watchkeeper.console.facts import Presence, Reading, SloRow, present
from watchkeeper.console.questions import HOUR, Measured, Remembered
from watchkeeper.console.sources import Answer, absence
from watchkeeper.live.prometheus import Sample
from watchkeeper.model import Catalog, Requests, Service, Slo
from watchkeeper.quantity import Duration, Ratio

_MINUTES = Duration.of(minutes=5)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, and whether absence may still mean that things are starting."""

    now: float
    starting: bool


def absent(moment: Moment, answer: Answer[object], last: tuple[float, float] | None = None) -> Reading[float]:
    """The reason for an absence; `last` is the last value known and when it was true."""
    if answer.failure is None and last is not None:
        return Reading(Presence.STALE, last[0], last[1], "no newer value has arrived")
    return absence(answer, starting=moment.starting)


def rows(catalog: Catalog, measured: Measured, remembered: Remembered, moment: Moment) -> tuple[SloRow, ...]:
    book = _Book(measured, remembered, moment)
    return tuple(_row(book, service, slo) for service in catalog.services for slo in service.slos)


class _Book:
    """Looks values up by name and objective; what is missing now is sought in what was."""

    def __init__(self, measured: Measured, remembered: Remembered, moment: Moment) -> None:
        self._measured = measured
        self._now = _recorded(measured.recorded)
        self._before = _recorded(remembered.recorded)
        self._bad = _events(measured.bad)
        self._counted = _events(measured.counted)
        self._last_counted = _events(remembered.counted)
        self.moment = moment

    def reading(self, name: str, key: tuple[str, str]) -> Reading[float]:
        sample = self._now.get((name, *key))
        if sample is not None and math.isfinite(sample.value):
            return present(sample.value, sample.timestamp)
        before, at = self._before.get((name, *key)), self._last_counted.get(key)
        last = (before.value, at.value) if before is not None and at is not None else None
        return absent(self.moment, self._measured.recorded, last)

    def failing(self, key: tuple[str, str], slo: Slo) -> Reading[float]:
        """Bad share of the last minute. Objectives on foreign counters know the last five minutes only."""
        if not isinstance(slo.events, Requests):
            return self.reading(conventions.error_ratio(_MINUTES), key)
        counted = self._counted.get(key)
        if counted is not None and counted.value > 0:
            bad = self._bad.get(key)
            return present((bad.value if bad else 0.0) / counted.value, counted.timestamp)
        if counted is not None:
            return Reading(Presence.IDLE, at=counted.timestamp, why="no request in the last minute")
        at, before = self._last_counted.get(key), self._before.get((conventions.error_ratio(_MINUTES), *key))
        last = (before.value if before is not None else math.nan, at.value) if at is not None else None
        return absent(self.moment, self._measured.counted, last)


def _recorded(answer: Answer[tuple[Sample, ...]]) -> dict[tuple[str, str, str], Sample]:
    return {
        (one.labels.get("__name__", ""), one.labels.get("service", ""), one.labels.get("slo", "")): one
        for one in answer.value or ()
    }


def _events(answer: Answer[tuple[Sample, ...]]) -> dict[tuple[str, str], Sample]:
    return {(one.labels.get("service", ""), one.labels.get("slo", "")): one for one in answer.value or ()}


def _row(book: _Book, service: Service, slo: Slo) -> SloRow:
    key = (service.name, slo.name)
    objective = budget.Objective(slo.target, slo.window)
    left = book.reading(conventions.BUDGET_REMAINING, key)
    coverage = book.reading(conventions.HISTORY_COVERAGE, key)
    failing = book.failing(key, slo)
    young = coverage.current is None or coverage.current < float(budget.ENOUGH_HISTORY)
    whole = 1.0 if young or left.current is None else max(left.current, 0.0)
    state = None if young or left.current is None else budget.entered(Decimal(1 - left.current), service.budget_policy)
    return SloRow(
        service=service.name,
        name=slo.name,
        title=slo.title,
        target=float(slo.target.value),
        window_seconds=float(slo.window.seconds),
        window=slo.window.words,
        impact=slo.impact,
        good=book.reading(conventions.error_ratio(slo.window), key).map(lambda bad: 1 - bad),
        failing=failing,
        budget_left=left,
        burn=book.reading(conventions.error_ratio(HOUR), key).map(lambda bad: float(objective.burn_rate(_share(bad)))),
        exhausted_in=failing.map(lambda bad: _lasts(objective, bad, whole)),
        coverage=coverage,
        young=young,
        late=isinstance(slo.events, Requests) and slo.events.within is not None,
        state=state.name if state else "",
        policy=state.action if state else "",
    )


def _lasts(objective: budget.Objective, bad: float, left: float) -> float:
    """Seconds that what is left of the budget lasts while so many fail; infinite when nothing burns."""
    lasts = objective.time_to_exhaustion(objective.burn_rate(_share(bad)), Decimal(repr(left)))
    return math.inf if lasts is None else float(lasts.seconds)


def _share(measured: float) -> Ratio:
    return Ratio(Decimal(repr(measured)))
