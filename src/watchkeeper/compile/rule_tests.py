"""Tests of the alert rules for `promtool test rules`: anybody can prove with the stock tool what an alert does.

Firing is asked as a number of `ALERTS`, because promtool passes over a mistyped alert name in its own alert tests.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from watchkeeper import conventions, promql
from watchkeeper.compile import alerts
from watchkeeper.compile.document import Document
from watchkeeper.compile.rules import Rules, told_apart
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, RuleTest, Service
from watchkeeper.promql import build
from watchkeeper.promql.nodes import Selector

ENVIRONMENT = "production"


def documents(catalog: Catalog, compiled: Rules) -> Iterator[Document]:
    """One file for every alert, beside the rule files it tests. What is one rule for all services is tested once.

    Tests are shared by services of which not all have the alert; for one without it there is nothing to test.
    """
    shared = {alert.name: service for service, alert in alerts.written(catalog) if alert.kind.about_monitoring}
    own = {(service.name, alert.alert) for service, alert in compiled.owned_alerts() if alert.alert not in shared}
    for service in catalog.services:
        for alert, tests in groupby(service.tests, lambda test: test.alert):
            if shared.get(alert) is service or (service.name, alert) in own:
                # another service's alert of this name would fire when it has no series at all
                asked = {} if alert in shared else told_apart(catalog, service)
                path = conventions.rule_test_file(service.name, alert)
                yield Document(path, dump(_file(catalog, service, tests, asked)))


def _file(catalog: Catalog, service: Service, tests: Iterable[RuleTest], asked: Mapping[str, str]) -> Tree:
    """`asked`: labels that tell the service's alerts from those of others."""
    return {
        "rule_files": [f"../{conventions.RECORDING_RULES_FILE}", f"../{conventions.ALERT_RULES_FILE}"],
        "evaluation_interval": catalog.intervals.rules_critical.promql,
        "tests": [_test(service, test, asked) for test in tests],
    }


def _test(service: Service, test: RuleTest, asked: Mapping[str, str]) -> Tree:
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


def _question(test: RuleTest, asked: Mapping[str, str]) -> str:
    """1 while the alert fires, for however many of its series; nothing otherwise."""
    labels = {"alertname": test.alert, "alertstate": "firing", **asked, **dict(test.labels)}
    return promql.render(build.group(build.selector("ALERTS", **labels)))
