"""Asking every check: about rule files of others, and about definitions with what was compiled from them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from watchkeeper import promql
from watchkeeper.checks import inventory, suppressing
from watchkeeper.checks.check import Check
from watchkeeper.checks.definitions import Definitions, Origin
from watchkeeper.checks.reading import read_rules
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Alerting, Recording, RuleFile
from watchkeeper.checks.suppressing import Block
from watchkeeper.problem import Problem
from watchkeeper.promql import Matcher


@dataclass(frozen=True, slots=True)
class Judged:
    problems: tuple[Problem, ...]
    """Sorted by place."""
    files: tuple[RuleFile, ...]


def judge_rules(
    checks: Sequence[Check],
    texts: Mapping[str, str],
    known: inventory.Inventory,
    *,
    runbooks: frozenset[str] | None,
    today: date,
) -> Judged:
    """Rule files by the names that problems use. What cannot be loaded is a problem too."""
    read = [read_rules(text, file) for file, text in texts.items()]
    files = _once_each([each.file for each in read if each.file is not None])
    rules = Rules(files, known, runbooks=runbooks)
    found = [problem for each in read for problem in each.problems]
    found += _asked_of_rules(checks, rules)
    undecided = {check.slug for check in checks if check.needs_inventory and not known.complete}
    undecided |= {check.slug for check in checks if check.rules is None}
    kept = suppressing.suppress(
        found, texts, _blocks(files), names(checks), undecided=frozenset(undecided), today=today
    )
    return Judged(_sorted(kept), files)


def judge_definitions(
    checks: Sequence[Check], definitions: Definitions, compiled: Mapping[str, str], *, today: date
) -> Judged:
    """What the checks say about definitions and about the rule files made from them, told where it is written."""
    read = [read_rules(text, path) for path, text in compiled.items()]
    files = tuple(each.file for each in read if each.file is not None)
    known = inventory.of_catalog(definitions.catalog)
    rules = Rules(files, known, runbooks=frozenset(definitions.catalog.runbooks))
    origins = definitions.origins()
    told = (*(problem for each in read for problem in each.problems), *_asked_of_rules(checks, rules))
    found = _once(_at_origin(problem, files, origins) for problem in told)
    for check in checks:
        if check.definitions is not None:
            found += map(check.problem, check.definitions(definitions, rules))
    blocks = [Block(origin.key.file, origin.first, origin.last) for origin in origins]
    kept = suppressing.suppress(found, definitions.sources, blocks, names(checks), undecided=frozenset(), today=today)
    return Judged(_sorted(kept), files)


def names(checks: Sequence[Check]) -> dict[str, str]:
    """What a comment may call a check, and the code it stands for."""
    return {check.slug: check.slug for check in checks} | {check.id.lower(): check.slug for check in checks}


def _once_each(files: Sequence[RuleFile]) -> tuple[RuleFile, ...]:
    """Objects for a cluster may stand beside the rule files they were made from: a group is judged in one form."""
    plain = {group.said for file in files if not file.objects for group in file.groups}
    return tuple(
        replace(file, groups=tuple(group for group in file.groups if group.said not in plain)) if file.objects else file
        for file in files
    )


def _asked_of_rules(checks: Sequence[Check], rules: Rules) -> list[Problem]:
    found: list[Problem] = []
    for check in checks:
        if check.rules is not None:
            found += map(check.problem, check.rules(rules))
    return found


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """A definition of many services is compiled for each of them: what is wrong there is said once."""
    unique: dict[tuple[str, str, int, int, str], Problem] = {}
    for problem in problems:
        span = problem.span
        unique.setdefault((problem.code, span.file, span.line, span.column, problem.summary), problem)
    return list(unique.values())


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.position))


def _blocks(files: Iterable[RuleFile]) -> Iterator[Block]:
    for file in files:
        for group in file.groups:
            yield from (Block(file.file, rule.first, rule.last) for rule in group.rules)
            yield Block(file.file, group.first, group.last)


def _at_origin(problem: Problem, files: Sequence[RuleFile], origins: Sequence[Origin]) -> Problem:
    """A problem of a compiled rule, moved to the definition it was made from."""
    rule = next((rule for file in files if file.file == problem.span.file for rule in _at(file, problem)), None)
    origin = _origin(rule, origins) if rule is not None else None
    if rule is None or origin is None:
        return problem
    return replace(problem, span=origin.key, found=problem.found or f"compiled to {problem.span}")


def _at(file: RuleFile, problem: Problem) -> Iterator[Recording | Alerting]:
    return (rule for _, rule in file.rules() if rule.first <= problem.span.line <= rule.last)


def _matchers(rule: Recording | Alerting) -> Iterator[Matcher]:
    for selector in promql.selectors(rule.expr.node) if rule.expr is not None else ():
        yield from selector.matchers


def _origin(rule: Recording | Alerting, origins: Sequence[Origin]) -> Origin | None:
    """The last place that defines it: an alert or recording of that name, else its objective, or the one it reads."""
    section = "alerts" if isinstance(rule, Alerting) else "recordings"
    wanted = [(section, rule.name.text), ("slos", rule.fixed_labels.get("slo", ""))]
    wanted += [("slos", matcher.value) for matcher in _matchers(rule) if matcher.label == "slo"]
    for section, name in wanted:
        for origin in reversed(origins):
            if (origin.section, origin.name) == (section, name):
                return origin
    return None
