"""The routing table: who is told what, judged by amtool, and the templates, judged by their words."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import compile_bench
from watchkeeper import conventions, engines
from watchkeeper.compile import alertmanager as compiled
from watchkeeper.compile.detection import group_wait
from watchkeeper.compile.reference import reference
from watchkeeper.compile.templates import templates
from watchkeeper.model import (
    Catalog,
    Credentials,
    Hours,
    Mail,
    PagerDuty,
    Period,
    Receiver,
    Route,
    Schedule,
    Slack,
    Smtp,
    Team,
    Timing,
    Weekday,
)
from watchkeeper.quantity import Duration


@pytest.fixture(scope="module")
def built(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("monitoring")
    compile_bench.write(compile_bench.texts(catalog), folder)
    return folder


def _amtool(amtool: engines.Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*amtool.command, *arguments], capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.engine
def test_amtool_takes_the_configuration(amtool: engines.Engine, built: Path) -> None:
    done = _amtool(amtool, "check-config", str(built / conventions.ALERTMANAGER_FILE))
    assert done.returncode == 0, done.stdout + done.stderr


def _tree(catalog: Catalog) -> dict[str, object]:
    tree = yaml.safe_load(compiled.configuration(catalog, reference(catalog)).text)
    assert isinstance(tree, dict)
    return tree


def test_no_secret_is_in_the_document(catalog: Catalog) -> None:
    text = compiled.configuration(catalog, reference(catalog)).text
    assert "routing_key_file: secrets/pagerduty-critical" in text
    assert "api_url_file: secrets/slack-incidents" in text
    assert "smtp_auth_password_file: secrets/smtp-password" in text
    assert "routing_key:" not in text
    assert "smtp_auth_password:" not in text
    assert "api_url:" not in text


def test_a_repeat_never_ties_with_a_tick_of_its_group(catalog: Catalog) -> None:
    timing = Timing(Duration.of(seconds=10), Duration.of(seconds=30), Duration.of(minutes=30))
    route = Route((("severity", ("critical",)),), ("slack-incidents",), timing)
    routing = replace(catalog.routing, routes=(route,))
    text = compiled.configuration(replace(catalog, routing=routing), reference(catalog)).text
    # 30 min = 60 ticks of 30 s: a race; 5 s less is none
    assert "repeat_interval: 29m55s" in text


def test_critical_waits_ten_seconds_at_most(catalog: Catalog) -> None:
    paging = [route for route in catalog.routing.routes if "slack-incidents" in route.receivers]
    assert len(paging) == 3, "P0, P1 and the other critical alerts"
    assert all(route.timing.group_wait <= Duration.of(seconds=10) for route in paging)


def test_pagerduty_gets_a_severity_it_knows(catalog: Catalog) -> None:
    text = json.dumps(_tree(catalog))
    assert 'eq .CommonLabels.severity \\"critical\\" }}critical' in text.replace('\\\\"', '\\"')
    assert '"high"' not in text.split('"receivers"')[1]


def test_a_notification_leads_to_the_alerts_own_page(catalog: Catalog) -> None:
    deployment = replace(reference(catalog), console_url="http://127.0.0.1:8460")
    text = compiled.configuration(catalog, deployment).text
    link = "http://127.0.0.1:8460/alerts/{{ .CommonLabels.alertname | urlquery }}"
    assert f"client_url: {link}" in text
    assert f"title_link: {link}" in text
    assert f'{{{{ template "wk.slack.text" . }}}}What is known now, and what to do: {link}' in text
    assert f'<a href="{link}">' in text


def _routes(catalog: Catalog) -> list[dict[str, object]]:
    route = _tree(catalog)["route"]
    assert isinstance(route, dict)
    routes: list[dict[str, object]] = route["routes"]
    return routes


SECOND = Duration.of(seconds=1)
TIMING = Timing(SECOND, Duration.of(seconds=15), Duration.of(hours=1))


def _routing(catalog: Catalog, *routes: Route, teams: tuple[Team, ...] = ()) -> Catalog:
    return replace(catalog, routing=replace(catalog.routing, routes=routes, teams=teams))


def test_several_values_are_one_anchored_expression(catalog: Catalog) -> None:
    """Alertmanager anchors it; what means something in an expression is escaped, and the escapes are for the quotes."""
    route = Route((("severity", ("critical", "high")), ("host", ("a.b", "c"))), ("console-only",), TIMING)
    (compiled_route,) = _routes(_routing(catalog, route))
    assert compiled_route["matchers"] == ['severity=~"critical|high"', r'host=~"a\\.b|c"']


def test_a_route_that_goes_on_goes_on_from_its_last_receiver_too(catalog: Catalog) -> None:
    stays = Route((("severity", ("high",)),), ("mail-finance", "deadman"), TIMING)
    found = _routes(_routing(catalog, replace(stays, continue_=True), replace(stays, match=(("tier", ("high",)),))))
    assert [(one["receiver"], one.get("continue", False)) for one in found] == [
        ("mail-finance", True),
        ("deadman", True),
        ("mail-finance", True),
        ("deadman", False),
    ]


def test_hours_are_on_every_receiver_of_a_route(catalog: Catalog) -> None:
    route = Route(
        (("severity", ("high",)),), ("mail-finance", "deadman"), TIMING, ("business-hours",), ("maintenance",)
    )
    for one in _routes(_routing(catalog, route)):
        assert one["active_time_intervals"] == ["business-hours"]
        assert one["mute_time_intervals"] == ["maintenance"]


def test_schedules_are_time_intervals_of_the_catalogs_zone(catalog: Catalog) -> None:
    intervals = _tree(catalog)["time_intervals"]
    assert isinstance(intervals, list)
    zone = {"location": "America/New_York"}
    assert intervals == [
        {
            "name": "business-hours",
            "time_intervals": [
                {"weekdays": ["monday:friday"], "times": [{"start_time": "09:00", "end_time": "17:00"}]} | zone
            ],
        },
        {
            "name": "off-hours",
            "time_intervals": [
                {
                    "weekdays": ["monday:friday"],
                    "times": [
                        {"start_time": "00:00", "end_time": "09:00"},
                        {"start_time": "17:00", "end_time": "24:00"},
                    ],
                }
                | zone,
                {"weekdays": ["sunday", "saturday"]} | zone,
            ],
        },
        {
            "name": "maintenance",
            "time_intervals": [
                {"weekdays": ["sunday"], "times": [{"start_time": "02:00", "end_time": "04:00"}]} | zone
            ],
        },
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((0, 1, 2, 3, 4, 5, 6), ["sunday:saturday"]),
        ((6, 0, 3), ["sunday", "wednesday", "saturday"]),
        ((1, 2, 4, 5), ["monday:tuesday", "thursday:friday"]),
    ],
)
def test_days_in_a_row_are_a_range_that_never_goes_over_saturday(
    catalog: Catalog, days: tuple[int, ...], expected: list[str]
) -> None:
    schedule = Schedule("s", (Period(tuple(map(Weekday, days)), (Hours(0, 1440),)),))
    (interval,) = yaml.safe_load(
        compiled.configuration(replace(catalog, schedules=(schedule,)), reference(catalog)).text
    )["time_intervals"]
    assert interval["time_intervals"] == [{"weekdays": expected, "location": "America/New_York"}]


def test_below_a_shared_receiver_stands_the_teams_own(catalog: Catalog) -> None:
    """With the hours of the route above: Alertmanager does not hand them down. Not below what is of another team."""
    shared = Route(
        (("severity", ("high",)),), ("mail-finance", "deadman"), TIMING, ("business-hours",), ("maintenance",)
    )
    other = replace(shared, match=(("team", ("copilot", "search")),))
    team = Team("payments", (("mail-finance", "mail-copilot"),))
    found = _routes(_routing(catalog, shared, other, teams=(team,)))
    assert [one.get("routes") for one in found] == [
        [
            {
                "receiver": "mail-copilot",
                "matchers": ['team="payments"'],
                "active_time_intervals": ["business-hours"],
                "mute_time_intervals": ["maintenance"],
            }
        ],
        None,
        None,
        None,
    ]


@pytest.mark.engine
def test_amtool_sends_a_teams_alerts_to_its_own(catalog: Catalog, amtool: engines.Engine, tmp_path: Path) -> None:
    team = Team("payments", (("pagerduty-critical", "pagerduty-p1"), ("slack-incidents", "slack-database-alerts")))
    routing = replace(catalog.routing, teams=(*catalog.routing.teams, team))
    file = tmp_path / "am.yaml"
    (tmp_path / "templates").mkdir()
    file.write_text(compiled.configuration(replace(catalog, routing=routing), reference(catalog)).text)
    (tmp_path / conventions.TEMPLATES_FILE).write_text(templates().text)
    labels = {"severity": "critical", "team": "payments", "component": "api", "alertname": "X", "kind": "cause"}
    assert routing.told(labels) == ("pagerduty-p1", "slack-database-alerts")
    pairs = [f"{name}={value}" for name, value in labels.items()]
    told = "--verify.receivers=pagerduty-p1,slack-database-alerts"
    done = _amtool(amtool, "config", "routes", "test", f"--config.file={file}", told, *pairs)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mail_leaves_by_the_deployments_server(catalog: Catalog) -> None:
    smtp = Smtp("mail.example:25", "watch@example.com", Credentials("me", "secrets/mail"), require_tls=False)
    tree = yaml.safe_load(compiled.configuration(catalog, replace(reference(catalog), smtp=smtp)).text)
    assert tree["global"] == {
        "resolve_timeout": "5m",
        "smtp_smarthost": "mail.example:25",
        "smtp_from": "watch@example.com",
        "smtp_auth_username": "me",
        "smtp_auth_password_file": "secrets/mail",
        "smtp_require_tls": False,
    }
    (finance,) = (one for one in tree["receivers"] if one["name"] == "mail-finance")
    (sends,) = finance["email_configs"]
    assert (sends["to"], sends["send_resolved"]) == ("llm-costs@example.com", True)
    assert sends["headers"] == {
        "Subject": '{{ template "wk.subject" . }}',
        "X-Watchkeeper-Receiver": "{{ .Receiver }}",
    }
    several = replace(catalog, receivers=(Receiver("m", Mail(("a@b.example", "c@d.example"))),))
    (receiver,) = yaml.safe_load(compiled.configuration(several, reference(catalog)).text)["receivers"]
    assert receiver["email_configs"][0]["to"] == "a@b.example, c@d.example"


def test_every_pager_and_channel_has_a_file_of_its_own(catalog: Catalog) -> None:
    """Four services at PagerDuty, eight channels at Slack: a modern webhook decides the channel by its address."""
    keys = [one.sends.routing_key_file for one in catalog.receivers if isinstance(one.sends, PagerDuty)]
    addresses = {one.sends.channel: one.sends.url_file for one in catalog.receivers if isinstance(one.sends, Slack)}
    assert [key.removeprefix("secrets/pagerduty-") for key in keys] == ["p0", "p1", "critical", "business-hours"]
    assert addresses.keys() == {
        "#incidents",
        "#reliability",
        "#database-alerts",
        "#llm-monitoring",
        "#security-alerts",
        "#cost-monitoring",
        "#module-integrations",
        "#infrastructure-alerts",
    }
    assert len({*keys, *addresses.values()}) == 12


def test_the_first_message_counts_whoever_gets_it(catalog: Catalog) -> None:
    """A channel beside waits 30 s, and stands above the pager, which waits 10 s: somebody knows after 10 s."""
    labels = (("severity", "critical"), ("component", "database"), ("team", "copilot"), ("kind", "cause"))
    first, *_ = catalog.routing.taking(dict(labels))
    assert first.timing.group_wait == Duration.of(seconds=30)
    assert group_wait(catalog, labels) == Duration.of(seconds=10)
    assert group_wait(catalog, (("severity", "unheard-of"),)) == catalog.routing.timing.group_wait
