"""Who takes an alert, and by which key Alertmanager and PagerDuty know its group."""

import pytest

from watchkeeper import routing
from watchkeeper.formats.alertmanager_reading import Configuration, read

CONFIGURATION = r"""
route:
  receiver: root
  group_by: [alertname, severity]
  group_wait: 30s
  group_interval: 5m
  routes:
  - {matchers: ['kind="watchdog"'], receiver: deadman, group_wait: 1s}
  - {matchers: ['component=~"database|cache"'], receiver: database, continue: true}
  - matchers: ['severity="critical"']
    receiver: pager
    group_interval: 30s
    routes:
    - {matchers: ['team="search"'], receiver: search-pager, group_by: ['...']}
    - {matchers: ['team!~"copilot|"', 'path=~"C:\\d.*"'], receiver: odd}
  - {matchers: ['severity!="info"', 'alertname!=""'], receiver: chat}
receivers: [{name: root}]
"""


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return read(CONFIGURATION)


def told(configuration: Configuration, **labels: str) -> list[str]:
    return [delivery.receiver for delivery in routing.deliveries(configuration.root, labels)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"kind": "watchdog", "severity": "critical"}, ["deadman"]),
        ({"severity": "critical", "component": "database"}, ["database", "pager"]),
        ({"severity": "critical", "component": "databases"}, ["pager"]),  # expressions are anchored
        ({"severity": "critical", "team": "search"}, ["search-pager"]),
        ({"severity": "critical", "team": "other", "path": "C:7"}, ["odd"]),
        ({"severity": "critical", "team": "copilot", "path": "C:7"}, ["pager"]),
        ({"severity": "critical", "path": "C:7"}, ["pager"]),  # a missing label is empty
        ({"severity": "warning", "alertname": "A"}, ["chat"]),
        ({"severity": "info", "alertname": "A"}, ["root"]),
        ({"severity": "info", "component": "cache"}, ["database"]),
        ({"severity": "warning"}, ["root"]),
    ],
)
def test_the_first_fitting_route_takes_it_unless_it_goes_on(
    configuration: Configuration, labels: dict[str, str], expected: list[str]
) -> None:
    assert told(configuration, **labels) == expected


def test_what_a_route_leaves_out_comes_from_above(configuration: Configuration) -> None:
    (search,) = routing.deliveries(configuration.root, {"severity": "critical", "team": "search"})
    assert (search.route.group_wait.words, search.route.group_interval.words) == ("30 s", "30 s")
    assert search.route.repeat_interval.words == "4 h"  # Alertmanager's own default


def test_keys_are_those_of_alertmanager(configuration: Configuration) -> None:
    """The form was read from webhooks of a real one, see `test_stack_reconciler`; matchers and labels are sorted."""

    def keys(**labels: str) -> list[str]:
        return [delivery.group_key for delivery in routing.deliveries(configuration.root, labels)]

    assert keys(alertname="A", severity="warning") == [
        '{}/{alertname!="",severity!="info"}:{alertname="A", severity="warning"}'
    ]
    assert keys(severity="info") == ['{}:{severity="info"}']
    assert keys(severity="critical", team="search", b="2", a="1") == [
        '{}/{severity="critical"}/{team="search"}:{a="1", b="2", severity="critical", team="search"}'
    ]
    assert keys(severity="critical", team="x", path="C:7", alertname="B") == [
        r'{}/{severity="critical"}/{path=~"C:\\d.*",team!~"copilot|"}:{alertname="B", severity="critical"}'
    ]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('say "hi"', r'"say \"hi\""'),
        ("C:\\dir", r'"C:\\dir"'),
        ("two\nlines\tand\x07", r'"two\nlines\tand\a"'),
        ("\x1b\x7f", r'"\x1b\x7f"'),
        ("grüße", '"grüße"'),
        ("\u202e", r'"\u202e"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_odd_values_are_quoted_as_go_quotes_them(configuration: Configuration, text: str, quoted: str) -> None:
    (delivery,) = routing.deliveries(configuration.root, {"alertname": text, "severity": "info"})
    assert delivery.group_key == f'{{}}:{{alertname={quoted}, severity="info"}}'


def test_pagerduty_knows_the_incident_by_the_hash_of_the_key() -> None:
    """As captured from Alertmanager 0.25 for the group `{}:{alertname="Pay"}`: `printf %s ... | sha256sum`."""
    (delivery,) = routing.deliveries(
        read("{route: {receiver: r, group_by: [alertname]}, receivers: []}").root, {"alertname": "Pay"}
    )
    assert delivery.group_key == '{}:{alertname="Pay"}'
    assert delivery.dedup_key == "c5c9476d5de37654f5ff6a1003f3ae15dfc70b848ab43a092d9d831f6f96b468"
