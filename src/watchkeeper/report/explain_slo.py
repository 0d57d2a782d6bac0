"""An objective: its budget, and every burn alert with where its numbers come from."""

from collections.abc import Iterator

from watchkeeper import budget
from watchkeeper.compile.detection import group_wait
from watchkeeper.compile.slo import Burning, Sli, interval, sli, tempo
from watchkeeper.compile.texts import labels
from watchkeeper.model import Catalog, Kind
from watchkeeper.promql import render
from watchkeeper.quantity import Duration, Ratio, plain
from watchkeeper.report.explanation import Explanation, Fact

_ALL = Ratio.of(percent=100)


def names(catalog: Catalog) -> Iterator[str]:
    yield from (slo.name for service in catalog.services for slo in service.slos)


def slos(catalog: Catalog, name: str) -> Iterator[Explanation]:
    for service in catalog.services:
        for slo in service.slos:
            if slo.name == name:
                o = sli(catalog, service, slo)
                facts = (*_events(o), *_budget(o), *(_burn(o, burn) for burn in o.burns), *_states(o))
                yield Explanation("slo", f"{service.name} {name}", slo.title, facts)


def _events(o: Sli) -> Iterator[Fact]:
    yield Fact("target", f"{o.slo.target.words} of {render(o.total)} are good within {o.slo.window.words}")
    yield Fact(o.outcome.value, render(o.part))


def _budget(o: Sli) -> Iterator[Fact]:
    share, window, target = o.objective.error_share, o.slo.window, o.slo.target
    yield Fact("budget", f"{share.words} of the events may be bad", f"100 % - {target.words}")
    time = o.objective.budget_time
    yield Fact("as an outage", f"{time.words} at average traffic", f"{share.words} of {window.words}")


def _burn(o: Sli, burn: Burning) -> Fact:
    alert, window = burn.alert, o.slo.window
    hours = (plain(window / Duration.of(hours=1)), plain(alert.long_window / Duration.of(hours=1)))
    told = (
        f"{plain(alert.factor)}x = {alert.budget_share.words} of {window.words} in {alert.long_window.words}: "
        f"more than {alert.threshold.words} bad over {alert.long_window.words} and over {alert.short_window.words}\n"
        f"{_outage(o, burn)}; at this rate the budget lasts {alert.exhausted_in.words}"
    )
    factor = f"{plain(alert.budget_share.value)} x {hours[0]} h / {hours[1]} h = {plain(alert.factor)}"
    threshold = f"{plain(alert.factor)} x {o.objective.error_share.words} = {alert.threshold.words}"
    lasts = f"{hours[0]} h / {plain(alert.factor)} = {alert.exhausted_in.words}"
    return Fact(f"burn, {burn.severity}", told, f"{factor}; {threshold}; {lasts}")


def _outage(o: Sli, burn: Burning) -> str:
    needed = burn.alert.detection_time(_ALL)
    if needed is None:
        return "not even a total outage pages"
    delays = _delays(o, burn)
    waiting = budget.page_time(Duration.of(), delays)
    return f"a total outage is told after {needed.words} + at most {waiting.words}"


def _delays(o: Sli, burn: Burning) -> budget.Delays:
    told = labels(
        o.service.team, o.slo.component, burn.severity, kind=Kind.SYMPTOM, priority=o.slo.priority, slo=o.slo.name
    )
    return budget.Delays(
        burn.alert.scrape,
        interval(o.catalog, tempo(burn)),
        for_=Duration.of(),
        group_wait=group_wait(o.catalog, told),
    )


def _states(o: Sli) -> Iterator[Fact]:
    for state in o.service.budget_policy:
        told = f" (alert: {state.severity})" if state.severity else ""
        yield Fact(f"budget {state.name}", f"from {state.consumed.words} spent{told}: {state.action}")
