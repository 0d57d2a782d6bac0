"""The dashboard of the smallest pack, as Grafana's JSON. To record it again: `python tests/record_dashboard.py`."""

from pathlib import Path

from watchkeeper import spec
from watchkeeper.compile import Document, grafana
from watchkeeper.compile.reference import reference

GOLDEN = Path(__file__).parent / "golden"
RECORDED = GOLDEN / "grafana" / "wk-health.json"


def documents() -> dict[str, Document]:
    catalog = spec.load(pack=GOLDEN / "pack").catalog
    assert catalog is not None
    return {document.path: document for document in grafana.documents(catalog, reference(catalog))}


def record() -> None:
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(documents()["grafana/dashboards/wk-health.json"].text, encoding="utf-8")


if __name__ == "__main__":
    record()
