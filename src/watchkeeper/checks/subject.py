"""Rule files as checks see them: every name, expression and number with its place."""

from collections.abc import Iterator
from dataclasses import dataclass

from watchkeeper.checks.written import Written
from watchkeeper.problem import Span
from watchkeeper.promql.nodes import Aggregation, Binary, Call, Node, Number, Range, Selector
from watchkeeper.promql.places import Places
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Expression:
    """PromQL that was read."""

    written: Written
    node: Node

    @property
    def text(self) -> str:
        return self.written.text

    @property
    def whole(self) -> Span:
        return self.written.part(0, len(self.text.partition("\n")[0].rstrip()))

    def at(self, part: Node) -> Span:
        """The word that names a part, which must be one of this very expression; the whole where there is none."""
        if isinstance(part, Range):
            part = part.selector
        if not isinstance(part, Aggregation | Binary | Call | Selector | Number):
            return self.whole
        token = Places(self.text, self.node).operator(part)
        if token is not None:
            return self.written.part(token.position, len(token.text))
        return self.word(part.name) if isinstance(part, Selector) else self.whole

    def at_label(self, part: Aggregation | Binary, label: str) -> Span:
        """Where a grouping or join names a label."""
        token = Places(self.text, self.node).label(part, label)
        return self.written.part(token.position, len(token.text)) if token else self.whole

    def word(self, word: str) -> Span:
        """The first place where a word stands."""
        position = self.text.find(word) if word else -1
        return self.written.part(position, len(word)) if position >= 0 else self.whole


@dataclass(frozen=True, slots=True)
class Pair:
    """A label or an annotation."""

    name: str
    value: Written
    key: Span


def _texts(pairs: tuple[Pair, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((pair.name, pair.value.text) for pair in pairs)


@dataclass(frozen=True, slots=True)
class Rule:
    """What both kinds have. `first` and `last` are its lines."""

    name: Written
    expr: Expression | None
    """None where it is not PromQL: that was told when it was read."""
    labels: tuple[Pair, ...]
    first: int
    last: int

    @property
    def fixed_labels(self) -> dict[str, str]:
        """Labels the rule gives every result; an empty value takes a label away."""
        return {pair.name: pair.value.text for pair in self.labels}

    @property
    def said(self) -> tuple[object, ...]:
        """All of it, wherever it stands."""
        return (type(self), self.name.text, self.expr.text if self.expr else "", _texts(self.labels))


@dataclass(frozen=True, slots=True)
class Recording(Rule):
    """`record:`."""

    @property
    def called(self) -> str:
        return f"rule `{self.name.text}`"


@dataclass(frozen=True, slots=True)
class Alerting(Rule):
    """`alert:`."""

    for_: Duration
    keep_firing_for: Duration
    annotations: tuple[Pair, ...]
    for_span: Span
    """Of `for`, or of the name where there is none."""

    @property
    def called(self) -> str:
        return f"alert `{self.name.text}`"

    @property
    def said(self) -> tuple[object, ...]:
        # with slots, the class of `super()` is not the one that dataclass made
        rule = super(Alerting, self).said
        return (*rule, self.for_, self.keep_firing_for, _texts(self.annotations))


@dataclass(frozen=True, slots=True)
class Group:
    name: Written
    interval: Duration | None
    """None for Prometheus' own `evaluation_interval`, which a rule file does not tell."""
    interval_span: Span
    """Of `interval`, or of the name where there is none."""
    rules: tuple[Recording | Alerting, ...]
    first: int
    last: int
    """The last line of its head, before the rules."""
    newer: tuple[tuple[str, Span], ...] = ()
    """Keys that Prometheus 2.42 does not know."""

    @property
    def said(self) -> tuple[object, ...]:
        """Two groups that say the same are the same."""
        return (self.name.text, self.interval, *(rule.said for rule in self.rules))


@dataclass(frozen=True, slots=True)
class RuleFile:
    file: str
    lines: tuple[str, ...]
    groups: tuple[Group, ...]
    objects: bool = False
    """Of a cluster, for the Prometheus operator."""

    def rules(self) -> Iterator[tuple[Group, Recording | Alerting]]:
        for group in self.groups:
            for rule in group.rules:
                yield group, rule
