"""Tests of the alert rules for `promtool test rules`: anybody can prove with the stock tool what an alert does.

Firing is asked as a number of `ALERTS`, because promtool passes over a mistyped alert name in its own alert tests.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from watchkeeper import conventions, promql
from watchkeeper.compile.document import Document
from watchkeeper.formats.prometheus import Pairs
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, RuleTest, Service
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Selector

ENVIRONMENT = "production"


def documents(catalog: Catalog) -> Iterator[Document]:
    """One file for every alert, beside the rule files it tests."""
    for place, service in enumerate(catalog.services):
        shared = {alert.name for alert in service.alerts if alert.kind.about_monitoring}
        for alert, tests in groupby(service.tests, lambda test: test.alert):
            if alert in shared and place:
                continue  # the same rule for all, tested with the first
            path = conventions.rule_test_file(service.name, alert)
            alone = alert in shared or len(catalog.services) == 1
            yield Document(path, dump(_file(catalog, service, tests, alone=alone)))


def _file(catalog: Catalog, service: Service, tests: Iterable[RuleTest], *, alone: bool) -> Tree:
    """`alone`: no other service has an alert of this name, which would fire when it has no series at all."""
    asked = () if alone else (("service", service.name),)
    return {
        "rule_files": [f"../{conventions.RECORDING_RULES_FILE}", f"../{conventions.ALERT_RULES_FILE}"],
        "evaluation_interval": catalog.intervals.rules_critical.promql,
        "tests": [_test(service, test, asked) for test in tests],
    }


def _test(service: Service, test: RuleTest, asked: Pairs) -> Tree:
    samples: list[Tree] = [{"labels": "{}", "value": 1}] if test.fires else []
    return {
        "name": f"{test.alert} {'fires' if test.fires else 'is silent'}: {test.idea}",
        "interval": test.every.promql,
        "input_series": [{"series": _series(service, name), "values": values} for name, values in test.series],
        "promql_expr_test": [{"expr": _question(test, asked), "eval_time": test.at.promql, "exp_samples": samples}],
    }


def _series(service: Service, name: str) -> str:
    """With the labels that every scrape adds, unless the test names its own."""
    selector = promql.parse(name)
    if not isinstance(selector, Selector):
        raise TypeError(f"{name}: a series is a name with labels")
    named = {matcher.label for matcher in selector.matchers}
    added = {"service": service.name, "environment": ENVIRONMENT}
    labels = {m.label: m.value for m in selector.matchers} | {k: v for k, v in added.items() if k not in named}
    return promql.render(build.selector(selector.name, **labels))


def _question(test: RuleTest, asked: Pairs) -> str:
    """1 while the alert fires, for however many of its series; nothing otherwise."""
    labels = {"alertname": test.alert, "alertstate": "firing", **dict(asked), **dict(test.labels)}
    return promql.render(build.group(build.selector("ALERTS", **labels)))
