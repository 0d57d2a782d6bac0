"""Published runbooks: what the rules say of an alert, then what people wrote for the one who is woken.

A page for every alert. Pages that several alerts share, or that another page leads to, are published beside them, so
that every link and the `runbook` of every rule lead somewhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.guide import markdown
from watchkeeper.compile.linking import panel_of
from watchkeeper.compile.rules import Rules
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Service

_MADE = "<!-- Made by `watchkeeper build`: what the rules say, then the page that was written for it. -->"
_LINK = re.compile(r"\]\(([a-z0-9][a-z0-9_-]*\.md)(?:#[\w-]+)?\)")
_LIVE = re.compile(r"\{\{ \$value.*?\}\}")
_ESCAPED_BRACES = '{{"{{"}}'


@dataclass(frozen=True, slots=True)
class _Rule:
    """One compiled rule, and what the rule itself does not say."""

    service: str
    rule: Alerting
    panel: str
    """Its name and its place in Grafana; empty for none."""

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.rule.labels)

    @property
    def told(self) -> dict[str, str]:
        return dict(self.rule.annotations)

    @property
    def page(self) -> str:
        return self.told["runbook"]


_Fact: TypeAlias = tuple[str, Callable[[_Rule], str]]


def documents(catalog: Catalog, compiled: Rules) -> Iterator[Document]:
    texts = {page.name: page.text for page in catalog.pages}
    alerts = _by_alert(compiled)
    published = {conventions.runbook_for(alert) for alert in alerts}
    for alert, its in alerts.items():
        path = conventions.published_runbook(conventions.runbook_for(alert))
        yield Document(path, _of_alert(alert, its, texts))
    pages = {rule.page for its in alerts.values() for rule in its}
    for page in sorted(_reached(pages, texts) - published):
        yield Document(conventions.published_runbook(page), _shared(page, alerts, texts[page]))


def _by_alert(compiled: Rules) -> dict[str, list[_Rule]]:
    """By name."""
    found: dict[str, dict[Alerting, _Rule]] = {}
    for service, rule in compiled.owned_alerts():
        its = found.setdefault(rule.alert, {})
        its.setdefault(rule, _Rule(service.name, rule, _panel(service, rule)))
    return {alert: list(found[alert].values()) for alert in sorted(found)}


def _panel(service: Service, rule: Alerting) -> str:
    """Where Grafana is, nobody said: the path within it. A panel of somebody else's dashboard has only its name."""
    panel, path = panel_of(service, rule), dict(rule.annotations).get("dashboard", "")
    return f"`{panel}`" + (f", in Grafana at `{path}`" if path else "") if panel else ""


def _reached(pages: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """Those pages and every page that they lead to."""
    reached: set[str] = set()
    pending = list(pages)
    while pending:
        page = pending.pop()
        if page in texts and page not in reached:
            reached.add(page)
            pending += _LINK.findall(texts[page])
    return reached


# --- an alert's page -------------------------------------------------------------------------------


def _severity(rule: _Rule) -> str:
    return ", ".join(rule.labels[name] for name in ("severity", "priority") if name in rule.labels)


def _told(name: str) -> Callable[[_Rule], str]:
    return lambda rule: _words(rule.told.get(name, ""))


def _page_link(rule: _Rule) -> str:
    return f"[{rule.page.removesuffix('.md')}]({rule.page})"


_FACTS: tuple[_Fact, ...] = (
    ("severity", _severity),
    ("component", lambda rule: rule.labels["component"]),
    ("team", lambda rule: rule.labels["team"]),
    ("what", _told("summary")),
    ("impact", _told("impact")),
    ("fires", _told("threshold")),
    ("found", _told("detection")),
    ("escalation", _told("escalation")),
    ("panel", lambda rule: rule.panel),
)


def _of_alert(alert: str, its: list[_Rule], texts: Mapping[str, str]) -> str:
    pages = list(dict.fromkeys(rule.page for rule in its))
    one_page = len(pages) == 1
    facts = _FACTS if one_page else (*_FACTS, ("page", _page_link))
    parts = (
        f"# {alert}",
        _MADE,
        *_tables(its, facts),
        *(f"First:\n\n{actions}" for actions in dict.fromkeys(_words(rule.told["actions"]) for rule in its)),
        *_conditions(its),
        _body(texts.get(pages[0], "")) if one_page else "",
    )
    return markdown.page(parts)


def _tables(its: list[_Rule], facts: tuple[_Fact, ...]) -> Iterator[str]:
    """What holds for all of an alert's rules, then a line for each with what does not."""
    cells = {name: [_cell(fact(rule)) for rule in its] for name, fact in facts}
    same = {name: values[0] for name, values in cells.items() if len(set(values)) == 1}
    yield _table(("", ""), ((name, value) for name, value in same.items() if value))
    differing = [name for name in cells if name not in same]
    if differing:
        columns = [_about(its), *(cells[name] for name in differing)]
        yield _table(("about", *differing), zip(*columns, strict=True))


def _about(its: list[_Rule]) -> list[str]:
    """What tells the rules of one alert apart: the service, where there are several, and the objective."""
    several = len({rule.service for rule in its}) > 1
    return [
        " ".join(part for part in (rule.service if several else "", rule.labels.get("slo", "")) if part) or "-"
        for rule in its
    ]


def _conditions(its: list[_Rule]) -> Iterator[str]:
    yield "Condition:"
    for about, rule in zip(_about(its), its, strict=True):
        if len(its) > 1:
            yield f"`{about}`"
        yield f"```promql\n{rule.rule.expr}\n```"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _words(text: str) -> str:
    """An annotation without its template: where a value will stand, three dots."""
    return _LIVE.sub("…", text).replace(_ESCAPED_BRACES, "{{")


# --- a page that is no alert's own -----------------------------------------------------------------


def _shared(page: str, alerts: Mapping[str, list[_Rule]], text: str) -> str:
    heading, _, _ = text.partition("\n")
    leading = [alert for alert, its in alerts.items() if any(rule.page == page for rule in its)]
    links = ", ".join(f"[{alert}]({conventions.runbook_for(alert)})" for alert in leading)
    title = heading if heading.startswith("# ") else f"# {page.removesuffix('.md')}"
    return markdown.page((title, _MADE, f"For {links}." if links else "", _body(text)))


def _body(text: str) -> str:
    """A page without its title."""
    heading, _, rest = text.partition("\n")
    return (rest if heading.startswith("# ") else text).strip()
