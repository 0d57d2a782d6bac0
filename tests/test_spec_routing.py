"""Schedules, teams and routes as they arrive in the catalog. The messages they get are in golden/problems."""

from pathlib import Path

import pytest

from spec_bench import ALERT, PACK, TODAY, problems
from watchkeeper import spec
from watchkeeper.model import Catalog, Hours, Mail, Period, Receiver, Schedule, Team, Weekday
from watchkeeper.quantity import Duration

SUN, MON, TUE, WED, THU, FRI, SAT = Weekday
WORKING = (MON, TUE, WED, THU, FRI)
DAY = (Hours(0, 1440),)


def catalog(folder: Path, text: str) -> Catalog:
    project = folder / "watchkeeper.yaml"
    project.write_text("service: x\n" + text, encoding="utf-8")
    loaded = spec.load(project, pack=PACK, today=TODAY)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def schedule(folder: Path, text: str) -> tuple[Period, ...]:
    (found,) = (each for each in catalog(folder, f"schedules: {{s: {text}}}\n").schedules if each.name == "s")
    return found.periods


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 9 x 60 = 540, 17 x 60 = 1020
        ("{weekdays: monday-friday, times: 09:00-17:00}", (Period(WORKING, (Hours(540, 1020),)),)),
        ("{weekdays: sunday, times: 02:00-04:00}", (Period((SUN,), (Hours(120, 240),)),)),
        ("{weekdays: [friday-monday, wednesday]}", (Period((SUN, MON, WED, FRI, SAT), DAY),)),
        ("{times: [18:00-24:00, 00:00-06:30]}", (Period(tuple(Weekday), (Hours(0, 390), Hours(1080, 1440))),)),
        ("{weekdays: [monday, monday-tuesday]}", (Period((MON, TUE), DAY),)),
        # the pack's `office`: the other hours of its days, and the other days
        ("{outside: office}", (Period(WORKING, (Hours(0, 540), Hours(1020, 1440))), Period((SUN, SAT), DAY))),
    ],
)
def test_schedules_are_days_and_minutes(tmp_path: Path, text: str, expected: tuple[Period, ...]) -> None:
    assert schedule(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{weekdays: monday-sunday, times: 00:00-24:00}", ()),
        ("{weekdays: saturday}", (Period((SUN, *WORKING), DAY),)),
        # overlapping and adjoining hours leave no gap between them
        (
            "{times: [08:00-12:00, 10:00-11:00, 12:00-13:00]}",
            (Period(tuple(Weekday), (Hours(0, 480), Hours(780, 1440))),),
        ),
    ],
)
def test_outside_is_everything_else(tmp_path: Path, text: str, expected: tuple[Period, ...]) -> None:
    found = catalog(tmp_path, f"schedules: {{base: {text}, rest: {{outside: base}}}}\n").schedules
    assert Schedule("rest", expected) in found


def test_naming_hours_takes_outside_away_and_the_other_way_round(tmp_path: Path) -> None:
    assert catalog(tmp_path, "schedules: {night: {weekdays: monday}}\n").schedules[1] == Schedule(
        "night", (Period((MON,), DAY),)
    )
    names = {
        each.name: each.periods
        for each in catalog(
            tmp_path, "schedules: {office: {outside: other}, other: {weekdays: monday}, night: {times: 00:00-06:00}}\n"
        ).schedules
    }
    assert names["office"] == (Period((SUN, TUE, WED, THU, FRI, SAT), DAY),)


def test_values_are_one_or_a_list(tmp_path: Path) -> None:
    routing = catalog(
        tmp_path,
        """routing:
  routes:
    - {match: {severity: [critical, high, critical], team: chat}, receivers: [pager], continue: true}
    - {match: {severity: warning}, receivers: [chat], active: office, mute: [night]}
""",
    ).routing
    first, second = routing.routes[-2:]
    assert first.match == (("severity", ("critical", "high")), ("team", ("chat",)))
    assert (first.continue_, first.active, first.mute) == (True, (), ())
    assert (second.continue_, second.active, second.mute) == (False, ("office",), ("night",))


