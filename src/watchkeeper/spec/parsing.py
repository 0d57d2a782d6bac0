"""Text to nodes: YAML without its traps, from the reader's events, so that no nesting can overflow a stack."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import yaml

from watchkeeper.problem import Problem, Span, source_lines
from watchkeeper.spec.nodes import Entry, Mapping, Node, Refused, Scalar, Sequence
from watchkeeper.spec.syntax import syntax_problem
from watchkeeper.spec.wording import error

MAX_DEPTH = 64
MAX_NODES = 50_000
"""Ten times the largest pack anyone has; reading that many takes a fifth of a second."""
MAX_FOREIGN_NODES = 10 * MAX_NODES
"""Programs write larger files than people: the rules of 400 objectives are some 100,000 values."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    root: Mapping | None
    """None when the file could not be read to its end."""
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen."""

    span: Span
    flow: bool
    mapping: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    refused: bool = False
    key: tuple[str, Span] | None = None
    key_seen: bool = False
    anchor: str | None = None
    merged: list[Node] = field(default_factory=list)
    """What stands under merge keys, `<<`."""


class _Stop(Exception):  # noqa: N818 - ends the reading of one file, is no error of the program
    pass


class _Builder:
    """Takes the events of one document; keeps the problems; `root` is the tree once the end was reached.

    In a file of ours anchors, aliases, merge keys and tags are problems; in a `foreign` one they mean what YAML says.
    """

    def __init__(self, file: str, lines: list[str], *, foreign: bool = False) -> None:
        self.file = file
        self.foreign = foreign
        self.anchors: dict[str, Node] = {}
        self.lines = lines
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.nodes = 0
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._document(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.ScalarEvent():
                refused = self._node_starts(event)
                self._add(Refused(self._span(event)) if refused else self._scalar(event), event.anchor)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Span(self.file, 0, 0, 0)
        if start.line >= len(self.lines):  # what is missing at the end of the file
            number, column = len(self.lines), len(self.lines[-1])
            return Span(self.file, number, column + 1, column + 2)
        last = end.column if end.line == start.line else len(self.lines[start.line])
        return Span(self.file, start.line + 1, start.column + 1, max(last, start.column + 1) + 1)

    def _document(self, event: yaml.Event) -> None:
        self.documents += 1
        if self.documents > 1:
            span = self._span(event)
            raise self._stop(
                "yaml-documents",
                span,
                "a second document begins here",
                "one file holds one document",
                "remove the `---`, or move what follows into its own file",
            )

    def _stop(self, code: str, span: Span, summary: str, allowed: str, fix: str) -> _Stop:
        self.problems.append(error(code, span, summary, allowed=allowed, fix=fix))
        return _Stop()

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = self._span(event)
        if self.foreign and event.anchor in self.anchors:
            self._add(self.anchors[event.anchor])
            return
        self.problems.append(
            error(
                "yaml-alias",
                span,
                f"the alias `*{event.anchor}` is not allowed",
                allowed="every definition stands where it is read",
                fix="write the value out",
            )
        )
        self._add(Refused(span))

    def _node_starts(self, event: yaml.NodeEvent) -> bool:
        """True for a node that is not worth reading: what its tag makes of it, nobody knows."""
        self.nodes += 1
        most = MAX_FOREIGN_NODES if self.foreign else MAX_NODES
        if self.nodes > most:
            raise self._stop(
                "yaml-size",
                self._span(event),
                f"more than {most} values in one file",
                f"up to {most}",
                "split the file by topic",
            )
        span = self._span(event)
        if self.foreign:
            return False
        if event.anchor:
            self.problems.append(
                error(
                    "yaml-alias",
                    span,
                    f"the anchor `&{event.anchor}` is not allowed",
                    allowed="every definition stands where it is read",
                    fix=f"remove `&{event.anchor}`",
                )
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.problems.append(
                error(
                    "yaml-tag",
                    span,
                    "tags are not allowed",
                    found=tag.replace("tag:yaml.org,2002:", "!!"),
                    allowed="plain YAML",
                    fix="remove the tag; quote the value if it must be text",
                )
            )

        return tag is not None

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        span, text = self._span(event), event.value
        plain = not event.style
        start = span.column - 1 + (0 if plain else 1)
        inline = bool(span.line) and self.lines[span.line - 1][start : start + len(text)] == text
        return Scalar(text, plain, span, inline)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        refused = self._node_starts(event)
        if len(self.stack) >= MAX_DEPTH:
            raise self._stop(
                "yaml-depth",
                self._span(event),
                f"nested deeper than {MAX_DEPTH} levels",
                f"up to {MAX_DEPTH} levels; definitions need seven",
                "look for brackets that are never closed",
            )
        mapping = isinstance(event, yaml.MappingStartEvent)
        span = self._span(event)
        self.stack.append(_Open(span, bool(event.flow_style), mapping, refused=refused, anchor=event.anchor))

    def _close(self, event: yaml.Event) -> None:
        done, end = self.stack.pop(), self._span(event)
        span = replace(done.span, end=end.end) if done.flow and end.line == done.span.line else done.span
        node: Node
        if done.refused:
            node = Refused(span)
        elif done.mapping:
            node = Mapping(_inherited(done.merged) | done.entries, span, done.flow)
        else:
            node = Sequence(tuple(done.items), span, done.flow)
        self._add(node, done.anchor)

    def _add(self, node: Node, anchor: str | None = None) -> None:
        if anchor:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key_seen:
            if parent.key is None:
                pass
            elif parent.key[0] == "<<":
                parent.merged.append(node)
            else:
                parent.entries.setdefault(parent.key[0], Entry(parent.key[1], node))
            parent.key, parent.key_seen = None, False
        else:
            parent.key, parent.key_seen = self._key(parent, node), True

    def _key(self, parent: _Open, node: Node) -> tuple[str, Span] | None:
        if self.foreign and isinstance(node, Scalar) and node.text == "<<":
            return node.text, node.span
        if not isinstance(node, Scalar) or not node.text or node.text == "<<":
            self._no_key(node)
            return None
        if node.text in parent.entries:
            first = parent.entries[node.text].key
            self.problems.append(
                error(
                    "duplicate-key",
                    node.span,
                    f"`{node.text}` is given twice",
                    found=f"first given at {first}",
                    allowed="each key once",
                    fix="keep one of the two",
                )
            )
            return None
        return node.text, node.span

    def _no_key(self, node: Node) -> None:
        if isinstance(node, Refused):
            return
        if isinstance(node, Scalar) and node.text == "<<":
            summary, fix = "the merge key `<<` is not allowed", "write the keys out; a project file already merges"
        else:
            summary, fix = "this cannot be a key", "keys are plain words; quote a value that begins with { or ["
        self.problems.append(error("yaml-key", node.span, summary, allowed="a word", fix=fix))


def _control_problems(lines: list[str], file: str) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        match = _CONTROL.search(line)
        if match:
            span = Span(file, number, match.start() + 1, match.start() + 2)
            yield error(
                "bad-character",
                span,
                "an invisible character",
                found=f"U+{ord(match[0]):04X}",
                allowed="printable text",
                fix="delete it and type the line again",
            )


def _inherited(merged: list[Node]) -> dict[str, Entry]:
    """The entries under merge keys; of two with one key the earlier counts."""
    flat = [each for node in merged for each in (node.items if isinstance(node, Sequence) else (node,))]
    found: dict[str, Entry] = {}
    for mapping in flat:
        if isinstance(mapping, Mapping):
            found = dict(mapping.entries) | found
    return found


def parse(text: str, file: str) -> Parsed:
    """The tree of a file's one document, and everything wrong with it as YAML. Never raises."""
    return _parsed(text, _Builder(file, source_lines(text)), "a file of definitions", "begin with `service: NAME`")


