"""What each check of series marks (names, numbers, selectors, dependencies), and what looks like it and is none."""

import pytest
import yaml

from checks_examples import BY_ID, Rule, alert, found, judge, marked, record
from watchkeeper.checks.check import Check
from watchkeeper.checks.declared import read_inventory
from watchkeeper.problem import Problem, Severity

Case = tuple[str, tuple[Rule, ...], list[str]]
ERRORS, TOTAL = 'sum(rate(req_total{code="500"}[5m]))', "sum(rate(req_total[5m]))"
RATIO = f"{ERRORS} / ({TOTAL} > 0)"

REACHES: list[Case] = [
    ("all", (alert(f"{RATIO} > 1"),), [">"]),
    ("all or more", (alert(f"{RATIO} >= 1"),), []),  # a total outage reaches it
    ("more than all", (alert(f"{RATIO} >= 1.01"),), [">="]),
    ("computed", (alert(f"{RATIO} > 28.8 * 0.05"),), [">"]),  # 1.44
    ("just below", (alert(f"{RATIO} > 14.4 * 0.05"),), []),  # 0.72
    ("turned round", (alert(f"1.2 < {RATIO}"),), ["<"]),
    ("recorded", (record(RATIO, "r"), alert("r > 1.44")), [">"]),
    ("recorded from recorded", (record(f"{ERRORS} or 0 * {TOTAL}", "e"), record(TOTAL, "t"),
      record("e / (t > 0)", "r"), alert("r > 1.44")), [">"]),
    ("the highest", (record(RATIO, "r"), alert("max(r) > 1.44")), [">"]),
    ("by the same label on both sides", (alert('rate(a{c="5"}[5m]) / rate(a{c=~"5|6"}[5m]) > 1.44'),), [">"]),
    ("of what is a share already", (alert(f"({RATIO} > 0.1) > 1.44"),), [">"]),
    ("whether there is any", (alert(f"({RATIO} > bool 0) >= 1.44"),), []),
    ("recorded as two things", (record(RATIO, "r"), record("sum(x)", "r"), alert("r > 1.44")), []),
    ("in percent", (alert(f"100 * {RATIO} > 5"),), []),
    ("below", (alert(f"{RATIO} < 1.44"),), []),
    ("of two metrics", (alert("rate(a[5m]) / rate(b[5m]) > 1.44"),), []),
    ("of all by some", (alert(f"{TOTAL} / {ERRORS} > 1.44"),), []),
    ("of now by before", (alert("rate(a[5m]) / rate(a[5m] offset 1h) > 1.44"),), []),
    ("of a short time by a long one", (alert("rate(a[5m]) / rate(a[1d]) > 1.44"),), []),
    ("of now by the highest before", (alert("rate(a[1h]) / max_over_time(rate(a[1h])[7d:1h] offset 1h) > 2"),), []),
    ("of sums of recorded rates", (record(ERRORS, "e"), record(TOTAL, "t"),
      alert("sum_over_time(e[1d]) / sum_over_time(t[1d]) > 1.44")), [">"]),
    ("of a gauge", (alert("a / a > 1.44"),), []),
]  # fmt: skip
NOTHING: list[Case] = [
    ("a threshold", (alert(f"{RATIO} > 14.4 * (1 - 1)"),), [">"]),
    ("a divisor", (record(f"{RATIO} / (1 - 1)"),), ["/"]),
    ("a plain divisor", (record(f"{RATIO} / 0"),), ["/"]),
    ("a plain zero", (alert(f"{RATIO} > 0"),), []),
    ("a little", (alert(f"{RATIO} > 14.4 * (1 - 0.999)"),), []),
    ("multiplied", (record(f"0 * {TOTAL}"),), []),
]
NOISE: list[Case] = [
    ("below", (alert("x > 0.0009999999999999432"),), ["0.0009999999999999432"]),
    ("above", (record("x / 0.9990000000000001"),), ["0.9990000000000001"]),
    ("short", (alert("x > 0.000999"),), []),
    ("long, and meant", (alert("x > 3.14159265358979"),), []),
    ("a third", (alert("x > 0.3333333333333333"),), []),
    ("large", (alert("x > 12345678901234567"),), []),
    ("bytes", (alert("x > 1000000000000000000"),), []),
]
NAMES: list[Case] = [
    ("no level", (record("sum(x)", "error_ratio"),), ["error_ratio"]),
    ("too many", (record("sum(x)", "a:b:c:d"),), ["a:b:c:d"]),
    ("two parts", (record("sum(x)", "job:x"),), []),
    ("a rate that is a total", (record("sum(rate(x_total[5m]))", "job:x_total:rate5m"),), ["job:x_total:rate5m"]),
    ("an increase", (record("increase(x_total[5m])", "job:x_total:increase5m"),), ["job:x_total:increase5m"]),
    ("a total that is one", (record("sum(x_total)", "job:x_total:sum"),), []),
    ("total events", (record("sum(rate(x_total[5m]))", "slo:sli_total:rate5m"),), []),
    ("another window", (record("rate(x[1h])", "a:x:rate5m"),), ["a:x:rate5m"]),
    ("the window", (record("rate(x[5m])", "a:x:rate5m"),), []),
    ("the same in another unit", (record("rate(x[60m])", "a:x:rate1h"),), []),
    ("in several units", (record("rate(x[75s])", "a:x:rate1m15s"),), []),
    ("one of two", (record("rate(x[5m]) / rate(x[1h])", "a:x:ratio5m"),), []),
    ("of what it reads", (record("a:x:rate5m / a:y:rate5m", "a:x:ratio_rate5m"),), []),
    ("not of what it reads", (record("a:x:rate5m / a:y:rate5m", "a:x:ratio_rate1h"),), ["a:x:ratio_rate1h"]),
    ("nothing looks over anything", (record("sum(x)", "a:x:rate5m"),), []),
    ("a quantile", (record("histogram_quantile(0.95, rate(x_bucket[5m]))", "a:x:p95"),), []),
    ("an alert", (alert("x > 1"),), []),
]
SCOPES: list[Case] = [
    ("all", (alert("up == 0"),), ["up"]),
    ("added up", (record("sum(rate(process_cpu_seconds_total[5m]))"),), ["process_cpu_seconds_total"]),
    ("anything", (alert('up{job=~".+"} == 0'),), ["up"]),
    ("a job", (alert('up{job="a"} == 0'),), []),
    ("a job of a strange name", (alert('up{job=".+"} == 0'),), []),
    ("what has no job", (alert('up{job!~".+"} == 0'),), []),
    ("all but one", (alert('up{job!="a"} == 0'),), []),
    ("whether anything is scraped", (alert("time() - max(timestamp(up)) > 60"),), []),
    ("a metric of one's own", (alert("queue_depth > 5"),), []),
    ("a name that begins alike", (alert("uptime > 5 and processes > 5"),), []),
    ("recorded", (record('sum(up{job="a"})', "up"), alert("up == 0")), []),
]
PATTERNS: list[Case] = [
    ("a word", (record('x{a=~"api"}'),), ["api"]),
    ("not a word", (record('x{a!~"api"}'),), ["api"]),
    ("an escaped point", (record('x{a=~"a[.]b",c=~"v1\\\\.2"}'),), ["c"]),
    ("anchors", (record('x{a=~"^a.*$"}'),), ["^a.*$"]),
    ("one anchor", (record('x{a=~"^a.*"}'),), ["^a.*"]),
    ("anything", (record('x{a=~".*"}'),), [".*"]),
    ("nothing", (record('x{a!~".*"}'),), [".*"]),
    ("empty", (record('x{a=~""}'),), ["a"]),
    ("alternatives", (record('x{a=~"a|b"}'),), []),
    ("anchors of alternatives", (record('x{a=~"^a|b$"}'),), []),
    ("something", (record('x{a=~".+"}'),), []),
    ("an equality", (record('x{a="a.b"}'),), []),
    ("a prefix", (record('x{a=~"api-.*"}'),), []),
]
NEWER: list[Case] = [
    ("a function", (record("mad_over_time(x[5m])"),), ["mad_over_time"]),
    ("experimental", (record("double_exponential_smoothing(x[5m], 0.5, 0.5)"),), ["double_exponential_smoothing"]),
    ("an operator", (record("limitk(5, x)"),), ["limitk"]),
    ("old ones", (record("topk(5, rate(x[5m] @ end())) atan2 y"), alert("x > 1", keep_firing_for="5m")), []),
]
CLIENTS: list[Case] = [
    ("429", (record('rate(r{code=~"5..|429"}[5m]) / (rate(r[5m]) > 0)'),), ["5..|429"]),
    ("all but 2xx", (alert('rate(r{code!~"2.."}[5m]) / rate(r[5m]) > 0.1'),), ["2.."]),
    ("all but one", (alert('rate(r{status!="200"}[5m]) / rate(r[5m]) > 0.1'),), ["200"]),
    ("in a fill", (record('(sum(rate(r{code=~"[45].."}[5m])) or 0 * sum(rate(r[5m]))) / (sum(rate(r[5m])) > 0)'),),
      ["[45].."]),
    ("classes", (alert('rate(r{status_class=~"4xx|5xx"}[5m]) / rate(r[5m]) > 0.1'),), ["4xx|5xx"]),
    ("one of the server's", (alert('rate(r{code="500"}[5m]) / rate(r[5m]) > 0.1'),), []),
    ("the server's", (alert('rate(r{code=~"5.."}[5m]) / rate(r[5m]) > 0.1'),), []),
    ("the client's alone", (alert('rate(r{code=~"4.."}[5m]) / rate(r[5m]) > 0.5'),), []),
    ("of another label", (alert('rate(r{zone=~"5..|429"}[5m]) / rate(r[5m]) > 0.1'),), []),
    ("a pattern that only RE2 knows", (alert('rate(r{code=~"429|5..|x(?i)y"}[5m]) / rate(r[5m]) > 0.1'),), []),
    ("how many", (alert('rate(r{code=~"5..|429"}[5m]) > 5'),), []),
]  # fmt: skip
TABLES = {
    "L03": REACHES, "L04": NOTHING, "L05": NOISE, "L32": NAMES, "L33": SCOPES, "L34": PATTERNS, "L36": NEWER,
    "L39": CLIENTS,
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
        for problem in problems(check.id, *rules):
            assert problem.code == check.slug
            assert problem.found or 'a=~""' in problem.summary
            assert problem.allowed
            assert problem.fix
            assert "\n" not in problem.summary
            assert problem.summary.startswith(("rule `", "alert `"))


def problems(check: str, *rules: Rule, metrics: str = "") -> list[Problem]:
    tree: dict[str, object] = {"rules": list(rules)} | ({"metrics": yaml.safe_load(metrics)} if metrics else {})
    return list(judge(yaml.safe_dump(tree, width=10_000), BY_ID[check]))


@pytest.mark.parametrize(
    ("matcher", "fix", "severity"),
    [
        ('a=~"v1\\\\.2"', 'write `a="v1.2"`', Severity.INFO),
        ('a!~"api"', 'write `a!="api"`', Severity.INFO),
        ('a=~"^a.*$"', 'write `a=~"a.*"`', Severity.INFO),
        ('a=~".*"', "remove it", Severity.INFO),
        ('a!~".*"', "remove it", Severity.ERROR),
    ],
)
def test_how_a_pattern_is_written_better(matcher: str, fix: str, severity: Severity) -> None:
    (problem,) = problems("L34", record(f"x{{{matcher}}}"))
    assert (problem.fix, problem.severity) == (fix, severity)


def test_the_number_that_was_meant_is_said() -> None:
    (problem,) = problems("L05", alert("x > 0.0009999999999999432"))
    assert problem.fix == "write 0.001"


def test_keys_of_groups_that_came_later() -> None:
    tree = {"groups": [{"name": "g", "query_offset": "1m", "labels": {"a": "b"}, "rules": [record("x")]}]}
    assert marked(yaml.safe_dump(tree), BY_ID["L36"]) == ["labels", "query_offset"]
    said = [problem.summary for problem in judge(yaml.safe_dump(tree), BY_ID["L36"])]
    assert ["3.0" in said[0], "2.53" in said[1]] == [True, True]


# --- dependencies ---------------------------------------------------------------------------------


def late(*groups: tuple[str, list[Rule]], metrics: str = "") -> list[str]:
    """What is marked in groups with an interval each."""
    written = [
        {"name": f"g{n}", "rules": rules} | ({"interval": i} if i else {}) for n, (i, rules) in enumerate(groups)
    ]
    tree: dict[str, object] = {"groups": written} | ({"metrics": yaml.safe_load(metrics)} if metrics else {})
    return marked(yaml.safe_dump(tree, width=10_000, sort_keys=False), BY_ID["L27"])


SHORT = record("rate(x[5m])", "a:x:rate5m")


@pytest.mark.parametrize(
    ("interval", "rule", "words"),
    [
        ("30s", alert("a:x:rate5m > 1"), ["a:x:rate5m"]),  # 30 s x 100 > 5 m
        ("3s", alert("a:x:rate5m > 1"), []),  # 3 s x 100 = 5 m: a hundredth
        ("", alert("a:x:rate5m > 1"), ["a:x:rate5m"]),  # Prometheus' own minute
        ("30s", alert("sum_over_time(a:x:rate5m[1h]) > 1"), []),  # 30 s x 100 < 1 h
        ("30s", alert("sum_over_time(a:x:rate5m[45m]) > 1"), ["a:x:rate5m"]),  # 30 s x 100 = 50 m
        ("30s", alert("max_over_time(sum(a:x:rate5m)[1h:1m]) > 1"), []),
        ("30s", alert("a:x:rate5m > 1 and a:x:rate5m < 5"), ["a:x:rate5m"]),
        ("30s", record("sum(a:x:rate5m)"), []),
        ("30s", alert("x > 1"), []),
    ],
)
def test_alerts_read_what_their_own_group_records(interval: str, rule: Rule, words: list[str]) -> None:
    assert late((interval, [SHORT]), ("30s", [rule])) == words
    assert late((interval, [SHORT, rule])) == []


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ('sum by (service) (rate(x{service="theirs"}[5m]))', []),
        ('sum(rate(x{service="theirs"}[5m])) / sum(rate(y{service="theirs"}[5m]))', []),
        ('sum(rate(x{service="theirs"}[5m])) / sum(rate(y{service="ours"}[5m]))', ["a:x:rate5m"]),
        ('sum(rate(x{service=~"theirs"}[5m]))', ["a:x:rate5m"]),  # a pattern may fit more
        ('label_replace(rate(x{service="theirs"}[5m]), "service", "ours", "", "")', ["a:x:rate5m"]),
        ("vector(1)", ["a:x:rate5m"]),
    ],
)
def test_what_another_service_records_under_the_same_name_is_not_read(theirs: str, words: list[str]) -> None:
    own = record('sum by (service) (rate(x{service="ours"}[5m]))', "a:x:rate5m")
    rules = [own, alert('a:x:rate5m{service="ours"} > 1')]
    assert late(("30s", rules), ("30s", [record(theirs, "a:x:rate5m")])) == words