def test_what_a_team_hears_are_routes_before_all_others(tmp_path: Path) -> None:
    """Severities with the same receivers share one; it goes on to the routes below."""
    routing = catalog(
        tmp_path, "teams: {platform: {hears: {warning: [chat, pager], high: post, critical: [post]}}}\n"
    ).routing
    assert [(route.match, route.receivers, route.continue_) for route in routing.routes[:3]] == [
        ((("team", ("chat",)), ("severity", ("critical", "high"))), ("post",), True),
        ((("team", ("platform",)), ("severity", ("warning",))), ("chat", "pager"), True),
        ((("team", ("platform",)), ("severity", ("high", "critical"))), ("post",), True),
    ]
    assert routing.routes[0].timing.group_wait == Duration.of(seconds=30), "the routing's own"
    assert routing.teams == (Team("chat", ()), Team("platform", (("chat", "post"),)))


def test_mail_is_a_way_to_send(tmp_path: Path) -> None:
    found = catalog(tmp_path, "receivers: {chat: {mail: {to: [a.b+c@example.co.uk]}}}\n").receivers
    assert Receiver("chat", Mail(("a.b+c@example.co.uk",))) in found, "the pack's `slack` gave way"


HIGH = """routing:
  {pages}
  routes:
    - {{match: {{severity: high}}, receivers: [pager], active: office, continue: true}}
    - {{match: {{severity: high}}, receivers: [chat], active: office}}
    - {{match: {{severity: [high, warning]}}, receivers: [pager], active: office}}
"""


@pytest.mark.parametrize(
    ("pages", "first"), [("", ("office",)), ("high_pages: hours", ("office",)), ("high_pages: always", ())]
)
def test_high_pages_at_every_hour_where_the_urgency_is_pagerdutys(
    tmp_path: Path, pages: str, first: tuple[str, ...]
) -> None:
    """Only routes of severity high alone that lead to PagerDuty: messages keep their hours."""
    routes = catalog(tmp_path, HIGH.format(pages=pages)).routing.routes[-3:]
    assert [route.active for route in routes] == [first, ("office",), ("office",)]


# --- who is told, as the model says it -------------------------------------------------------------


def _told(folder: Path, routes: str, **labels: str) -> tuple[str, ...]:
    return catalog(folder, f"routing:\n  routes:\n{routes}").routing.told(labels)


ROUTES = """\
    - {match: {severity: [critical, high]}, receivers: [chat], continue: true}
    - {match: {severity: critical}, receivers: [pager, chat]}
    - {match: {severity: [critical, high]}, receivers: [silent]}
"""


def test_told_are_all_on_the_way_each_once(tmp_path: Path) -> None:
    assert _told(tmp_path, ROUTES, severity="critical") == ("chat", "pager")
    assert _told(tmp_path, ROUTES, severity="high") == ("chat", "silent")
    assert _told(tmp_path, ROUTES, severity="warning") == ("chat",), "the fallback"


def test_told_are_the_teams_own_in_place_of_the_shared(tmp_path: Path) -> None:
    assert _told(tmp_path, ROUTES, severity="critical", team="platform") == ("post", "pager")
    assert _told(tmp_path, ROUTES, severity="critical", team="chat") == ("post", "chat", "pager"), "what it hears first"
    assert _told(tmp_path, ROUTES, severity="warning", team="platform") == ("post",)


# --- near misses of what is refused ----------------------------------------------------------------


