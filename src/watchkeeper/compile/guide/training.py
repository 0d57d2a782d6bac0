"""How somebody new learns it: each step has something to do and to see."""

from watchkeeper import conventions
from watchkeeper.compile.guide.markdown import Blocks, code, link, steps
from watchkeeper.model import Catalog

STEPS = (
    "**See it work.** `watchkeeper up --demo` starts a service, its users, the engines and a console: read *Now*.",
    "**See it break.** `watchkeeper demo break provider-outage`; watch the page arrive and open its runbook.",
    "**Use the runbook.** Answer each of its queries, then `watchkeeper demo heal` and watch the resolve arrive.",
    f"**Know the promises** in {link(conventions.SLI_SLO_FILE, conventions.SLI_SLO_FILE)}: tell one in your own words.",
    "**Know the severities.** For one alert of each, say who is told, when, and what they do first.",
    "**Be the second on call** for a week before you are the first.",
)


def blocks(catalog: Catalog) -> Blocks:
    first = next((alert for service in catalog.services for alert in service.alerts), None)
    yield "## Training"
    yield "Each step ends with something you have seen yourself."
    yield steps(STEPS)
    if catalog.services and catalog.services[0].slos:
        names = [catalog.services[0].slos[0].name, *([first.name] if first else [])]
        yield "What an objective or an alert means, in words and numbers:"
        yield code("sh", "\n".join(f"watchkeeper explain {name}" for name in names))
