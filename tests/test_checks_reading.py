"""Rule files are read with every place and every reason why Prometheus would refuse them; promtool is the judge."""

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.checks.reading import ReadRules, read_rules
from watchkeeper.checks.subject import Alerting, Recording
from watchkeeper.engines import Engine
from watchkeeper.problem import Severity
from watchkeeper.promql.nodes import Aggregation, Call
from watchkeeper.promql.rewrite import walk
from watchkeeper.quantity import Duration

ALERT = """\
groups:
- name: g
  interval: 30s
  rules:
  - alert: A
    expr: up == 0
    for: 1h30m
    keep_firing_for: 5m
    labels: {severity: page, n: 3}
    annotations:
      summary: down
  - record: a:b:c
    expr: sum(up)
    labels:
      team: x
"""


def read(text: str) -> ReadRules:
    return read_rules(text, "r.yaml")


def told(text: str) -> list[str]:
    return [f"{p.span.line}:{p.span.column} {p.code}" for p in read(text).problems]


def test_a_whole_file() -> None:
    file = read(ALERT).file
    assert file is not None
    (group,) = file.groups
    alert, recording = group.rules
    assert (group.name.text, group.interval, group.first, group.last) == ("g", Duration.of(seconds=30), 2, 4)
    assert isinstance(alert, Alerting)
    assert (alert.for_, alert.keep_firing_for) == (Duration.of(minutes=90), Duration.of(minutes=5))
    assert alert.fixed_labels == {"severity": "page", "n": "3"}
    assert [(pair.name, pair.value.text) for pair in alert.annotations] == [("summary", "down")]
    assert (alert.first, alert.last) == (5, 11)
    assert str(alert.for_span) == "r.yaml:7:10"
    assert isinstance(recording, Recording)
    assert (recording.first, recording.last) == (12, 15)
    assert (alert.called, recording.called) == ("alert `A`", "rule `a:b:c`")


def test_what_is_not_written() -> None:
    file = read("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n").file
    assert file is not None
    (alert,) = file.groups[0].rules
    assert isinstance(alert, Alerting)
    assert (file.groups[0].interval, alert.for_, alert.annotations) == (None, Duration.of(), ())
    assert str(alert.for_span) == "r.yaml:4:12"  # the name: there is no `for` to point at


# --- where words stand ----------------------------------------------------------------------------

STYLES = {
    "plain": "    expr: sum(rate(x[5m])) > 1\n",
    "plain over lines": "    expr: sum(\n      rate(x[5m])\n      ) > 1\n",
    "double quotes": '    expr: "sum(rate(x{a=\\"b\\"}[5m]))"\n',
    "single quotes": "    expr: 'sum(rate(x{a=''b''}[5m]))'\n",
    "quotes over lines": '    expr: "sum(\n      rate(x[5m]))"\n',
    "escaped line": '    expr: "sum(\\n  rate(x[5m]))"\n',
    "literal": "    expr: |\n      sum(\n        rate(x[5m])\n      )\n",
    "literal with an indentation": "    expr: |2-\n        sum(\n        rate(x[5m]))\n",
    "folded": "    expr: >-\n      sum(\n\n        rate(x[5m])\n      )\n",
    "in braces": "    expr: {sum(rate(x[5m]))}\n",
}


@pytest.mark.parametrize("style", [style for style in STYLES if style != "in braces"])
def test_words_are_found_in_every_style(style: str) -> None:
    text = f"groups:\n- name: g\n  rules:\n  - record: a\n{STYLES[style]}"
    file = read(text).file
    assert file is not None
    expr = file.groups[0].rules[0].expr
    assert expr is not None
    lines = text.split("\n")
    for part in walk(expr.node):
        if isinstance(part, Aggregation | Call):
            span = expr.at(part)
            word = "sum" if isinstance(part, Aggregation) else "rate"
            assert lines[span.line - 1][span.column - 1 : span.end - 1] == word


def test_where_a_text_is_escaped_the_whole_is_marked() -> None:
    file = read('groups:\n- name: g\n  rules:\n  - record: a\n    expr: "s\\x75m(x)"\n').file
    assert file is not None
    expr = file.groups[0].rules[0].expr
    assert expr is not None
    assert expr.at(expr.node).column == 11
    assert expr.at(expr.node).end == 11 + len('"s\\x75m(x)"')


