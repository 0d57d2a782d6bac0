"""Everything about logs that the definitions say, as files; none where they say nothing."""

from watchkeeper.compile import log_agents, log_document, log_rules, loki
from watchkeeper.compile.document import Document
from watchkeeper.compile.versions import Versions
from watchkeeper.model import Catalog, Deployment


def documents(catalog: Catalog, deployment: Deployment, versions: Versions) -> tuple[Document, ...]:
    if catalog.logs is None:
        return ()
    return (
        log_document.document(catalog, catalog.logs),
        *loki.configurations(catalog, catalog.logs),
        *log_rules.ruler(catalog, catalog.logs),
        *log_agents.agents(catalog, catalog.logs, deployment, versions),
    )