def test_a_chain_is_followed_to_another_group() -> None:
    chain = [record("sum(a:x:rate5m)", "b:x:rate5m"), alert("b:x:rate5m > 1")]
    assert late(("30s", [SHORT]), ("30s", chain)) == ["b:x:rate5m"]
    assert late(("30s", [SHORT, *chain])) == []


def test_a_long_window_behind_a_recording_does_not_show_a_lag() -> None:
    month = record("sum_over_time(a:x:rate5m[30d])", "a:x:sum30d")
    assert late(("30s", [SHORT]), ("2m", [month]), ("30s", [alert("a:x:sum30d > 1")])) == []
    left = record("1 - a:x:sum30d", "a:x:left")
    assert late(("30s", [SHORT]), ("2m", [month, left]), ("30s", [alert("a:x:left > 1")])) == []


def test_circles_are_told_at_each_rule() -> None:
    assert late(("", [record("a:b:d + 1", "a:b:c"), record("a:b:c + 1", "a:b:d")])) == ["a:b:d", "a:b:c"]
    assert late(("", [record("a:b:c + 1", "a:b:c")])) == ["a:b:c"]
    assert late(("", [record("a:b:c offset 1m + 1", "a:b:c")])) == []  # its own past, and meant
    assert late(("", [record('a:b:c{w="2"} + 1', "a:b:c", labels={"w": "1"})])) == []


