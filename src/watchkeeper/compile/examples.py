"""The examples that ship with the definitions, as they are."""

from collections.abc import Iterator

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.model import Catalog


def documents(catalog: Catalog) -> Iterator[Document]:
    for example in catalog.examples:
        yield Document(conventions.published_example(example.name), example.text)
