"""*Alerts*: everything that can fire, and what does."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.console import words
from watchkeeper.console.definitions import DefinedAlert
from watchkeeper.console.facts import ActiveAlert, Health, alert_address
from watchkeeper.console.now import channel_words
from watchkeeper.console.page import Page, escaped
from watchkeeper.console.situation import situation
from watchkeeper.console.sources import Sources
from watchkeeper.console.verdict import KIND_ORDER, PROMETHEUS, SEVERITY_ORDER


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert that can fire, and those that do."""

    defined: DefinedAlert
    active: tuple[ActiveAlert, ...]

    @property
    def address(self) -> str:
        return alert_address(self.defined.name, self.defined.identity)

    @property
    def phase(self) -> str:
        return min((one.phase for one in self.active), default="inactive")


@dataclass(frozen=True, slots=True)
class AlertsFacts:
    at: float
    loading: bool
    problems: tuple[str, ...]
    asked: bool
    """Prometheus says which alerts fire."""
    listed: tuple[Listed, ...]
    """Most severe first."""
    foreign: tuple[ActiveAlert, ...]
    """Firing or pending, and not from these definitions."""


def alerts(sources: Sources) -> Page:
    facts = _facts(sources)
    shown: dict[str, object] = {"channels": channel_words(sources)}
    return Page("alerts.html", facts, lambda: "\n".join(_lines(facts, sources)) + "\n", shown)


def _facts(sources: Sources) -> AlertsFacts:
    seen = situation(sources)
    definitions = sources.definitions()
    defined = definitions.alerts if definitions else ()
    listed = [
        Listed(one, tuple(alert for alert in seen.alerts if one.matches(alert.name, dict(alert.labels))))
        for one in defined
    ]
    known = {alert for one in listed for alert in one.active}
    return AlertsFacts(
        at=seen.at,
        loading=definitions is None,
        problems=definitions.problems if definitions else (),
        asked=seen.backend(PROMETHEUS).health is Health.UP,
        listed=tuple(sorted(listed, key=_order)),
        foreign=tuple(alert for alert in seen.alerts if alert not in known),
    )


def _order(listed: Listed) -> tuple[int, int, str, str]:
    one = listed.defined
    return (SEVERITY_ORDER[one.severity], KIND_ORDER[one.kind], one.name, one.slo)


def _lines(facts: AlertsFacts, sources: Sources) -> Iterator[str]:
    yield f"# {len(facts.listed)} alerts"
    yield ""
    if facts.loading:
        yield "The definitions are being read."
    yield from (f"- {escaped(problem)}" for problem in facts.problems)
    for alert in facts.foreign:
        since = words.clock(alert.since, facts.at, sources.zone)
        yield f"- **{alert.phase}** since {since}: {escaped(alert.name)} (not from these definitions)"
    for one in facts.listed:
        state = f"**{one.phase}** " if one.active else ""
        slo = f" ({escaped(one.defined.slo)})" if one.defined.slo else ""
        yield (
            f"- {state}{one.defined.severity}: [{escaped(one.defined.name)}]({one.address}){slo} "
            f"{escaped(one.defined.summary)} Fires when {escaped(one.defined.threshold or 'see the expression')}."
        )