def test_a_recording_that_nobody_makes_needs_an_inventory_to_be_known() -> None:
    metrics = "x: {type: gauge, labels: []}"
    assert late(("", [alert("a:b:c > 1")])) == []
    assert late(("", [alert("a:b:c > 1")]), metrics=metrics) == ["a:b:c"]
    assert late(("", [record("x", "a:b:c"), alert("a:b:c > 1")]), metrics=metrics) == []


# --- with an inventory ----------------------------------------------------------------------------

METRICS = """
req_total: {type: counter, labels: {code: ["200", "500"], path: {cap: 50}}, retention: 15d}
seen_total: {type: counter, labels: [], retention: 30d}
d: {type: histogram, labels: [], buckets: [1, 5]}
"""


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("rate(reqs_total[5m])", ["reqs_total"]),
        ('rate(req_total{status="500"}[5m])', ["status"]),
        ('rate(req_total{status!="500"}[5m])', ["status"]),
        ('rate(req_total{code="503"}[5m])', ["503"]),
        ('rate(req_total{code=~"500|503"}[5m])', ["503"]),
        ('rate(req_total{code!="503"}[5m])', ["503"]),
        ("sum by (pod) (rate(req_total[5m]))", ["pod"]),
        ("sum by (instance, code) (rate(req_total[5m]))", []),
        ('rate(req_total{code=~"5..",path="/a"}[5m])', []),
        ('rate(req_total{code="__other__"}[5m])', []),  # where the SDK counts the surplus
        ('rate(d_bucket{le="1"}[5m]) + rate(d_count[5m])', []),
        ("up + ALERTS", []),
        ("a:b:c", []),  # a recording is another check's
        ('{__name__="reqs_total"}', ["reqs_total"]),
    ],
)
def test_what_does_not_exist_is_marked(expr: str, words: list[str]) -> None:
    assert found("L26", record(expr), metrics=METRICS) == words
    assert found("L26", record(expr)) == []


