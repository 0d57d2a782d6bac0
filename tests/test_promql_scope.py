"""What a service's expressions become: its own series only, environments apart."""

import pytest

from watchkeeper.promql import parse, render
from watchkeeper.promql.scope import scope

SCOPED = [
    ("up", 'up{service="a"}'),
    ('up{service="b"}', 'up{service="b"}'),  # its owner's own word
    ("sum(rate(x[5m]))", 'sum by (service, environment) (rate(x{service="a"}[5m]))'),
    ("x and on () y", 'x{service="a"} and on (service, environment) y{service="a"}'),
    ("x / ignoring (service, pod) y", 'x{service="a"} / ignoring (pod) y{service="a"}'),
    ("max without (environment, pod) (x)", 'max without (pod) (x{service="a"})'),
    ("time() - 5", "time() - 5"),
]


@pytest.mark.parametrize(("text", "scoped"), SCOPED)
def test_scope(text: str, scoped: str) -> None:
    assert render(scope(parse(text), "a")) == scoped
