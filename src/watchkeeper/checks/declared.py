"""A file that says which metrics there are: written by hand, definitions, or a catalog compiled from them.

Read is what checks ask for: `type`, `labels`, `buckets`, `scrape`, `emitter`, `retention` of each entry under
`metrics`; and `target_labels`, a list of what the scrape adds to every series. A compiled catalog has its entries under
`categories`, and names recorded series. What else such a file says (help, unit, series) is for people and other tools.
What an entry leaves out is not known.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from watchkeeper.checks.inventory import Family, Inventory, of_families
from watchkeeper.model import Emitter, MetricType
from watchkeeper.problem import Problem, Span
from watchkeeper.quantity import Duration, QuantityError
from watchkeeper.spec import nodes
from watchkeeper.spec.nodes import Mapping, Node, Scalar, Sequence
from watchkeeper.spec.parsing import parse_foreign
from watchkeeper.spec.references import TARGET_LABELS
from watchkeeper.spec.wording import error, instead, listed

_OTHER_TYPES = frozenset({"gaugehistogram", "info", "stateset", "summary", "unknown", "untyped"})
"""Kinds of OpenMetrics that the catalog has no word for."""


@dataclass(frozen=True, slots=True)
class ReadInventory:
    inventory: Inventory | None
    problems: tuple[Problem, ...]


def read_inventory(text: str, file: str) -> ReadInventory:
    """Complete: a metric that is not in the file does not exist. Never raises."""
    parsed = parse_foreign(text, file, what="an inventory", begin="metrics:")
    if parsed.root is None:
        return ReadInventory(None, parsed.problems)
    reader = _Reader(parsed.root)
    families = reader.families(file)
    problems = (*parsed.problems, *reader.problems)
    return ReadInventory(None if problems else of_families(families), problems)


class _Reader:
    def __init__(self, root: Mapping) -> None:
        self.root = root
        self.problems: list[Problem] = []

    def families(self, file: str) -> list[Family]:
        metrics = nodes.step(self.root, "metrics")
        written = dict(_entries(metrics) or self._inside("categories"))
        if not written:
            span = metrics.span if metrics is not None else Span(file, 0, 0, 0)
            self._say("empty", span, "an inventory without metrics", fix="list each under `metrics:` by its name")
        recorded = [Family(name, closed=False) for name, _ in self._inside("recorded")]
        return [*(self._family(name, node) for name, node in written.items()), *recorded]

    def _inside(self, section: str) -> list[tuple[str, Node]]:
        """The entries of every group of a section."""
        return [entry for _, group in _entries(nodes.step(self.root, section)) for entry in _entries(group)]

    def _family(self, name: str, node: Node) -> Family:
        if nodes.is_null(node):
            return Family(name)
        if not isinstance(node, Mapping):
            self._say("wrong-type", node.span, f"metric `{name}` is a map", fix="write `type: counter`, say")
            return Family(name)
        emitter = self._emitter(node)
        return Family(
            name,
            self._type(node),
            None if emitter is not None and emitter.foreign else self._labels(node),
            self._buckets(node),
            self._scrape(node),
            emitter,
            self._retention(node),
        )

    def _word(self, node: Mapping, key: str) -> Scalar | None:
        value = nodes.step(node, key)
        if value is None or nodes.is_null(value):
            return None
        if isinstance(value, Scalar):
            return value
        self._say("wrong-type", value.span, f"`{key}` is a word", fix="write one value")
        return None

    def _say(self, code: str, span: Span, summary: str, allowed: str = "", fix: str = "") -> None:
        self.problems.append(error(code, span, summary, allowed=allowed, fix=fix))

    def _type(self, node: Mapping) -> MetricType | None:
        word = self._word(node, "type")
        if word is None or word.text in _OTHER_TYPES:
            return None
        if word.text in set(MetricType):
            return MetricType(word.text)
        allowed = [*MetricType, *_OTHER_TYPES]
        self._say("bad-type", word.span, f"no type `{word.text}`", listed(allowed), instead(word.text, allowed))
        return None

    def _emitter(self, node: Mapping) -> Emitter | None:
        word = self._word(node, "emitter")
        return Emitter(word.text) if word is not None and word.text in set(Emitter) else None

    def _labels(self, node: Mapping) -> dict[str, frozenset[str] | None] | None:
        """The metric's own labels, and those that a scrape adds to every series."""
        written = nodes.step(node, "labels")
        if written is None:
            return None
        labels: dict[str, frozenset[str] | None] = dict.fromkeys(self._target_labels())
        if isinstance(written, Mapping):
            labels |= {name: _domain(entry.value) for name, entry in written.entries.items()}
        elif isinstance(written, Sequence):
            labels |= {each.text: None for each in written.items if isinstance(each, Scalar)}
        elif not nodes.is_null(written):
            self._say("wrong-type", written.span, "`labels` is a map or a list", fix="write `labels: [method, code]`")
        return labels

    def _target_labels(self) -> frozenset[str]:
        """What the scrape adds: as the file says, else as our own configuration does."""
        written = nodes.step(self.root, "target_labels")
        if not isinstance(written, Sequence):
            return TARGET_LABELS
        return frozenset(each.text for each in written.items if isinstance(each, Scalar))

    def _buckets(self, node: Mapping) -> tuple[Decimal, ...] | None:
        written = nodes.step(node, "buckets")
        if not isinstance(written, Sequence):
            return None
        bounds = [self._bound(each) for each in written.items]
        return tuple(sorted(bound for bound in bounds if bound is not None and bound.is_finite())) or None

    def _bound(self, node: Node) -> Decimal | None:
        try:
            return Decimal(node.text) if isinstance(node, Scalar) else None
        except InvalidOperation:
            self._say("wrong-type", node.span, "a bucket's bound is a number", fix="write 0.5, 1, 10")
            return None

    def _scrape(self, node: Mapping) -> Duration | None:
        """A duration, a class whose interval stands under `intervals`, or both as `class` and `every`."""
        scrape = nodes.step(node, "scrape")
        word = self._word(scrape, "every") if isinstance(scrape, Mapping) else self._word(node, "scrape")
        if word is None:
            return None
        interval = nodes.find(self.root, ("intervals", f"scrape_{word.text}"))
        written = interval if isinstance(interval, Scalar) else word
        try:
            return Duration.parse(written.text)
        except QuantityError:
            return None  # the name of a class without its interval

    def _retention(self, node: Mapping) -> Duration | None:
        word = self._word(node, "retention")
        try:
            return None if word is None else Duration.parse(word.text)
        except QuantityError as failure:
            if word is not None:
                self._say("bad-duration", word.span, f"`retention`: {failure.message}", failure.allowed, failure.hint)
            return None


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return [(name, entry.value) for name, entry in node.entries.items()] if isinstance(node, Mapping) else []


def _domain(node: Node) -> frozenset[str] | None:
    """The values of a label; None where any may come."""
    values = nodes.step(node, "values") if isinstance(node, Mapping) else node
    if not isinstance(values, Sequence):
        return None
    return frozenset(each.text for each in values.items if isinstance(each, Scalar)) or None
