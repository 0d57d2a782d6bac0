"""What each check of alerts marks (labels, texts, waiting, what they are for), and what looks like it and is none."""

import pytest
import yaml

from checks_examples import BY_ID, Rule, alert, found, judge, record
from watchkeeper.checks.check import Check
from watchkeeper.problem import Severity

Case = tuple[str, tuple[Rule, ...], list[str]]
RATIO = 'sum(rate(req_total{code="500"}[5m])) / sum(rate(req_total[5m]))'
CRITICAL = {"severity": "critical"}


def text(words: str, expr: str = "x > 1") -> Rule:
    return alert(expr, annotations={"summary": words})


def named(name: str, expr: str, **labels: str) -> Rule:
    return {"alert": name, "expr": expr, "labels": labels}


MOVING: list[Case] = [
    ("the value", (alert("x > 1", labels={"v": "{{ $value }}"}),), ["$value"]),
    ("formatted", (alert("x > 1", labels={"v": "at {{ .Value | humanize }}"}),), [".Value"]),
    ("in a condition", (alert("x > 1", labels={"v": "{{ if gt $value 5.0 }}high{{ end }}"}),), ["$value"]),
    ("another query", (alert("x > 1", labels={"v": '{{ query "time()" | first | value }}'}),), ["query"]),
    ("a label", (alert("x > 1", labels={"v": "{{ $labels.pod }}"}),), []),
    ("text", (alert("x > 1", labels={"v": "$value"}),), []),
    ("an annotation", (text("{{ $value }}"),), []),
    ("a recording, where it is no template", (record("x", labels={"v": "{{ $value }}"}),), []),
]
TWINS: list[Case] = [
    ("two alerts", (alert("x > 1"), alert("y > 1")), ["A"]),
    ("three", (alert("x > 1"), alert("y > 1"), alert("z > 1")), ["A", "A"]),
    ("an empty label is none", (alert("x > 1", labels={"a": ""}), alert("y > 1")), ["A"]),
    ("a label differs", (alert("x > 1", labels={"a": "1"}), alert("x > 2", labels={"a": "2"})), []),
    ("another name", (named("B", "x > 1"), alert("x > 1")), []),
    ("the expressions fix a label", (alert('x{job="a"} > 1'), alert('x{job="b"} > 1')), []),
    ("one that is added up", (alert('sum(x{job="a"}) > 1'), alert('sum(y{job="a"}) > 1')), ["A"]),
    ("patterns that share nothing", (alert('x{code=~"2.."} > 1'), alert('x{code=~"5.."} > 1')), []),
    ("an alert and a recording", (named("a:b:c", "x > 1"), record("x")), []),
    ("two recordings", (record("sum(x)"), record("sum(x)")), ["a:b:c"]),
    ("of two windows", (record("sum(x)", labels={"w": "1"}), record("sum(x)", labels={"w": "2"})), []),
]
WINDOWED = (record("sum(x)", "r", labels={"window": "5m"}), record("sum(y)", "r", labels={"window": "1h"}))
WINDOWS: list[Case] = [
    ("as alternatives", (*WINDOWED, alert('r{window="5m"} > 1 or r{window="1h"} > 2')), ["or"]),
    ("whichever", (*WINDOWED, alert("r > 1")), ["r"]),
    ("named by the rule", (*WINDOWED, alert('r{window="5m"} > 1 or r{window="1h"} > 2', labels={"window": "x"})), []),
    ("added up", (*WINDOWED, alert('max(r{window="5m"}) > 1 or max(r{window="1h"}) > 2')), []),
    ("joined: the left gives the labels", (*WINDOWED, alert('r{window="5m"} > 1 and on () r{window="1h"} > 2')), []),
    ("inside a sum", (*WINDOWED, alert('sum(r{window="5m"} or r{window="1h"}) > 2')), []),
    ("divided by a number", (*WINDOWED, alert('(r{window="5m"} or r{window="1h"}) / 5 > 2')), ["or"]),
    ("one of them", (*WINDOWED, alert('r{window="5m"} > 1')), []),
    ("one window only", (WINDOWED[0], alert("r > 1")), []),
    ("a label that is no window", (record("sum(x)", "r", labels={"q": "a"}), record("sum(y)", "r", labels={"q": "b"}),
      alert("r > 1")), []),
    ("another label of alternatives", (alert('x{cause="a"} > 1 or x{cause="b"} > 1'),), ["or"]),
]  # fmt: skip
FRAGILE: list[Case] = [
    ("the largest", (alert("topk(3, x) > 1"),), ["topk"]),
    ("by group", (alert("bottomk by (job) (1, x) < 1"),), ["bottomk"]),
    ("as an alternative", (alert("y > 1 or topk(3, x) > 1"),), ["topk"]),
    ("inside a function", (alert("abs(-topk(3, x)) > 1"),), ["topk"]),
    ("over time", (alert("max_over_time(topk(3, x)[1h:1m]) > 1"),), ["topk"]),
    ("added up", (alert("sum(topk(3, x)) > 1"),), []),
    ("on the many side of a join", (alert("y * on (pod) group_right () topk(3, x) > 1"),), ["topk"]),
    ("on its one side", (alert("topk by (pod) (1, y) * on (pod) group_right () x > 1"),), []),
    ("as the one side of a join", (alert("x * on (pod) group_left (owner) topk by (pod) (1, y) > 1"),), []),
    ("as a condition", (alert("x > 1 and on () topk(1, y) > 5"),), []),
    ("recorded", (record("topk(3, x)"),), []),
    ("two jobs", (alert('x{job="a"} / on () y{job="b"} > 1'),), ["/"]),
    ("two jobs, waited for", (alert('x{job="a"} / on () y{job="b"} > 1', **{"for": "5m"}),), []),
    ("one job", (alert('x{job="a"} / on () y{job="a"} > 1'),), []),
    ("two jobs as conditions", (alert('x{job="a"} > 1 and on () y{job="b"} > 1'),), []),
    ("a job and anything", (alert('x{job="a"} / on () y > 1'),), []),
]
WAITS: list[Case] = [
    ("alone", (alert("x > 1", labels=CRITICAL, **{"for": "2m"}),), ["2m"]),
    ("a page", (alert("x > 1", labels={"severity": "page"}, **{"for": "10m"}),), ["10m"]),
    ("less than two minutes", (alert("x > 1", labels=CRITICAL, **{"for": "119s"}),), []),
    ("high", (alert("x > 1", labels={"severity": "high"}, **{"for": "10m"}),), []),
    ("confirms a faster one", (alert("x > 1", labels=CRITICAL, **{"for": "5m"}),
      named("B", "rate(x[1m]) > 5", **CRITICAL)), []),
    ("a faster one that is not critical", (alert("x > 1", labels=CRITICAL, **{"for": "5m"}), named("B", "x > 5")),
      ["5m"]),
    ("a faster one of another metric", (alert("x > 1", labels=CRITICAL, **{"for": "5m"}),
      named("B", "y > 5", **CRITICAL)), ["5m"]),
    ("a faster one of the same recorded metric", (record("sum(x)", "r"),
      alert("r > 1", labels=CRITICAL, **{"for": "5m"}), named("B", "x > 5", **CRITICAL)), []),
]  # fmt: skip
VALUES: list[Case] = [
    ("a share", (text("{{ $value }}", f"{RATIO} > 0.1"),), ["$value"]),
    ("in brackets", (text("{{ ($value) }} of them", f"{RATIO} > 0.1"),), ["$value"]),
    ("by its other name", (text("{{ .Value }}", "rate(x[5m]) > 1"),), [".Value"]),
    ("recorded", (record(RATIO, "r"), text("{{ $value }}", "r > 0.1")), ["$value"]),
    ("the highest of a recorded range", (record(RATIO, "r"), text("{{ $value }}", "max_over_time(r[5m]) > 0.1")),
      ["$value"]),
    ("an average", (text("{{ $value }}", "avg(x) > 1"),), ["$value"]),
    ("times a half", (text("{{ $value }}", "x * 0.5 > 1"),), ["$value"]),
    ("of alternatives", (text("{{ $value }}", f"x > 1 or {RATIO} > 0.1"),), ["$value"]),
    ("formatted", (text('{{ $value | printf "%.2f" }} or {{ humanize $value }}', f"{RATIO} > 0.1"),), []),
    ("in a condition", (text("{{ if gt $value 0.5 }}most{{ end }}", f"{RATIO} > 0.1"),), []),
    ("a gauge", (text("{{ $value }}", "x > 1"),), []),
    ("a count", (text("{{ $value }}", "count(rate(x[5m]) > 0) > 1"),), []),
    ("a count over time", (text("{{ $value }}", "count_over_time(r[5m]) > 1"),), []),
    ("the left of a join", (text("{{ $value }}", f"x > 1 and {RATIO} > 0.1"),), []),
    ("rounded", (text("{{ $value }}", "round(rate(x[5m])) > 1"),), []),
    ("doubled", (text("{{ $value }}", "x * 2 > 1"),), []),
    ("a function that does not exist", (text("{{ $value | humanise }}"),), ["humanise"]),
    ("in a label", (alert("x > 1", labels={"v": "{{ $labels.pod"}),), ["{{"]),
]  # fmt: skip
REPORTS: list[Case] = [
    ("something changed", (alert("changes(build_info[5m]) > 0"),), ["A"]),
    ("of many", (alert("sum(changes(build_info[5m])) >= 1"),), ["A"]),
    ("at nine", (alert("hour() == 9"),), ["A"]),
    ("by name", (named("DailyCost", "x > 1"),), ["DailyCost"]),
    ("by the end of a name", (named("CostReport", "x > 1"),), ["CostReport"]),
    ("info", (named("DailyCost", "x > 1", severity="info"),), []),
    ("changes too often", (alert("changes(process_start_time_seconds[1h]) > 3"),), []),
    ("by day only", (alert("x > 1 and on () hour() > 8"),), []),
    ("reported", (named("Reported", "x > 1"),), []),
    ("a recording", (record("changes(build_info[5m]) > 0"),), []),
]
SPIKES: list[Case] = [
    ("with itself, without a floor", (alert("rate(x[1h]) > 1.5 * rate(x[1d])"),), [">", ">"]),
    ("with itself", (alert("rate(x[1h]) > 1.5 * rate(x[1d]) and increase(x[1h]) > 5"),), [">"]),
    ("as a quotient", (alert("rate(x[1h]) / rate(x[1d]) > 1.5 and increase(x[1h]) > 5"),), ["/"]),
    ("as a quotient, without a floor", (alert("rate(x[1h]) / rate(x[1d] offset 1h) > 1.5"),), ["/"]),
    ("with a floor of nothing", (alert("rate(x[1h]) > 1.5 * rate(x[1d] offset 1h) and x > 0"),), [">"]),
    ("turned round", (alert("2 * rate(x[1d]) < rate(x[1h]) and increase(x[1h]) > 5"),), ["<"]),
    ("a gauge with its average", (alert("x > 2 * avg_over_time(x[1d]) and x > 100"),), [">"]),
    ("a subquery", (alert("rate(x[1h]) > 2 * max_over_time(rate(x[1h])[1d:1h]) and x > 9"),), [">"]),
    ("before", (alert("rate(x[1h]) > 1.5 * rate(x[1d] offset 1h) and increase(x[1h]) > 5"),), []),
    ("with a floor below the line", (alert("rate(x[1h]) / (rate(x[1d] offset 1h) > 1) > 1.5"),), []),
    ("another series", (alert('rate(x{a="1"}[1h]) > rate(x{a="2"}[1d])'),), []),
    ("another metric", (alert("rate(x[1h]) > rate(y[1d])"),), []),
    ("about as long", (alert("rate(x[1h]) > 2 * rate(x[2h])"),), []),
    ("two windows as conditions", (alert("rate(x[1h]) > 5 and rate(x[5m]) > 5"),), []),
    ("a share", (alert(f"{RATIO} > 0.1"),), []),
]
TABLES = {
    "L24": MOVING, "L25": TWINS, "L30": WAITS, "L31": WINDOWS, "L35": FRAGILE, "L38": VALUES, "L41": REPORTS,
    "L42": SPIKES,
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "rules", "words"),
    [
        pytest.param(check, rules, words, id=f"{check}-{idea}")
        for check, table in TABLES.items()
        for idea, rules, words in table
    ],
)
def test_what_is_marked(check: str, rules: tuple[Rule, ...], words: list[str]) -> None:
    assert found(check, *rules) == words