@given(st.lists(st.sampled_from(["sum(a)", "+", "b", "\n  ", " ", "rate(c[5m])", '"x"', "''", "#"]), max_size=12))
def test_no_style_breaks_the_reader(parts: list[str]) -> None:
    for style in ("|", ">", '"', "'", ""):
        dumped = yaml.safe_dump(
            {"groups": [{"name": "g", "rules": [{"record": "a", "expr": "".join(parts)}]}]},
            default_style=style or None,
        )
        for problem in read(dumped).problems:
            lines = dumped.split("\n")
            assert problem.span.line <= len(lines)


# --- what is refused ------------------------------------------------------------------------------


def rules(body: str) -> str:
    return "groups:\n- name: g\n  rules:\n" + "".join(f"  {line}\n" for line in body.split("\n"))


REFUSED = {
    "a list": ("- a\n", ["1:1 wrong-type"]),
    "an unknown key": ("groups: []\ngroup: []\n", ["2:1 unknown-key"]),
    "a group without a name": ("groups:\n- rules: [{record: a, expr: b}]\n", ["2:3 missing-key"]),
    "a group twice": (
        "groups:\n- {name: g, rules: [{record: a, expr: b}]}\n- {name: g, rules: [{record: a, expr: b}]}\n",
        ["3:10 duplicate"],
    ),
    "a group that is a text": ("groups:\n- g\n", ["2:3 wrong-type"]),
    "an unknown key of a group": (
        "groups:\n- {name: g, intervall: 5m, rules: [{record: a, expr: b}]}\n",
        ["2:13 unknown-key"],
    ),
    "a bad interval": ("groups:\n- {name: g, interval: 5, rules: [{record: a, expr: b}]}\n", ["2:23 bad-duration"]),
    "neither kind": (rules("- expr: up"), ["4:5 conflict"]),
    "both kinds": (rules("- {record: a, alert: A, expr: up}"), ["4:5 conflict"]),
    "no expression": (rules("- alert: A"), ["4:5 missing-key"]),
    "a list as an expression": (rules("- {alert: A, expr: [up]}"), ["4:22 wrong-type"]),
    "a list as a duration": (rules("- {alert: A, expr: up > 1, for: [5m]}"), ["4:35 wrong-type"]),
    "a map of rules": ("groups:\n- {name: g, rules: {a: b}}\n", ["2:20 wrong-type"]),
    "no PromQL": (rules("- record: a\n  expr: sum(rate(x[5m])"), ["5:26 bad-promql"]),
    "a recording that waits": (rules("- {record: a, expr: b, for: 5m}"), ["4:26 unknown-key"]),
    "a recording with annotations": (rules("- {record: a, expr: b, annotations: {x: y}}"), ["4:26 unknown-key"]),
    "no name of a metric": (rules("- {record: a-b, expr: c}"), ["4:14 bad-name"]),
    "no name of a label": (rules("- {alert: A, expr: b > 1, labels: {a-b: c}}"), ["4:38 bad-label"]),
    "the name as a label": (rules("- {alert: A, expr: b > 1, labels: {__name__: c}}"), ["4:38 bad-label"]),
    "a list of labels": (rules("- {alert: A, expr: b > 1, labels: [a]}"), ["4:37 wrong-type"]),
    "a map as a label": (rules("- {alert: A, expr: b > 1, labels: {a: {b: c}}}"), ["4:41 wrong-type"]),
    "a bad for": (rules("- {alert: A, expr: b > 1, for: 5 minutes}"), ["4:34 bad-duration"]),
    "a rule that is a text": (rules("- up == 0"), ["4:5 wrong-type"]),
    "a key twice": (rules("- alert: A\n  expr: b > 1\n  expr: c > 1"), ["6:5 duplicate-key"]),
    "no YAML": ("groups:\n- name: 'g\n", ["2:9 yaml-syntax"]),
}
ACCEPTED = {
    "a whole file": ALERT,
    "nothing to wait": rules("- {alert: A, expr: b > 1, for: 0}") + "  - {alert: B, expr: b > 1, for: 1y}\n",
    "anchors and merges": rules(
        "- &a\n  alert: A\n  expr: b > 1\n  labels: &l {x: y}\n- <<: *a\n  alert: B\n  labels: *l"
    ),
    "empty maps": rules("- {alert: A, expr: b > 1, labels: {}, annotations: }"),
    "a limit": "groups:\n- {name: g, limit: 5, rules: [{record: a, expr: b}]}\n",
    "numbers as labels": rules("- {alert: A, expr: b > 1, labels: {a: 1, b: true}}"),
    "JSON": '{"groups": [{"name": "g", "rules": [{"record": "a", "expr": "b"}]}]}',
}


