"""Prometheus rule files to typed rules: what Prometheus accepts, and every reason why it would refuse the rest.

Also the objects of the Prometheus operator (`kind: PrometheusRule`), whose groups stand under `spec`: one or many of
them in a file, among other objects perhaps.
Source: github.com/prometheus/prometheus, model/rulefmt/rulefmt.go.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from watchkeeper import promql
from watchkeeper.checks.subject import Alerting, Expression, Group, Pair, Recording, RuleFile
from watchkeeper.checks.written import Written
from watchkeeper.problem import Problem, Span, source_lines
from watchkeeper.quantity import Duration, QuantityError
from watchkeeper.spec import nodes
from watchkeeper.spec.nodes import Mapping, Node, Scalar, Sequence
from watchkeeper.spec.parsing import parse_foreign
from watchkeeper.spec.wording import error, instead, listed, warning

MAX_RULES = 20_000
"""Aliases can make much of little; the largest installations anyone speaks of have some thousand rules."""

_FILE = frozenset({"groups"})
_GROUP = frozenset({"interval", "labels", "limit", "name", "query_offset", "rules"})
_NEWER = frozenset({"labels", "query_offset"})
"""Keys of a group since 2.53 and 3.0."""
_SHARED = frozenset({"expr", "labels"})
_KEYS = {
    "record": _SHARED | {"record"},
    "alert": _SHARED | {"alert", "annotations", "for", "keep_firing_for"},
}
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_SAYS = re.compile(r"^\s*[^\s#]", re.MULTILINE)
_YEARS = re.compile(r"([0-9]{1,3})y(.*)")


@dataclass(frozen=True, slots=True)
class ReadRules:
    file: RuleFile | None
    """None when the file is no YAML; rules and groups with a mistake of their own are left out."""
    problems: tuple[Problem, ...]


def read_rules(text: str, file: str) -> ReadRules:
    """Every rule of a file, and every problem that keeps Prometheus from loading it. Never raises."""
    found = [parse_foreign(each, file, what="a rule file", begin="groups:") for each in _documents(text)]
    if len(found) > 1 and not all(each.root is not None and "kind" in each.root.entries for each in found):
        # Prometheus reads the first and passes over the others; the operator reads all objects
        found = [parse_foreign(text, file, what="a rule file", begin="groups:")]
    problems = [problem for each in found for problem in each.problems]
    roots = [each.root for each in found if each.root is not None]
    if not roots:
        return ReadRules(None, tuple(problems))
    reader = _Reader(file, tuple(source_lines(text)))
    objects = [root for root in roots if _of_rules(root)]
    groups = [group for root in objects or roots for group in reader.groups(root)]
    read = RuleFile(file, reader.lines, tuple(groups), objects=bool(objects))
    return ReadRules(read, (*problems, *reader.problems))


def _documents(text: str) -> list[str]:
    """Those of a file that say something, each at the lines where it stands."""
    starts = [0, *(match.start() for match in _DOCUMENT.finditer(text)), len(text)]
    parts = [(text[:start].count("\n"), text[start:end]) for start, end in pairwise(starts)]
    said = ["\n" * line + part for line, part in parts if _SAYS.search(_DOCUMENT.sub("", part))]
    return said if len(said) > 1 else [text]


def _of_rules(root: Mapping) -> bool:
    kind = nodes.step(root, "kind")
    return isinstance(kind, Scalar) and kind.text == "PrometheusRule"


class _Reader:
    """Keeps what is wrong with one file."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        self.file = file
        self.lines = lines
        self.problems: list[Problem] = []
        self.rules = 0

    def groups(self, root: Mapping) -> list[Group]:
        """Of a document; another may have groups of the same names."""
        spec = nodes.step(root, "spec")
        root = spec if _of_rules(root) and isinstance(spec, Mapping) else root
        self._known(root, _FILE, "a rule file")
        written = self._sequence(root, "groups", "a rule file")
        groups = [group for node in written if (group := self._group(node)) is not None]
        seen: set[str] = set()
        for group in groups:
            if group.name.text in seen:
                self._say("duplicate", group.name.whole, f"group `{group.name.text}` is defined twice", "rename one")
            seen.add(group.name.text)
        return groups

    def _group(self, node: Node) -> Group | None:
        if not isinstance(node, Mapping):
            self._say("wrong-type", node.span, "a group is a map", "write `name:` and `rules:`")
            return None
        self._known(node, _GROUP, "a group")
        name = self._text(node, "name", "a group")
        rules = tuple(self._rules(node))
        if name is None:
            return None
        interval = self._duration(node, "interval")
        self._duration(node, "query_offset")
        lines = [rule.first for rule in rules]
        return Group(
            name,
            interval,
            nodes.value_span(node, ("interval",)) if interval is not None else name.whole,
            rules,
            node.span.line,
            min(lines, default=name.whole.line + 1) - 1,
            tuple((key, node.entries[key].key) for key in sorted(_NEWER & node.entries.keys())),
        )

    def _rules(self, group: Mapping) -> Iterator[Recording | Alerting]:
        for node in self._sequence(group, "rules", "a group"):
            self.rules += 1
            if self.rules > MAX_RULES:
                self._say("too-many", node.span, f"more than {MAX_RULES} rules in one file", "split the file")
                return
            rule = self._rule(node)
            if rule is not None:
                yield rule

    def _rule(self, node: Node) -> Recording | Alerting | None:
        if not isinstance(node, Mapping):
            self._say("wrong-type", node.span, "a rule is a map", "write `alert:` or `record:`, and `expr:`")
            return None
        kinds = [kind for kind in _KEYS if kind in node.entries]
        if len(kinds) != 1:
            found = " and ".join(kinds) or listed(node.entries) if node.entries else "nothing"
            summary = "a rule either records or alerts"
            self.problems.append(
                error("conflict", node.span, summary, found=found, allowed="`record:` or `alert:`", fix="keep one")
            )
            return None
        (kind,) = kinds
        self._known(node, _KEYS[kind], f"a rule with `{kind}:`")
        name, expr = self._text(node, kind, "a rule"), self._expression(node)
        labels, annotations = self._pairs(node, "labels"), self._pairs(node, "annotations")
        waits, keeps = self._duration(node, "for"), self._duration(node, "keep_firing_for")
        if name is None:
            return None
        first, last = node.span.line, _last_line(node, self.lines)
        if kind == "record":
            self._metric_name(name)
            return Recording(name, expr, labels, first, last)
        for_span = nodes.value_span(node, ("for",)) if "for" in node.entries else name.whole
        none = Duration.of()
        return Alerting(name, expr, labels, first, last, waits or none, keeps or none, annotations, for_span)

    def _metric_name(self, name: Written) -> None:
        if not _METRIC.fullmatch(name.text):
            fix = "write letters, digits, `_` and `:`; for an alert write `alert:`"
            self._say("bad-name", name.whole, f"`{name.text}` is no name of a metric", fix)

    def _expression(self, rule: Mapping) -> Expression | None:
        written = self._text(rule, "expr", "a rule")
        if written is None:
            return None
        try:
            return Expression(written, promql.parse(written.text))
        except promql.PromqlError as failure:
            word = re.match(r"[A-Za-z0-9_:.]+", written.text[failure.position :])
            span = written.part(failure.position, len(word[0]) if word else 1)
            self.problems.append(
                error(
                    "bad-promql",
                    span,
                    f"not PromQL: {failure.message}",
                    found=written.text,
                    fix="mend the expression at the mark",
                )
            )
            return None

    def _pairs(self, rule: Mapping, key: str) -> tuple[Pair, ...]:
        entry = rule.entries.get(key)
        if entry is None or nodes.is_null(entry.value):
            return ()
        if not isinstance(entry.value, Mapping):
            self._say("wrong-type", entry.value.span, f"`{key}` is a map", "write `name: value` lines")
            return ()
        pairs = []
        for name, each in entry.value.entries.items():
            if not _LABEL.fullmatch(name) or name == "__name__":
                self._say("bad-label", each.key, f"`{name}` is no name for one of the {key}", "take another name")
            elif isinstance(each.value, Scalar):
                pairs.append(Pair(name, Written(each.value, self.lines), each.key))
            else:
                self._say("wrong-type", each.value.span, f"`{name}` under `{key}` is a text", "write one value")
        return tuple(pairs)

    def _duration(self, node: Mapping, key: str) -> Duration | None:
        entry = node.entries.get(key)
        if entry is None or nodes.is_null(entry.value):
            return None
        if isinstance(entry.value, Scalar):
            try:
                return _duration(entry.value.text)
            except QuantityError as failure:
                self.problems.append(
                    error(
                        "bad-duration",
                        entry.value.span,
                        f"`{key}`: {failure.message}",
                        found=failure.found,
                        allowed=failure.allowed,
                        fix=failure.hint,
                    )
                )
                return None
        self._say("wrong-type", entry.value.span, f"`{key}` is a duration", "write 30s, 5m, 1h")
        return None

    def _text(self, node: Mapping, key: str, what: str) -> Written | None:
        entry = node.entries.get(key)
        if entry is None or nodes.is_null(entry.value):
            span = entry.key if entry else node.span
            self.problems.append(error("missing-key", span, f"{what} without `{key}`", fix=f"add `{key}:`"))
            return None
        if not isinstance(entry.value, Scalar):
            self._say("wrong-type", entry.value.span, f"`{key}` is a text", "write one value")
            return None
        return Written(entry.value, self.lines)

    def _sequence(self, node: Mapping, key: str, what: str) -> tuple[Node, ...]:
        entry = node.entries.get(key)
        if entry is None or nodes.is_null(entry.value):
            span = entry.key if entry else node.span
            # Prometheus loads it, and nothing is in it: nobody wants that
            self.problems.append(warning("empty", span, f"{what} without `{key}`", fix=f"add a list under `{key}:`"))
            return ()
        if not isinstance(entry.value, Sequence):
            self._say("wrong-type", entry.value.span, f"`{key}` is a list", "begin each entry with `- `")
            return ()
        return entry.value.items

    def _known(self, node: Mapping, keys: frozenset[str], what: str) -> None:
        for key, entry in node.entries.items():
            if key not in keys:
                self.problems.append(
                    error(
                        "unknown-key",
                        entry.key,
                        f"{what} has no key `{key}`",
                        found=key,
                        allowed=listed(keys),
                        fix=instead(key, keys, "remove it"),
                    )
                )

    def _say(self, code: str, span: Span, summary: str, fix: str) -> None:
        self.problems.append(error(code, span, summary, fix=fix))


def _duration(text: str) -> Duration:
    """Prometheus' durations: ours, and years, and a bare zero."""
    if text == "0":
        return Duration.of()
    years = _YEARS.fullmatch(text)
    if years is None:
        return Duration.parse(text)
    rest = Duration.parse(years[2]) if years[2] else Duration.of()
    return Duration.of(days=365 * int(years[1])) + rest


def _last_line(rule: Mapping, lines: tuple[str, ...]) -> int:
    """Up to the line before the next that is indented less than the keys of the rule, blank ones aside."""
    indent = rule.span.column - 1
    last = rule.span.line
    for number in range(rule.span.line, len(lines)):
        line = lines[number]
        if line.strip():
            if len(line) - len(line.lstrip()) < indent:
                break
            last = number + 1
    return last