@pytest.mark.parametrize("check", [BY_ID[each] for each in TABLES], ids=lambda check: check.id)
def test_every_finding_says_what_to_do(check: Check) -> None:
    for _, rules, _ in TABLES[check.id]:
        for problem in judge(yaml.safe_dump({"rules": list(rules)}, width=10_000), check):
            assert problem.code == check.slug
            assert problem.found
            assert problem.allowed
            assert problem.fix
            assert "\n" not in problem.summary
            assert problem.summary.startswith(("rule `", "alert `"))


def test_what_prometheus_refuses_is_an_error_and_what_reads_badly_a_warning() -> None:
    for words, severity in (("{{ $value", Severity.ERROR), ("{{ $value }}", Severity.WARNING)):
        (problem,) = judge(yaml.safe_dump({"rules": [text(words, f"{RATIO} > 0.1")]}), BY_ID["L38"])
        assert problem.severity is severity


def test_a_slow_critical_alert_is_no_more_than_a_note() -> None:
    rule = alert("x > 1", labels=CRITICAL, **{"for": "5m"})
    (problem,) = judge(yaml.safe_dump({"rules": [rule]}), BY_ID["L30"])
    assert problem.severity is Severity.INFO


# --- intervals and waiting ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "rule", "words"),
    [
        ("5m", record("x"), ["5m"]),
        ("3m", record("x"), ["3m"]),  # 2 x 3 m > 5 m: one missed evaluation is a hole
        ("2m30s", record("x"), []),  # 2 x 2 m 30 s = 5 m
        ("", alert("x > 1", **{"for": "45s"}), []),  # the interval of the server is not known
        ("30s", alert("x > 1", **{"for": "45s"}), ["45s"]),
        ("30s", alert("x > 1", **{"for": "15s"}), ["15s"]),
        ("30s", alert("x > 1", **{"for": "90s"}), []),
        ("30s", alert("x > 1"), []),
        ("1m", alert("x > 1", keep_firing_for="30s"), ["A"]),
        ("1m", alert("x > 1", keep_firing_for="1m"), []),
    ],
)
def test_intervals_leave_no_hole_and_measure_what_is_waited(interval: str, rule: Rule, words: list[str]) -> None:
    assert found("L28", rule, interval=interval) == words


