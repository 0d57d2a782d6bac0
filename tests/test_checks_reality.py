"""The catalog against a live page: each way in which they can differ, and the page that does not."""

from pathlib import Path

import pytest

from watchkeeper import checks, spec
from watchkeeper.checks import reality
from watchkeeper.checks.definitions import Definitions
from watchkeeper.formats.exposition import parse
from watchkeeper.model import Catalog
from watchkeeper.problem import Problem, Severity

PAGE = "http://127.0.0.1:9464/metrics"
PACK = Path(__file__).parent / "golden" / "pack"


@pytest.fixture(scope="module")
def subject() -> Definitions:
    """The small pack of the golden cases: its metrics are few."""
    loaded = spec.load(pack=PACK)
    assert loaded.catalog is not None, loaded.problems
    return checks.of_sources(loaded.catalog, loaded.sources)


def page(subject: Definitions) -> str:
    """One series of each metric that the SDK exposes."""
    lines: list[str] = []
    for metric in subject.catalog.metrics:
        if metric.emitter != "sdk":
            continue
        labels = ",".join(f'{label.name}="{label.values[0] if label.values else "x"}"' for label in metric.labels)
        name = metric.name
        lines.append(f"# TYPE {name} {metric.type}")
        if metric.type == "histogram":
            lines += [f'{name}_bucket{{{labels}{"," if labels else ""}le="+Inf"}} 1', f"{name}_sum{{{labels}}} 1"]
            lines.append(f"{name}_count{{{labels}}} 1")
        else:
            lines.append(f"{name}{{{labels}}} 1")
    return "\n".join(lines) + "\n"


def compared(subject: Definitions, text: str) -> list[Problem]:
    return list(reality.compare(subject, parse(text), PAGE))


def first(subject: Definitions, kind: str) -> str:
    return next(m.name for m in subject.catalog.metrics if m.emitter == "sdk" and m.type == kind)


def test_a_page_as_declared_is_clean(subject: Definitions) -> None:
    assert compared(subject, page(subject)) == []


def test_a_metric_nobody_declared(subject: Definitions) -> None:
    (problem,) = compared(subject, page(subject) + "# TYPE queue_size gauge\nqueue_size 3\n")
    assert (problem.code, problem.severity) == ("undeclared-metric", Severity.WARNING)
    assert problem.span.file == PAGE
    assert problem.span.line == page(subject).count("\n") + 1


def test_another_type(subject: Definitions) -> None:
    counter = first(subject, "counter")
    (problem,) = compared(subject, page(subject).replace(f"# TYPE {counter} counter", f"# TYPE {counter} gauge"))
    assert (problem.code, problem.found, problem.allowed) == ("other-type", "gauge", "counter")


def test_a_page_that_says_no_type_says_no_other(subject: Definitions) -> None:
    counter = first(subject, "counter")
    assert compared(subject, page(subject).replace(f"# TYPE {counter} counter\n", "")) == []


def test_a_metric_that_is_not_there_is_marked_where_it_is_declared(subject: Definitions) -> None:
    counter = first(subject, "counter")
    text = "\n".join(line for line in page(subject).split("\n") if counter not in line)
    (problem,) = compared(subject, text)
    assert (problem.code, problem.severity) == ("missing-metric", Severity.WARNING)
    assert problem.span == subject.key("metrics", counter)


def test_a_page_of_something_else(subject: Definitions) -> None:
    found = compared(subject, "go_goroutines 5\n")
    assert [problem.code for problem in found] == ["missing-metric", "undeclared-metric"]
    assert found[0].severity is Severity.ERROR


def with_label(subject: Definitions) -> tuple[str, str, str]:
    """A metric, one of its labels with a list of values, and the first of them."""
    return next(
        (metric.name, label.name, label.values[0])
        for metric in subject.catalog.metrics
        if metric.emitter == "sdk" and metric.type == "counter"
        for label in metric.labels
        if label.values and label.name not in {"slo", "class", "dependency"}
    )


def test_a_value_outside_its_domain_is_told_once(subject: Definitions) -> None:
    name, label, value = with_label(subject)
    line = next(line for line in page(subject).split("\n") if line.startswith(name) and f'{label}="{value}"' in line)
    strange = line.replace(f'{label}="{value}"', f'{label}="strange"')
    twice = strange.replace("{", '{instance="a",')
    problems = [
        p for p in compared(subject, page(subject) + strange + "\n" + twice + "\n") if p.code == "outside-domain"
    ]
    assert [problem.found for problem in problems] == [f'{label}="strange"']
    assert value in problems[0].allowed


def test_the_surplus_of_a_label_is_inside(subject: Definitions) -> None:
    name, label, value = with_label(subject)
    line = next(line for line in page(subject).split("\n") if line.startswith(name) and f'{label}="{value}"' in line)
    text = page(subject) + line.replace(f'{label}="{value}"', f'{label}="{reality.OVERFLOW}"') + "\n"
    assert [p for p in compared(subject, text) if p.code == "outside-domain"] == []


def test_an_undeclared_label(subject: Definitions) -> None:
    name, _, _ = with_label(subject)
    (problem,) = compared(subject, page(subject).replace(f"\n{name}{{", f'\n{name}{{user="ann",', 1))
    assert (problem.code, problem.found) == ("outside-domain", 'user="ann"')


def test_exporters_have_labels_nobody_listed(catalog: Catalog) -> None:
    foreign = next(m for m in catalog.metrics if m.emitter.foreign and not m.labels and m.type == "gauge")
    families = parse(f'# TYPE {foreign.name} gauge\n{foreign.name}{{rack="7"}} 1\n')
    found = reality.compare(checks.of_sources(catalog, spec.load().sources), families, PAGE)
    assert {problem.code for problem in found} <= {"missing-metric"}


def test_more_series_than_planned(subject: Definitions) -> None:
    metric = next(m for m in subject.catalog.metrics if m.emitter == "sdk" and m.type == "counter")
    more = "".join(f'{metric.name}{{instance="{number}"}} 1\n' for number in range(metric.planned))
    problems = compared(subject, page(subject) + more)
    # one on the page and as many again as planned
    assert [(p.code, p.found) for p in problems] == [("over-plan", f"{metric.planned + 1} series")]
