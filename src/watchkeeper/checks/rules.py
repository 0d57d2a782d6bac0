"""The rules of one or many files as one subject, with everything that can be known about the series they read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from watchkeeper.checks.inventory import Family, Inventory
from watchkeeper.checks.subject import Alerting, Expression, Group, Recording, RuleFile
from watchkeeper.model import MetricType
from watchkeeper.promql.labels import labels
from watchkeeper.promql.nodes import Call, MatchOperator, Node, Selector
from watchkeeper.promql.rewrite import selectors, walk

LABEL_WRITERS = frozenset({"label_replace", "label_join"})
"""Functions that give a label another value than its series has."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An expression in its rule, its group and its file."""

    file: RuleFile
    group: Group
    rule: Recording | Alerting
    expr: Expression

    @property
    def node(self) -> Node:
        return self.expr.node


class Rules:
    """Built once, then only read. What is worked out about recorded series is remembered."""

    def __init__(
        self,
        files: tuple[RuleFile, ...],
        inventory: Inventory,
        *,
        runbooks: frozenset[str] | None = None,
    ) -> None:
        self.files = files
        self.inventory = inventory
        self.runbooks = runbooks
        """Names of the runbook pages that exist; None where nobody said."""
        self.recorded: Mapping[str, tuple[Asked, ...]] = _recorded(files)
        """The readable rules that record a series, by its name."""
        self._by_label = _by_label(self.recorded)
        self._fixed: dict[int, Mapping[str, str]] = {}
        self._labels: dict[str, frozenset[str] | None] = {}

    def asked(self) -> Iterator[Asked]:
        """Every readable expression, in the order of the files."""
        yield from _asked(self.files)

    def alerts(self) -> Iterator[tuple[Asked, Alerting]]:
        """Every alert with a readable expression."""
        for asked in self.asked():
            if isinstance(asked.rule, Alerting):
                yield asked, asked.rule

    def alerting(self) -> Iterator[Alerting]:
        """Every alert, those whose expression cannot be read included."""
        for file in self.files:
            yield from (rule for _, rule in file.rules() if isinstance(rule, Alerting))

    def recordings(self) -> Iterator[tuple[Asked, Recording]]:
        for asked in self.asked():
            if isinstance(asked.rule, Recording):
                yield asked, asked.rule

    def recording(self, selector: Selector) -> tuple[Asked, ...]:
        """The rules that may record what a selector reads: their labels do not contradict it."""
        rules = self.recorded.get(selector.name, ())
        equal = _equal(selector)
        for label, value in equal.items():
            if (selector.name, label) in self._by_label:
                named = self._by_label[selector.name, label]
                rules = named.get(value, ()) + named.get(None, ())
                break
        return tuple(asked for asked in rules if not _contradict(equal, self._values(asked)))

    def _values(self, asked: Asked) -> Mapping[str, str]:
        """Labels that a recorded series has with this value or not at all."""
        if id(asked.expr) not in self._fixed:
            self._fixed[id(asked.expr)] = {**_common(asked.node), **asked.rule.fixed_labels}
        return self._fixed[id(asked.expr)]

    def family(self, series: str) -> Family | None:
        """The declared metric a series belongs to; None for recorded and for undeclared ones."""
        return None if series in self.recorded else self.inventory.family(series)

    def kind(self, series: str) -> MetricType | None:
        """What a declared series counts as: the parts of a histogram are counters."""
        family = self.family(series)
        return None if family is None else family.kind(series)

    def labels_of(self, series: str) -> frozenset[str] | None:
        """Every label that all of a series carry; None where that is not known for certain."""
        if series not in self.recorded:
            family = self.inventory.family(series)
            return None if family is None else family.labels_of(series)
        if series not in self._labels:
            self._labels[series] = None  # while it is worked out: a rule that reads itself says nothing
            self._labels[series] = self._recorded_labels(series)
        return self._labels[series]

    def _recorded_labels(self, series: str) -> frozenset[str] | None:
        """What every rule that records it agrees on."""
        found = {self._rule_labels(asked) for asked in self.recorded[series]}
        return found.pop() if len(found) == 1 else None

    def _rule_labels(self, asked: Asked) -> frozenset[str] | None:
        flow = labels(asked.node, self.labels_of, trusting=True)
        if flow.open or flow.guaranteed != flow.possible:
            return None
        fixed = asked.rule.fixed_labels
        added = frozenset(label for label, value in fixed.items() if value)
        return (flow.guaranteed - frozenset(fixed)) | added


def compatible(one: Selector, other: Selector) -> bool:
    """Whether two selectors of one metric may read the same series: no `label="value"` of theirs contradicts."""
    return one.name == other.name and not _contradict(_equal(one), _equal(other))


def _common(node: Node) -> dict[str, str]:
    """Labels for which every selector of an expression asks one value: no other comes out of it."""
    if any(isinstance(part, Call) and part.function in LABEL_WRITERS for part in walk(node)):
        return {}
    asked = [_equal(selector) for selector in selectors(node)]
    first = asked[0] if asked else {}
    return {label: value for label, value in first.items() if all(value == other.get(label) for other in asked)}


def _equal(selector: Selector) -> dict[str, str]:
    return {m.label: m.value for m in selector.matchers if m.operator is MatchOperator.EQUAL}


def _contradict(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return any(other.get(label, value) != value for label, value in one.items())


def _asked(files: tuple[RuleFile, ...]) -> Iterator[Asked]:
    for file in files:
        for group, rule in file.rules():
            if rule.expr is not None:
                yield Asked(file, group, rule, rule.expr)


def _recorded(files: tuple[RuleFile, ...]) -> dict[str, tuple[Asked, ...]]:
    found: dict[str, list[Asked]] = {}
    for asked in _asked(files):
        if isinstance(asked.rule, Recording):
            found.setdefault(asked.rule.name.text, []).append(asked)
    return {name: tuple(rules) for name, rules in found.items()}


def _by_label(
    recorded: Mapping[str, tuple[Asked, ...]],
) -> dict[tuple[str, str], dict[str | None, tuple[Asked, ...]]]:
    """Hundreds of objectives record under one name: their rules by name, label and value; None for those without it."""
    index: dict[tuple[str, str], dict[str | None, tuple[Asked, ...]]] = {}
    for name, rules in recorded.items():
        labels = {label for asked in rules for label in asked.rule.fixed_labels}
        for label in labels:
            values: dict[str | None, list[Asked]] = {}
            for asked in rules:
                values.setdefault(asked.rule.fixed_labels.get(label), []).append(asked)
            index[name, label] = {value: tuple(found) for value, found in values.items()}
    return index
