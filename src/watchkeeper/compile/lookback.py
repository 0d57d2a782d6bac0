"""What an expression depends on and how far back it looks, through the recordings that it reads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from watchkeeper import promql
from watchkeeper.model import Alert, Catalog, Family, Pace, Recording, Service
from watchkeeper.promql.nodes import Node, Range, Selector, Subquery
from watchkeeper.promql.rewrite import children
from watchkeeper.quantity import Duration

SMALL = 100
"""A lag of less than this part of a window changes nothing that anyone could see in it."""
NO_TIME = Duration.of()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A metric at the bottom of an expression."""

    metric: str
    window: Duration
    """Of its samples, all windows around it together; zero when only the newest one counts."""
    through: tuple[Recording, ...]
    """The recordings between the expression and it, outermost first."""


def leaves(service: Service, node: Node) -> Iterator[Leaf]:
    """Of every selector; one that reads a recording counts as what the recording is made of."""
    match node:
        case Selector():
            sources = [each for each in service.recordings if each.name == node.name]
            for source in sources:
                for leaf in leaves(service, promql.parse(source.value)):
                    yield replace(leaf, through=(source, *leaf.through))
            if not sources:
                yield Leaf(node.name, NO_TIME, ())
        case Range() | Subquery():
            inner = node.selector if isinstance(node, Range) else node.expr
            for leaf in leaves(service, inner):
                yield replace(leaf, window=leaf.window + node.duration)
        case _:
            for child in children(node):
                yield from leaves(service, child)


def home(catalog: Catalog, service: Service, alert: Alert) -> Family | None:
    """Whose recordings an alert stands behind: those it reads that would be too old for it in any other group."""
    every = interval(catalog, Pace.STANDARD)
    for leaf in leaves(service, promql.parse(alert.value)):
        for recording in leaf.through[:1]:
            if recording.pace is Pace.STANDARD and every * SMALL > leaf.window:
                return recording.family
    return None


def lag(catalog: Catalog, service: Service, alert: Alert) -> Duration:
    """How old the newest sample is that an alert sees at worst: groups of rules begin at moments of their own."""
    beside = home(catalog, service, alert)
    return max(
        (
            sum((interval(catalog, each.pace) for each in leaf.through if each.family is not beside), NO_TIME)
            for leaf in leaves(service, promql.parse(alert.value))
        ),
        default=NO_TIME,
    )


def interval(catalog: Catalog, pace: Pace) -> Duration:
    intervals = catalog.intervals
    return intervals.rules_slow if pace is Pace.SLOW else intervals.rules_standard