SOUND = {
    "muted, but of kinds that are neither outage nor watchdog": """
routing:
  routes:
    - match: {severity: critical, kind: [symptom, cause]}
      receivers: [pager]
      mute: night
""",
    "high alerts page always, so the hours written there never hold": """
routing: {high_pages: always, routes: [{match: {severity: high}, receivers: [pager], active: office}]}
""",
    "a source may be the outage itself": """
routing: {inhibitions: [{source: {kind: outage}, target: {kind: symptom}, equal: [service]}]}
""",
    "an engine's metrics may leave any label, but not those that only alerts have": f"""
alerts:
  Memory:
{ALERT}    value: memory_bytes
    above: 1GiB
    for: 1m
routing:
  inhibitions:
    - {{source: {{tier: critical}}, target: {{tier: [high, warning]}}, equal: [slo, service, environment]}}
""",
    "a label that the grouping keeps is on every alert": """
alerts: {DatabaseDown: {value: min by (dependency) (dependency_up), for: 1m}}
routing: {inhibitions: [{source: {alertname: DatabaseDown}, target: {kind: cause}, equal: [dependency]}]}
""",
    "one receiver by two matches, two receivers by one": """
routing:
  routes:
    - {match: {severity: high}, receivers: [chat], continue: true}
    - {match: {severity: high, team: chat}, receivers: [chat], continue: true}
    - {match: {severity: high}, receivers: [post]}
""",
    "a team's own receiver in two routes, and in a route of the team's own": """
teams: {platform: {instead: {pager: post, chat: silent-no-more}}}
receivers: {silent-no-more: {mail: {to: [a@b.example]}}}
routing:
  routes:
    - {match: {severity: critical, team: platform}, receivers: [post]}
    - {match: {severity: critical}, receivers: [pager, chat]}
    - {match: {severity: high}, receivers: [pager]}
""",
    "the last alert of a component is switched off, and its channel stays ready": """
routing: {routes: [{match: {component: [database, queue]}, receivers: [chat], continue: true}]}
alerts: {DatabaseDown: {enabled: false, because: none here}}
""",
    "the only alerts of a component, a team and an objective are switched off, and their route waits": """
teams: {billing: {}}
log_alerts: {ErrorLines: {component: lines, team: billing, enabled: false, because: not yet}}
slos: {latency: {enabled: false, because: nobody waits}}
routing:
  routes:
    - {match: {component: lines, team: billing}, receivers: [chat]}
    - {match: {slo: latency}, receivers: [chat]}
""",
    "the ratio of a log alert that is switched off is what an inhibition names": """
log_alerts: {ErrorLines: {enabled: false, because: no lines}}
routing: {inhibitions: [{source: {alertname: ErrorLineRatio}, target: {alertname: HighLatency}, equal: [component]}]}
""",
    "what an inhibition names is switched off, and nothing else is ever called so": f"""
alerts:
  DatabaseDown: {{enabled: false, because: none here}}
  HighLatency: {{enabled: false, because: nobody waits}}
  DependencySlow:
{ALERT}    value: max by (dependency) (dependency_up)
    above: 2
    for: 1m
routing:
  inhibitions:
    - {{source: {{alertname: DatabaseDown}}, target: {{alertname: DependencySlow}}, equal: [dependency]}}
    - {{source: {{alertname: DependencySlow}}, target: {{alertname: HighLatency}}, equal: [dependency]}}
""",
}


@pytest.mark.parametrize("why", SOUND)
def test_what_is_sound_is_taken(tmp_path: Path, why: str) -> None:
    assert [problem.summary for problem in problems(tmp_path, SOUND[why])] == []


def test_an_outage_that_goes_on_to_somebody_is_heard(tmp_path: Path) -> None:
    text = """routing:
  routes:
    - {match: {severity: critical}, receivers: [silent], continue: true}
    - {match: {kind: outage}, receivers: [chat]}
"""
    assert problems(tmp_path, text) == ()


def test_an_inhibition_may_name_alerts_of_one_service_among_several(tmp_path: Path) -> None:
    alert = "{severity: high, kind: cause, component: database, for: 1m, summary: s, impact: i, actions: [a],"
    alert += " escalation: e, runbook: database-down.md, value: min by (dependency) (dependency_up), below: 1}"
    project = tmp_path / "watchkeeper.yaml"
    project.write_text(f"""services:
  a: {{}}
  b: {{alerts: {{Own: {alert}, Other: {alert}}}}}
routing: {{inhibitions: [{{source: {{alertname: Own}}, target: {{alertname: Other}}, equal: [dependency]}}]}}
""")
    assert spec.load(project, pack=PACK, today=TODAY).problems == ()


def test_of_several_services_each_alert_has_an_owner(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("services: {a: {team: nobody}, b: {alerts: {DatabaseDown: {team: strangers}}}}\n")
    found = spec.load(project, pack=PACK, today=TODAY).problems
    assert [problem.summary for problem in found] == ["there is no team `nobody`", "there is no team `strangers`"]
