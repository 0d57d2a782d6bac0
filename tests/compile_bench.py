"""What tests of the compiled documents share: all of them as texts by path, of a catalog or of a project's own file."""

from pathlib import Path

from watchkeeper import compile as compiler
from watchkeeper import spec
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog


def texts(catalog: Catalog) -> dict[str, str]:
    """For the reference deployment."""
    return {document.path: document.text for document in compiler.build(catalog, reference(catalog))}


def of_project(folder: Path, text: str) -> dict[str, str]:
    """Of a project file, which is written into the folder."""
    (folder / "watchkeeper.yaml").write_text(text)
    loaded = spec.load(folder / "watchkeeper.yaml")
    assert loaded.catalog is not None, loaded.problems
    return texts(loaded.catalog)


def write(found: dict[str, str], folder: Path) -> None:
    for path, text in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
