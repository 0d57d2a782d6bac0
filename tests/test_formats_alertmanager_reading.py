"""An Alertmanager configuration read back: what is understood, and what is refused rather than half understood."""

import pytest

from watchkeeper.formats.alertmanager import matcher
from watchkeeper.formats.alertmanager_reading import (
    PAGERDUTY_URL,
    Matcher,
    PagerDuty,
    Receiver,
    Span,
    UnreadableError,
    read,
)

RECEIVERS = "receivers: [{name: r}]\n"


def _matchers(*texts: str) -> tuple[Matcher, ...]:
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return read(f"route: {{receiver: r, routes: [{{matchers: [{quoted}]}}]}}\n{RECEIVERS}").root.routes[0].matchers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a="b"', Matcher("a", "b", "=")),
        (' a != "b c" ', Matcher("a", "b c", "!=")),
        ('a=~"b|c"', Matcher("a", "b|c", "=~")),
        (r'a!~"\\d+\n\"x\""', Matcher("a", '\\d+\n"x"', "!~")),
        ("a=b", Matcher("a", "b", "=")),
        ("a=", Matcher("a", "", "=")),
    ],
)
def test_matchers_are_read_as_alertmanager_reads_them(text: str, expected: Matcher) -> None:
    assert _matchers(text) == (expected,)


@pytest.mark.parametrize("text", ['"a"="b"', "a", 'a="b" c', 'a="b', '{a="b",c="d"}'])
def test_other_forms_of_matchers_are_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match="is no matcher"):
        _matchers(text)


@pytest.mark.parametrize("values", [("plain",), ("a.b", "c|d"), ('say "hi"', "C:\\dir"), ("(x)", "[y]", "z*+?{}^$")])
def test_what_we_write_reads_back_and_holds_for_its_values_alone(values: tuple[str, ...]) -> None:
    (read_back,) = _matchers(matcher("n", *values))
    assert all(read_back.holds(value) for value in values)
    assert not any(read_back.holds(value) for value in ("", "axb", "plain2", "c", "d", f"{values[0]}|"))


def test_the_matchers_of_a_route_are_in_alertmanagers_order() -> None:
    assert [str(each) for each in _matchers('b="1"', 'a=~"2"', 'a="2"', 'a="1"')] == [
        'a="1"',
        'a="2"',
        'a=~"2"',
        'b="1"',
    ]


def test_negations_hold_of_what_is_missing() -> None:
    assert Matcher("a", "b", "!=").holds("")
    assert Matcher("a", "b|c", "!~").holds("d")
    assert not Matcher("a", "b|c", "!~").holds("c")


def test_times_are_minutes_and_days_are_numbers() -> None:
    text = """
route: {receiver: r}
time_intervals:
- name: hours
  time_intervals:
  - {weekdays: ['monday:wednesday', sunday], times: [{start_time: 17:00, end_time: '24:00'}], location: Europe/Berlin}
  - {weekdays: [saturday]}
"""
    assert read(text + RECEIVERS).intervals == {
        # 17 x 60 = 1020; YAML 1.1 would read the bare 17:00 as this very number of base 60, and 08:00 as a text
        "hours": (Span((1, 2, 3, 0), ((1020, 1440),), "Europe/Berlin"), Span((6,), (), "UTC"))
    }


def test_pagerduty_receivers_know_where_they_lead() -> None:
    text = """
global: {pagerduty_url: 'http://127.0.0.1:1/enqueue', smtp_from: a@b.example}
route: {receiver: one}
receivers:
- {name: nobody}
- name: one
  pagerduty_configs: [{routing_key_file: k, details: {a: b}}, {routing_key_file: l, url: 'http://127.0.0.1:2'}]
- {name: chat, slack_configs: [{channel: c}], webhook_configs: [{url: u}]}
"""
    both = (PagerDuty("http://127.0.0.1:1/enqueue", "k"), PagerDuty("http://127.0.0.1:2", "l"))
    assert read(text).receivers == (Receiver("nobody", ()), Receiver("one", both), Receiver("chat", ()))
    (usual,) = read(
        "route: {receiver: p}\nreceivers: [{name: p, pagerduty_configs: [{routing_key_file: k}]}]"
    ).receivers
    assert usual.pagerduty == (PagerDuty(PAGERDUTY_URL, "k"),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("route: [", "while parsing"),
        ("receivers: []", "missing required field `route`"),
        ("route: {receiver: r, match: {a: b}}\nreceivers: []", "unknown field `match`"),
        ("route: {receiver: r, group_wait: soon}\nreceivers: []", "not a duration"),
        (
            "route: {receiver: r}\nreceivers: []\ninhibit_rules: [{source_match: {a: b}}]",
            "unknown field `source_match`",
        ),
        (
            "route: {receiver: r}\nreceivers: []\ntime_intervals: [{name: n, time_intervals: [{months: [may]}]}]",
            "unknown field `months`",
        ),
        (
            "route: {receiver: r}\nreceivers: []\ntime_intervals: [{name: n, time_intervals: [{weekdays: [funday]}]}]",
            "'funday' is no weekday",
        ),
        (
            """
route: {receiver: r}
receivers: []
time_intervals: [{name: n, time_intervals: [{times: [{start_time: '9:00', end_time: '10:00'}]}]}]
""",
            "'9:00' is no time of day",
        ),
    ],
)
def test_what_is_not_understood_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(text)
    assert reason in str(refused.value)
