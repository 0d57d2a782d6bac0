"""One runbook page, by its name."""

from dataclasses import dataclass

from watchkeeper.console import runbooks
from watchkeeper.console.facts import alert_address
from watchkeeper.console.page import Page
from watchkeeper.console.sources import Sources


@dataclass(frozen=True, slots=True)
class RunbookFacts:
    name: str
    markdown: str
    """Empty when there is no such page."""
    alerts: tuple[tuple[str, str], ...]
    """Name and address of the alerts that lead here."""


def runbook(sources: Sources, pages: runbooks.Runbooks, name: str) -> Page:
    name = name.removesuffix(".md")
    text = pages.text(name) or ""
    definitions = sources.definitions()
    leading = [one for one in definitions.alerts if runbooks.name_of(one.runbook) == name] if definitions else []
    alerts = dict.fromkeys((_title(one.name, one.slo), alert_address(one.name, one.identity)) for one in leading)
    facts = RunbookFacts(name, text, tuple(alerts))
    shown: dict[str, object] = {"html": runbooks.rendered(text) if text else ""}
    return Page("runbook.html", facts, lambda: text or "No such runbook.\n", shown, 200 if text else 404)


def _title(name: str, slo: str) -> str:
    return f"{name} ({slo})" if slo else name