def test_a_hole_after_each_evaluation_is_an_error() -> None:
    for interval, severity in (("5m", Severity.ERROR), ("3m", Severity.WARNING)):
        tree = {"groups": [{"name": "g", "interval": interval, "rules": [record("x")]}]}
        (problem,) = judge(yaml.safe_dump(tree), BY_ID["L28"])
        assert problem.severity is severity


def test_the_time_that_is_really_waited_is_said() -> None:
    tree = {"groups": [{"name": "g", "interval": "30s", "rules": [alert("x > 1", **{"for": "45s"})]}]}
    (problem,) = judge(yaml.safe_dump(tree), BY_ID["L28"])
    assert problem.fix == "write `for: 1m`"  # 45 s -> the second evaluation after 30 s, at 60 s


# --- what an alert must say -----------------------------------------------------------------------

WHOLE: dict[str, dict[str, str]] = {
    "labels": {"severity": "warning"},
    "annotations": {"summary": "s", "runbook_url": "https://example.com/runbooks/queue.md"},
}


def lacking(rule: Rule) -> list[str]:
    problems = judge(yaml.safe_dump({"rules": [rule]}), BY_ID["L37"])
    return [problem.summary.removeprefix("alert `A` ") for problem in problems]


def test_an_alert_has_severity_title_and_runbook() -> None:
    assert lacking(alert("x > 1", **WHOLE)) == []
    assert sorted(lacking(alert("x > 1"))) == ["has no runbook", "has no severity", "has no title"]
    blank = {"summary": " ", "runbook": "queue.md"}
    assert lacking(alert("x > 1", labels=WHOLE["labels"], annotations=blank)) == ["has no title"]
    other = {"title": "t", "playbook_url": "https://example.com"}
    assert lacking(alert("x > 1", labels=WHOLE["labels"], annotations=other)) == []