def test_a_matcher_that_selects_all_the_same_is_a_warning() -> None:
    for operator, severity in (("=", Severity.ERROR), ("=~", Severity.ERROR), ("!=", Severity.WARNING)):
        (problem,) = problems("L26", record(f'req_total{{status{operator}"5"}}'), metrics=METRICS)
        assert problem.severity is severity


@pytest.mark.parametrize(
    ("expr", "label", "words"),
    [
        ("sum(x) > 1", "pod", ["pod"]),
        ("sum by (job) (x) > 1", "pod", ["pod"]),
        ("sum by (job) (x) > 1", "job", []),
        ("x > 1", "pod", []),  # nobody declared it: it may have any label
        ("absent(x) > 0", "pod", ["pod"]),
        ('absent(x{pod="a"}) > 0', "pod", []),
        ("sum(x) > 1", "severity", ["severity"]),  # added by the rule, after the text is made
        ("sum(x) > 1", "alertname", ["alertname"]),
    ],
)
def test_texts_name_labels_that_the_expression_has(expr: str, label: str, words: list[str]) -> None:
    for form in ("{{ $labels.%s }}", "{{ .Labels.%s }}", "{{ if $labels.%s }}a{{ end }}"):
        rule = alert(expr, labels={"severity": "high"}, annotations={"summary": form % label})
        assert found("L26", rule) == words