def parse_foreign(text: str, file: str, *, what: str, begin: str) -> Parsed:
    """The same for a file of another program, whose YAML may hold anchors, aliases, merge keys and tags."""
    return _parsed(text, _Builder(file, source_lines(text), foreign=True), what, f"begin with `{begin}`")


def _parsed(text: str, builder: _Builder, what: str, fix: str) -> Parsed:
    invisible = tuple(_control_problems(builder.lines, builder.file))
    if invisible:
        return Parsed(None, invisible[:10])
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except _Stop:
        return Parsed(None, tuple(builder.problems))
    except yaml.MarkedYAMLError as failure:
        slip = syntax_problem(failure, builder.file, builder.lines)
        told = any(problem.span.line == slip.span.line for problem in builder.problems)
        return Parsed(None, tuple(builder.problems) if told else (*builder.problems, slip))
    return _rooted(builder, what, fix)


def _rooted(builder: _Builder, what: str, fix: str) -> Parsed:
    root = builder.root
    if root is None or (isinstance(root, Scalar) and root.plain and not root.text):
        root = Mapping({}, Span(builder.file, 0, 0, 0))
    if not isinstance(root, Mapping):
        problem = error("wrong-type", root.span, f"{what} is a map", allowed="`key: value` lines", fix=fix)
        return Parsed(None, (*builder.problems, problem))
    return Parsed(root, tuple(builder.problems))
