"""What only definitions know, as a subject: objectives and tiers, intervals, owners, with the place of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from watchkeeper.model import Catalog
from watchkeeper.problem import Span, source_lines
from watchkeeper.spec import nodes
from watchkeeper.spec.nodes import Path
from watchkeeper.spec.parsing import parse
from watchkeeper.spec.schema import NAMED


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition is written: from its key to its last line."""

    section: str
    name: str
    key: Span
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Definitions:
    """The catalog, and the files it was read from. Places are looked up by the path of a definition.

    A project file comes after the pack, so that what it overrides is found where it was written last.
    """

    catalog: Catalog
    sources: Mapping[str, str]
    roots: tuple[nodes.Mapping, ...]
    """The readable files, the pack's first."""
    readers: tuple[str, ...] = ()
    """Texts beside rules, panels and runbooks that read recorded series: the questions that a console asks."""
    project: str | None = None
    """The file that extends the pack, by the name that problems use; None for a pack alone."""

    def at(self, *path: str | int) -> Span:
        """Where the value at a path is written, or the nearest thing above it that is."""
        return nodes.value_span(self._root(path), path)

    def key(self, *path: str | int) -> Span:
        return nodes.key_span(self._root(path), path)

    def of_pack(self, span: Span) -> bool:
        """Whether a project only takes over what stands there: who reads of it did not write it."""
        return self.project is not None and span.file != self.project

    def _root(self, path: Path) -> nodes.Mapping:
        """The last file that goes furthest down the path."""
        return max(reversed(self.roots), key=lambda root: _depth(root, path), default=_NOWHERE)

    def origins(self) -> tuple[Origin, ...]:
        """Every named definition of every file, in the order of the files."""
        return tuple(origin for root in self.roots for origin in _origins(root, self.sources))


_NOWHERE = nodes.Mapping({}, Span("watchkeeper.yaml", 0, 0, 0))


def of_sources(
    catalog: Catalog, sources: Mapping[str, str], readers: Iterable[str] = (), *, project: str | None = None
) -> Definitions:
    """`sources` and `project` as `spec.Loaded` has them: the texts by the names that problems use, and one of these."""
    parsed = [parse(text, file).root for file, text in sources.items()]
    return Definitions(catalog, sources, tuple(root for root in parsed if root is not None), tuple(readers), project)


def _depth(root: nodes.Node, path: Path) -> int:
    depth, node = 0, nodes.step(root, path[0]) if path else None
    while node is not None:
        depth += 1
        node = nodes.step(node, path[depth]) if depth < len(path) else None
    return depth


def _origins(root: nodes.Mapping, sources: Mapping[str, str]) -> list[Origin]:
    found = list(_named(root))
    starts = {entry.key.line for entry in root.entries.values()} | {key.line for _, _, key in found}
    end = len(source_lines(sources[root.span.file])) + 1
    return [
        Origin(section, name, key, key.line, min((line for line in starts if line > key.line), default=end) - 1)
        for section, name, key in found
    ]


def _named(root: nodes.Mapping) -> Iterator[tuple[str, str, Span]]:
    """Sections with named entries, those of a single service too."""
    for section, written in root.entries.items():
        if section not in NAMED or not isinstance(written.value, nodes.Mapping):
            continue
        for name, entry in written.value.entries.items():
            yield section, name, entry.key
            if section == "services" and isinstance(entry.value, nodes.Mapping):
                yield from _named(entry.value)