@pytest.mark.parametrize(
    ("expr", "label", "summary", "fix"),
    [
        ("sum(x) > 1", "severity", "which the rule adds after the text is made", "write its value"),
        ("sum(x) > 1", "pod", "which the expression never has", "keep `pod` in the expression"),
        ("sum by (pod) (x) > 1", "pods", "which the expression never has", "write `pod`"),
    ],
)
def test_why_a_text_stays_empty(expr: str, label: str, summary: str, fix: str) -> None:
    rule = alert(expr, labels={"severity": "high"}, annotations={"summary": "{{ $labels.%s }}" % label})  # noqa: UP031
    (problem,) = problems("L26", rule)
    assert problem.summary == f"alert `A`: `summary` names label `{label}`, {summary}"
    assert problem.fix == fix


def test_the_nearest_metric_is_named() -> None:
    (problem,) = problems("L26", record("rate(reqs_total[5m])"), metrics=METRICS)
    assert (problem.allowed, problem.fix) == ("req_total", "write `req_total`")


def test_declared_labels_tell_what_a_text_can_name() -> None:
    rule = alert("req_total > 1", annotations={"summary": "{{ $labels.pod }} {{ $labels.code }}"})
    assert found("L26", rule, metrics=METRICS) == ["pod"]
    assert found("L26", rule) == []


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("increase(req_total[15d])", []),
        ("increase(req_total[16d])", ["req_total"]),
        ("increase(req_total[1h] offset 15d)", ["req_total"]),  # 15 d 1 h
        ("req_total offset 15d", []),
        ("max_over_time(rate(req_total[1d])[15d:1h])", ["req_total"]),  # 15 d + 1 d
        ("max_over_time(rate(req_total[1d])[14d:1h])", []),
        ("max_over_time(rate(req_total[1d])[14d:1h] offset 1h)", ["req_total"]),
        ("increase(d_count[90d])", []),  # nobody says how long
        ("increase(unheard_of[90d])", []),
    ],
)
def test_ranges_end_where_samples_do(expr: str, words: list[str]) -> None:
    assert found("L29", record(expr), metrics=METRICS) == words


def test_recorded_series_live_as_long_as_the_longest() -> None:
    rules = record("sum(rate(req_total[5m]))", "r"), record("sum_over_time(r[30d])")
    assert found("L29", *rules, metrics=METRICS) == []
    assert found("L29", rules[0], record("sum_over_time(r[31d])"), metrics=METRICS) == ["r"]
    assert found("L29", rules[0], record("sum_over_time(r[31d])")) == []


def test_a_retention_that_is_no_time_is_told() -> None:
    read = read_inventory("metrics:\n  x: {retention: forever}\n", "metrics.yaml")
    assert [(problem.code, problem.span.line, problem.span.column) for problem in read.problems] == [
        ("bad-duration", 2, 18)
    ]
