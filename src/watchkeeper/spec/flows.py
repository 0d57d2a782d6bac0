"""Labels that can never be there: groupings, joins and guards that cannot have the effect their author meant."""

from collections.abc import Iterator
from functools import partial

from watchkeeper.model import Kind
from watchkeeper.problem import Problem
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import Impossible, impossible, labels, type_of
from watchkeeper.promql.nodes import Aggregation, Binary, Node
from watchkeeper.promql.places import Places, named_labels
from watchkeeper.promql.scope import KEYS, scope
from watchkeeper.spec import series
from watchkeeper.spec.places import Place
from watchkeeper.spec.wording import error, instead, listed


def _compiled(place: Place, node: Node, kind: Kind) -> Node:
    """What is asked in the end: `service` and `environment` take part in every grouping and join."""
    return node if kind.about_monitoring else scope(node, place.definitions.service)


def inside(place: Place, node: Node, kind: Kind) -> Iterator[Problem]:
    """Groupings and joins. Matchers on labels that are not there are told with their metric."""
    root = _compiled(place, node, kind)
    found = impossible(root, partial(series.labels, place.definitions))
    added = frozenset() if kind.about_monitoring else frozenset(KEYS)
    groupings = [(p, p.node) for p in found if isinstance(p.node, Aggregation) and p.label not in added]
    joins = [(p, p.node) for p in found if isinstance(p.node, Binary)]
    places = Places(place.text, root)
    for problem, part in groupings or joins:  # a misspelt grouping breaks the joins around it, too
        yield error(
            "impossible-label",
            place.token(places.label(part, problem.label)),
            f"{place.name}: {problem.reason}",
            found=problem.label,
            allowed=listed(problem.possible) if problem.possible else "no label at all",
            fix=_fix(problem, part),
        )


def _fix(problem: Impossible, part: Aggregation | Binary) -> str:
    if problem.label == "le":
        return "read the series of a histogram that end in `_bucket`"
    if isinstance(part, Aggregation):
        return instead(problem.label, problem.possible, f"leave `{problem.label}` out")
    if problem.label in KEYS:
        return "let both sides have `service` and `environment`, which every join compares"
    named = problem.possible if problem.label in named_labels(part) else ()
    return instead(problem.label, named, "group both sides by the same labels, or join them `on` labels of both")


def guard(place: Place, node: Node, value: Node, kind: Kind) -> Iterator[Problem]:
    """A guard holds for the series of its value that have the same labels. Two sound expressions are needed."""
    labels_of = partial(series.labels, place.definitions)
    both = [_compiled(place, each, kind) for each in (node, value)]
    if any(type_of(each) is not Type.VECTOR or impossible(each, labels_of) for each in both):
        return
    of_guard, of_value = (labels(each, labels_of) for each in both)
    bare = "bring it in as a number: `0 * METRIC + scalar(…)`, with a metric that is grouped like the value"
    for missing, owner in ((of_value.missing_in(of_guard), "value"), (of_guard.missing_in(of_value), "guard")):
        if missing:
            yield error(
                "impossible-label",
                place.whole,
                f"{place.name} can never hold together with its value",
                found=f"only the {owner} has {listed(missing)}",
                allowed="the same labels on both",
                fix="group both by the same labels" if of_guard.possible else bare,
            )
