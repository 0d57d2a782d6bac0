"""What has to be done again and again, and what runs out."""

from collections.abc import Iterator

from watchkeeper.compile.guide import alerting
from watchkeeper.compile.guide.facts import Facts
from watchkeeper.compile.guide.markdown import Blocks, code, table
from watchkeeper.model import Alert, Catalog
from watchkeeper.quantity import Measure, Quantity

CALENDAR = (
    ("daily", "look at the operations dashboard and at what fires", "the console's page *Now*"),
    ("daily", "see that the dead-man's switch is content: silence there is an alarm", "alert `Watchdog`"),
    ("weekly", "go through the week's alerts: which were acted on, which were not", "query *Alerts of a week* below"),
    ("weekly", "change the threshold of what nobody acted on, or switch it off with a reason", "`watchkeeper check`"),
    ("weekly", "end silences that are no longer needed", "`amtool silence query`"),
    ("monthly", "compare what was reached with each objective, and the budget with its policy", "`watchkeeper slo`"),
    ("monthly", "send a test page the whole way, and see it arrive", "`watchkeeper notify-test --one`"),
    ("monthly", "see whether the plan still fits what there is", "`watchkeeper capacity`"),
    ("monthly", "compare the bill of each model provider with the counted cost", "business dashboard"),
    (
        "quarterly",
        "compare the catalog with what is scraped; take out what nothing reads",
        "`watchkeeper check --scrape URL`",
    ),
    ("quarterly", "look through the dashboards with those who use them", "the files of `grafana/dashboards/`"),
    ("quarterly", "read the runbooks of critical alerts aloud, and walk one through", "`runbooks/`"),
)
"""When, what, with what. The first three words are the specification's."""


def blocks(facts: Facts) -> Blocks:
    yield "## Upkeep"
    yield table(("when", "what", "with"), CALENDAR)
    yield "Alerts of a week, by how many evaluations found them firing:"
    yield code("promql", 'sort_desc(sum by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1w])))')
    yield "### What runs out"
    yield table(("what", "runs out", "who says so", "renew"), _renewals(facts))


def _renewals(facts: Facts) -> Iterator[tuple[str, ...]]:
    yield from _certificates(facts)
    yield (
        "the prices of model calls",
        "with every new model and every change of a price list",
        _linked(facts, "LLMModelUnpriced"),
        "update `genai-prices`, then `watchkeeper build --target python`",
    )
    yield (
        "silences",
        "when they say so; one that is forgotten hides what it was made for",
        "Alertmanager's page *Silences*",
        "never longer than the work they are for",
    )
    yield (
        "definitions switched off `until` a day",
        "that day: they count again",
        "`watchkeeper check`",
        "a new day and its reason, or nothing",
    )
    yield (
        "keys of receivers",
        "when somebody leaves, or a key was seen",
        _linked(facts, "NotificationsFailing"),
        "the files named under *Contacts*; Alertmanager reads them anew",
    )


def _certificates(facts: Facts) -> Iterator[tuple[str, ...]]:
    for alert in _alerts(facts.catalog, "TLSCertificateExpiresSoon", "TLSCertificateExpiresNow"):
        limit = Quantity(alert.threshold.value, Measure(alert.threshold.unit.value))
        yield (
            "the front door's certificate",
            f"told {limit} before",
            _linked(facts, alert.name),
            "where it was issued",
        )


def _alerts(catalog: Catalog, *names: str) -> Iterator[Alert]:
    known = {alert.name: alert for service in catalog.services for alert in service.alerts}
    yield from (known[name] for name in names if name in known)


def _linked(facts: Facts, name: str) -> str:
    """Without a link where there is no such alert."""
    return alerting.runbook(name, f"`{name}`") if name in facts.names else name
