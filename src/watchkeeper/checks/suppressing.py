"""`# watchkeeper: ignore L22 because it is a canary until 2027-03-01`, on or above what is not to be told."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from watchkeeper.problem import Problem, Severity, Span, source_lines
from watchkeeper.spec.wording import closest, error

_MARK = re.compile(r"(?:^|\s)#\s*watchkeeper:\s*(?P<words>.*?)\s*$", re.IGNORECASE)
_WORDS = re.compile(
    r"ignore\s+(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)"
    r"(?:\s+because\s+(?P<because>.*?))?"
    r"(?:\s+until\s+(?P<until>\S+))?",
    re.IGNORECASE,
)
_FORM = "# watchkeeper: ignore L22 because REASON until 2027-03-01"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: a rule, the head of a group, a definition."""

    file: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Suppression:
    slug: str
    block: Block | None
    """None where the comment stands on nothing."""
    until: date | None
    span: Span

    def covers(self, problem: Problem) -> bool:
        block, span = self.block, problem.span
        return (
            block is not None
            and problem.code == self.slug
            and span.file == block.file
            and block.first <= span.line <= block.last
        )


def suppress(
    problems: Iterable[Problem],
    sources: Mapping[str, str],
    blocks: Iterable[Block],
    slugs: Mapping[str, str],
    *,
    undecided: frozenset[str],
    today: date,
) -> tuple[Problem, ...]:
    """The problems that remain, and those of the comments themselves.

    `slugs` are the names a comment may use and the code each stands for; `undecided` the codes of checks that could
    not see everything, so that nobody can say whether their comments are needed.
    """
    wrong: list[Problem] = []
    comments: list[Suppression] = []
    blocks = tuple(blocks)
    for file, text in sources.items():
        own = [block for block in blocks if block.file == file]
        for found in _comments(text, file, own, slugs):
            (wrong if isinstance(found, Problem) else comments).append(found)  # type: ignore[arg-type]
    kept: list[Problem] = []
    used: set[Suppression] = set()
    for problem in problems:
        covering = [comment for comment in comments if comment.covers(problem)]
        used.update(covering)
        if not any(comment.until is None or comment.until > today for comment in covering):
            kept.append(problem)
    for comment in comments:
        if comment in used and comment.until is not None and comment.until <= today:
            wrong.append(_expired(comment))
        elif comment not in used and comment.slug not in undecided:
            wrong.append(_unused(comment))
    return (*kept, *wrong)


def _comments(
    text: str, file: str, blocks: Sequence[Block], slugs: Mapping[str, str]
) -> Iterator[Suppression | Problem]:
    lines = source_lines(text)
    for number, line in enumerate(lines, 1):
        mark = _MARK.search(line)
        if mark is None:
            continue
        span = Span(file, number, mark.start("words") + 1, mark.end("words") + 1)
        words = _WORDS.fullmatch(mark["words"])
        if words is None:
            yield _malformed(span, mark["words"])
            continue
        until = _day(words["until"])
        if words["until"] and until is None:
            yield _bad_day(span, words["until"])
        elif not words["because"]:
            yield _without_reason(span, words["names"])
        else:
            block = _block_at(number, lines, blocks)
            for name in re.split(r"\s*,\s*", words["names"]):
                slug = slugs.get(name.lower())
                yield _unknown(span, name, slugs) if slug is None else Suppression(slug, block, until, span)


def _block_at(number: int, lines: Sequence[str], blocks: Sequence[Block]) -> Block | None:
    """The block a line is in, or the one that begins below it with nothing but comments between."""
    below = number
    while below <= len(lines) and lines[below - 1].lstrip().startswith("#"):
        below += 1
    begins = next((block for block in blocks if block.first == below), None)
    return begins or next((block for block in blocks if block.first <= number <= block.last), None)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _malformed(span: Span, words: str) -> Problem:
    return error(
        "ignore-unreadable",
        span,
        "a comment for watchkeeper that says nothing it understands",
        found=words,
        allowed=_FORM,
        fix="write it like that, or remove `watchkeeper:`",
    )


def _bad_day(span: Span, found: str) -> Problem:
    return error(
        "ignore-unreadable",
        span,
        "`until` is followed by no day",
        found=found,
        allowed="a day: 2027-03-01",
        fix="write year, month and day",
    )


def _without_reason(span: Span, names: str) -> Problem:
    return error(
        "ignore-without-reason",
        span,
        f"{names} is ignored without a reason",
        allowed=_FORM,
        fix="add `because` and why: whoever reads it next must be able to judge",
    )


def _unknown(span: Span, name: str, slugs: Mapping[str, str]) -> Problem:
    near = closest(name, slugs)
    return error(
        "ignore-unknown",
        span,
        f"there is no check `{name}`",
        found=name,
        allowed="an id or a name from docs/reference/checks.md: L22, no-traffic-guard",
        fix=f"write `{near}`" if near else "see the brackets at the end of the problem's first line",
    )


def _expired(comment: Suppression) -> Problem:
    return Problem(
        "ignore-expired",
        Severity.WARNING,
        comment.span,
        f"ignoring {comment.slug} ended on {comment.until}",
        fix="mend what it hides, or give a later day and the reason",
    )


def _unused(comment: Suppression) -> Problem:
    where = "here" if comment.block else "here: the comment stands on no rule"
    return Problem(
        "ignore-unused",
        Severity.WARNING,
        comment.span,
        f"nothing to ignore: no {comment.slug} {where}",
        fix="remove the comment",
    )