def test_what_is_only_shown_needs_no_runbook() -> None:
    rule = alert("x > 1", labels={"severity": "info"}, annotations={"summary": "s"})
    assert lacking(rule) == []
    assert lacking(alert("x > 1", labels={"severity": "info"})) == ["has no title"]


def test_an_alert_that_is_no_promql_must_say_it_too() -> None:
    assert "alert `A` has no severity" in [
        problem.summary for problem in judge(yaml.safe_dump({"rules": [alert("x >")]}), BY_ID["L37"])
    ]


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("https://example.com/runbooks/queue.md", []),
        ("queue.md#first", []),
        ("https://example.com/runbooks/queu.md", ["there is no runbook `queu.md`"]),
        ("https://example.com/runbooks/queu", []),  # says nothing of files
    ],
)
def test_links_to_pages_are_followed_where_the_pages_are_known(link: str, told: list[str]) -> None:
    rule = alert("x > 1", labels=WHOLE["labels"], annotations={"summary": "s", "runbook_url": link})
    pages = frozenset({"queue.md"})
    said = [problem.summary for problem in judge(yaml.safe_dump({"rules": [rule]}), BY_ID["L37"], pages)]
    assert said == [f"alert `A`: {words}" for words in told]
    assert lacking(rule) == []


# --- with an inventory ----------------------------------------------------------------------------

METRICS = """
fixed_total: {type: counter, labels: {cause: [a, b]}, emitter: sdk}
open_total: {type: counter, labels: {cause: [a, b], model: {cap: 20}}, emitter: sdk}
theirs_total: {type: counter, labels: [model], emitter: node}
"""


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("increase(open_total[1h]) > 0", ["open_total"]),
        ("sum by (model) (rate(open_total[1h])) > 0", ["open_total"]),
        ("y > 1 or increase(open_total[1h]) > 0", ["open_total"]),
        ("increase(open_total[1h]) > 0 or (open_total unless open_total offset 1h) > 0", []),
        ("increase(open_total[1h]) > 5", []),
        ('increase(open_total{model="m"}[1h]) > 0', []),
        ("increase(fixed_total[1h]) > 0", []),
        ("increase(theirs_total[1h]) > 0", []),  # whether others begin at 0 is not known
        ("increase(unheard_of_total[1h]) > 0", []),
        ("rate(fixed_total[1h]) / (rate(open_total[1h]) > 0) > 0.5", []),  # a divisor, no condition
    ],
)
def test_the_first_event_of_a_series_is_seen(expr: str, words: list[str]) -> None:
    assert found("L43", alert(expr), metrics=METRICS) == words