@pytest.mark.parametrize("idea", REFUSED)
def test_what_prometheus_refuses_is_a_problem(idea: str) -> None:
    text, expected = REFUSED[idea]
    assert told(text) == expected


@pytest.mark.parametrize("idea", ACCEPTED)
def test_what_prometheus_accepts_is_none(idea: str) -> None:
    assert told(ACCEPTED[idea]) == []


EMPTY = {
    "no groups": ("", ["0:0 empty"]),
    "no rules": ("groups:\n- {name: g, rules: }\n", ["2:13 empty"]),
}


@pytest.mark.parametrize("idea", EMPTY)
def test_what_prometheus_loads_although_nothing_is_in_it_is_a_warning(idea: str) -> None:
    text, expected = EMPTY[idea]
    assert told(text) == expected
    assert read(text).problems[0].severity is Severity.WARNING


JUDGED = {**{idea: text for idea, (text, _) in REFUSED.items()}, **ACCEPTED}


@pytest.mark.engine
@pytest.mark.parametrize("idea", JUDGED)
def test_promtool_agrees(idea: str, promtool: Engine, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(JUDGED[idea])
    done = subprocess.run([*promtool.command, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is (idea in ACCEPTED), done.stderr


def test_every_problem_at_once() -> None:
    text = rules("- {alert: A, expr: b > , for: 5}\n- {record: a-b, expr: c, for: 1m}\n- {alert: B}")
    found = ["4:25 bad-promql", "4:33 bad-duration", "5:28 unknown-key", "5:14 bad-name", "6:5 missing-key"]
    assert sorted(told(text)) == sorted(found)


def test_what_a_rule_has_instead_of_a_kind_is_told() -> None:
    assert read(REFUSED["neither kind"][0]).problems[0].found == "expr"
    assert read(REFUSED["both kinds"][0]).problems[0].found == "record and alert"


def test_a_rule_that_cannot_be_read_keeps_its_name() -> None:
    file = read(rules("- {alert: A, expr: b >}")).file
    assert file is not None
    (rule,) = file.groups[0].rules
    assert (rule.name.text, rule.expr) == ("A", None)


def test_an_object_of_the_operator() -> None:
    groups = "".join(f"  {line}\n" for line in ALERT.splitlines())
    text = f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: x}}\nspec:\n{groups}"
    found = read(text)
    assert found.problems == ()
    assert found.file is not None
    assert len(found.file.groups[0].rules) == 2
    assert found.file.groups[0].rules[0].first == 9


OBJECT = """\
# {name}
kind: {kind}
metadata: {{name: {name}}}
spec:
  groups:
  - name: g
    rules: [{{record: "a:{name}", expr: sum(up}}]
"""


def test_objects_of_the_operator_share_a_file_with_others() -> None:
    """Each may have groups of the same names; a mistake is told at its line."""
    kinds = {"x": "PrometheusRule", "y": "ServiceMonitor", "z": "PrometheusRule"}
    text = "---\n# nothing yet\n---\n" + "---\n".join(OBJECT.format(kind=kinds[name], name=name) for name in kinds)
    found = read(text)
    assert [f"{p.span.line} {p.code}" for p in found.problems] == ["10 bad-promql", "26 bad-promql"]
    assert found.file is not None
    assert found.file.objects
    assert [rule.name.text for _, rule in found.file.rules()] == ["a:x", "a:z"]


@pytest.mark.parametrize("second", ["groups: []", "kind: PrometheusRule\nspec: {groups: []}"])
def test_of_a_plain_rule_file_prometheus_reads_the_first_document(second: str) -> None:
    assert told(f"groups: []\n---\n{second}\n") == ["2:1 yaml-documents"]


def test_merged_values_are_those_of_the_anchor_and_own_ones_win() -> None:
    file = read(ACCEPTED["anchors and merges"]).file
    assert file is not None
    second = file.groups[0].rules[1]
    assert (second.name.text, second.fixed_labels) == ("B", {"x": "y"})
    assert second.expr is not None
    assert second.expr.text == "b > 1"


def test_aliases_cannot_make_a_little_text_a_large_one() -> None:
    many = ", ".join(["*r"] * 300)
    groups = ", ".join(f"{{name: g{number}, rules: *m}}" for number in range(100))
    text = f"x: &r {{record: a, expr: b}}\ny: &m [{many}]\ngroups: [{groups}]\n"
    problems = read(text).problems
    assert "too-many" in {problem.code for problem in problems}
