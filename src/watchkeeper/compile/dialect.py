"""Metrics of another dialect get our names when they are scraped, so that the rules stay the same bytes everywhere."""

from collections.abc import Iterable, Iterator

from watchkeeper.formats.yaml import Tree
from watchkeeper.model import Dialect, Part, Renamed

_PARTS = ("_bucket", "_count", "_sum")


def relabelling(dialect: Dialect, part: Part) -> list[Tree]:
    """`metric_relabel_configs` of one scrape. Copies and the critical path keep nothing but what they rename."""
    own = [renamed for renamed in dialect.series if renamed.part is part]
    steps = [step for renamed in own for step in _renamed(renamed)]
    if part is Part.STANDARD:
        steps += [_family(source, target) for source, target in dialect.families]
    else:
        steps.append(_kept(sorted({renamed.target for renamed in own})))
    return [*steps, *_labels(dialect)]


def _renamed(renamed: Renamed) -> Iterator[Tree]:
    """Labels first: once a series has its new name, nothing matches it by the old one."""
    sources: list[Tree] = ["__name__", *(label for label, _ in renamed.when)]
    regex = ";".join((renamed.source, *(pattern for _, pattern in renamed.when)))
    for label, value in (*renamed.labels, ("__name__", renamed.target)):
        yield {"source_labels": sources, "regex": regex, "target_label": label, "replacement": value}


def _family(source: str, target: str) -> Tree:
    regex = f"{source}({'|'.join(_PARTS)})"
    return {"source_labels": ["__name__"], "regex": regex, "target_label": "__name__", "replacement": f"{target}$1"}


def _kept(names: Iterable[str]) -> Tree:
    return {"source_labels": ["__name__"], "regex": "|".join(names), "action": "keep"}


def _labels(dialect: Dialect) -> Iterator[Tree]:
    for theirs, ours in dialect.labels:
        yield {"action": "labelmap", "regex": theirs, "replacement": ours}
    yield {"action": "labeldrop", "regex": "|".join(theirs for theirs, _ in dialect.labels)}
