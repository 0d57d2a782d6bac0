"""The operational guide and the summary: what is said of the definitions is read from them, never typed."""

from collections.abc import Iterable, Iterator

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.guide import (
    alerting,
    architecture,
    contents,
    dashboards,
    markdown,
    queries,
    quickstart,
    summary,
    training,
    troubleshooting,
    upkeep,
)
from watchkeeper.model import Catalog, Deployment

_MADE = "<!-- Made by `watchkeeper build` from the definitions. Change those, not this page. -->"


def documents(catalog: Catalog, deployment: Deployment, others: Iterable[Document]) -> Iterator[Document]:
    """`others` are the documents they stand beside."""
    paths = tuple(document.path for document in others)
    yield Document(conventions.GUIDE_FILE, _guide(catalog, deployment, paths))
    yield Document(conventions.SUMMARY_FILE, summary.text(catalog, paths, _MADE))


def _guide(catalog: Catalog, deployment: Deployment, paths: tuple[str, ...]) -> str:
    return markdown.page(
        (
            f"# Monitoring of {', '.join(service.name for service in catalog.services)}",
            _MADE,
            (
                "For whoever runs it and whoever is on call."
                f" What there is, in numbers: {markdown.link('the summary', conventions.SUMMARY_FILE)}."
            ),
            *architecture.blocks(catalog, paths),
            *contents.blocks(paths),
            *quickstart.blocks(catalog, deployment, paths),
            *dashboards.blocks(catalog),
            *alerting.severities(catalog),
            *alerting.alerts(catalog),
            *alerting.runbooks(catalog),
            *queries.blocks(catalog, deployment),
            *troubleshooting.blocks(catalog),
            *upkeep.blocks(catalog),
            *training.blocks(catalog),
            *alerting.contacts(catalog),
        )
    )
