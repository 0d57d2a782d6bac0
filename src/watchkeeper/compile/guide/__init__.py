"""The operational guide and the summary: what is said of the definitions is read from them, never typed."""

from collections.abc import Iterable, Iterator

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.guide import (
    alerting,
    architecture,
    contents,
    dashboards,
    facts,
    markdown,
    queries,
    quickstart,
    summary,
    training,
    troubleshooting,
    upkeep,
)
from watchkeeper.compile.rules import Rules
from watchkeeper.model import Catalog, Deployment

_MADE = "<!-- Made by `watchkeeper build` from the definitions. Change those, not this page. -->"


def documents(
    catalog: Catalog, deployment: Deployment, compiled: Rules, others: Iterable[Document]
) -> Iterator[Document]:
    """`others` are the documents they stand beside."""
    made = facts.gather(catalog, deployment, compiled, tuple(document.path for document in others))
    yield Document(conventions.GUIDE_FILE, _guide(made))
    yield Document(conventions.SUMMARY_FILE, summary.text(made, _MADE))


def _guide(made: facts.Facts) -> str:
    return markdown.page(
        (
            f"# Monitoring of {', '.join(service.name for service in made.catalog.services)}",
            _MADE,
            (
                "For whoever runs it and whoever is on call."
                f" What there is, in numbers: {markdown.link('the summary', conventions.SUMMARY_FILE)}."
            ),
            *architecture.blocks(made.catalog),
            *contents.blocks(made.paths),
            *quickstart.blocks(made),
            *dashboards.blocks(made.catalog),
            *alerting.severities(made),
            *alerting.alerts(made),
            *alerting.runbooks(made),
            *queries.blocks(made),
            *troubleshooting.blocks(made),
            *upkeep.blocks(made),
            *training.blocks(made.catalog),
            *alerting.contacts(made),
        )
    )
