"""What each check of PromQL marks, and what looks like its mistake and is none."""

import pytest
import yaml

from checks_examples import BY_ID, Rule, alert, found, judge, record
from watchkeeper.checks import CHECKS
from watchkeeper.checks.check import Check
from watchkeeper.problem import Severity

ERRORS, TOTAL = 'sum(rate(req_total{code="500"}[5m]))', "sum(rate(req_total[5m]))"
RATIO = f"{ERRORS} / {TOTAL}"
Case = tuple[str, tuple[Rule, ...], list[str]]

AVERAGES: list[Case] = [
    ("over time", (record(RATIO, "r"), record("avg_over_time(r[30d])")), ["avg_over_time"]),
    ("over series", (record(f"avg by (pod) ({RATIO})"),), ["avg"]),
    ("as a sum over a count", (record(RATIO, "r"), record("sum_over_time(r[1d]) / count_over_time(r[1d])")), ["/"]),
    ("of a subquery", (record(f"avg_over_time(({RATIO})[1d:5m])"),), ["avg_over_time"]),
    ("of one minus it", (record(f"1 - {RATIO}", "r"), record("avg_over_time(r[30d])")), ["avg_over_time"]),
    ("of a burn rate", (record(f"({RATIO}) / 0.001", "r"), record("avg_over_time(r[30d])")), ["avg_over_time"]),
    ("through two recordings", (record(RATIO, "r"), record("max(r)", "s"), record("avg(s)")), ["avg"]),
    ("of another objective's label", (record(RATIO, "r", labels={"slo": "a"}), record('avg(r{slo="b"})')), []),
    ("of sums", (record("sum_over_time(e[30d]) / sum_over_time(t[30d])"),), []),
    (
        "of a sum over another's count",
        (record(RATIO, "r"), record("sum_over_time(r[1d]) / count_over_time(q[1d])")),
        [],
    ),
    ("of a share of memory", (record("avg(used_bytes / limit_bytes)"),), []),
    ("of a rate", (record("avg(rate(req_total[5m]))"),), []),
    ("its maximum", (record(RATIO, "r"), record("max_over_time(r[1d])")), []),
    ("how many there are", (record(RATIO, "r"), record("avg_over_time(count(r)[1d:1m])")), []),
    (
        "of time, which is no event",
        (record('avg(rate(cpu_seconds_total{mode="idle"}[5m]) / rate(cpu_seconds_total[5m]))'),),
        [],
    ),
]
GAPS: list[Case] = [
    ("multiplied up", (record("sum by (code) (increase(x[1h]))", "i"), record("avg_over_time(i[30d]) * 24 * 30")),
      ["avg_over_time"]),
    ("from the left", (record("24 * sum(avg_over_time(increase(x[1h])[30d:1h]))"),), ["avg_over_time"]),
    ("divided by another", (record("rate(e[5m])", "e5"), record("rate(t[5m])", "t5"),
      record("avg_over_time(e5[6h]) / avg_over_time(t5[6h])")), ["avg_over_time"]),
    ("filled with zeros", (record("rate(e[5m]) or 0 * rate(t[5m])", "e5"), record("rate(t[5m])", "t5"),
      record("avg_over_time(e5[6h]) / avg_over_time(t5[6h])")), []),
    ("not multiplied", (record("rate(e[5m])", "e5"), record("avg_over_time(e5[6h])")), []),
    ("of a gauge", (record("avg_over_time(queue_depth[6h]) * 60"),), []),
    ("times a vector", (record("rate(e[5m])", "e5"), record("avg_over_time(e5[6h]) * price")), []),
]  # fmt: skip
ZEROS: list[Case] = [
    ("recorded", (record(RATIO),), ["/"]),
    ("the mean of a histogram", (record("rate(d_sum[5m]) / rate(d_count[5m])"),), ["/"]),
    ("inside a sum of an alert", (alert("sum(rate(e[5m]) / rate(t[5m])) > 1"),), ["/"]),
    ("inside a sum over time", (alert("avg_over_time((rate(e[5m]) / rate(t[5m]))[1h:]) > 1"),), ["/"]),
    ("by a recorded rate", (record("rate(t[5m])", "t5"), record("rate(e[5m]) / t5")), ["/"]),
    ("by a guarded recorded rate", (record("rate(t[5m]) > 0", "t5"), record("rate(e[5m]) / t5")), []),
    ("guarded", (record(f"{ERRORS} / ({TOTAL} > 0)"),), []),
    ("guarded with bool", (record(f"{ERRORS} / ({TOTAL} > bool 0)"),), ["/"]),
    ("raised", (record(f"{ERRORS} / clamp_min({TOTAL}, 0.001)"), record(f"{ERRORS} / ({TOTAL} + 1)")), []),
    (
        "kept only while there is traffic",
        (record(f"({RATIO}) and {TOTAL} > 0"), record(f"{RATIO} unless {TOTAL} == 0")),
        [],
    ),
    ("kept while anything is there", (record(f"({RATIO}) and {TOTAL}"),), ["/"]),
    ("compared in an alert", (alert(f"{RATIO} > 0.1"),), []),
    ("the highest in an alert", (alert("max(rate(e[5m]) / rate(t[5m])) > 0.1"),), []),
    ("by a gauge", (record("rate(e[5m]) / limit_rate"),), []),
    (
        "by a count of samples",
        (record("rate(t[5m])", "t5"), record("sum_over_time(t5[1h]) / count_over_time(t5[1h])")),
        [],
    ),
    ("by time", (record("rate(e_total[5m]) / rate(cpu_seconds_total[5m])"),), []),
]
ABSENT: list[Case] = [
    ("errors of a ratio", (record(f"{ERRORS} / ({TOTAL} > 0)"),), ["/"]),
    (
        "recorded before",
        (record('rate(t{code=~"5.."}[5m])', "e5"), record("rate(t[5m])", "t5"), record("e5 / (t5 > 0)")),
        ["e5"],
    ),
    ("of a narrower pattern", (record('rate(t{code=~"5.."}[5m]) / (rate(t{code=~"2..|5.."}[5m]) > 0)'),), ["/"]),
    ("filled", (record(f"({ERRORS} or 0 * {TOTAL}) / ({TOTAL} > 0)"),), []),
    ("filled before", (record('rate(t{code="5"}[5m]) or 0 * rate(t[5m])', "e5"), record("e5 / (rate(t[5m]) > 0)")), []),
    ("in an alert, where absence is health", (alert(f"{RATIO} > 0.1"),), []),
    ("of what is not selected by value", (record('rate(t{code!~"2.."}[5m]) / (rate(t[5m]) > 0)'),), []),
    ("of two metrics", (record("rate(errors_total[5m]) / (rate(t[5m]) > 0)"),), []),
    ("of the same series", (record('rate(t{job="a"}[5m]) / (rate(t{job="a"}[1h]) > 0)'),), []),
    ("of another job", (record('rate(t{job="a",code="5"}[5m]) / (rate(t{job="b"}[5m]) > 0)'),), []),
]
VECTORS: list[Case] = [
    ("beside groups", (record("sum by (q) (x) or vector(0)"),), ["vector"]),
    ("beside a metric", (alert("queue_depth or vector(0) > 1"),), []),
    ("computed", (record("sum by (q) (x) or 0 * vector(1)"),), ["*"]),
    ("of several", (record("sum by (q) (x) or vector(0) + vector(1)"),), ["+"]),
    ("with a metric in it", (record("sum by (q) (x) or vector(0) + y"),), []),
    ("beside a metric as it is", (record("x or vector(0)"),), ["vector"]),
    ("beside all in one", (record("sum(x) or vector(0)"),), []),
    ("added up afterwards", (record("sum(sum by (q) (x) or vector(0))"),), []),
    ("grouped afterwards", (record("sum by (q) (x or vector(0))"),), ["vector"]),
    ("beside a recorded sum", (record("sum(x)", "s"), record("s or vector(0)")), []),
    ("of another metric", (record("sum by (q) (x) or 0 * sum by (q) (y)"),), []),
]
FILLS: list[Case] = [
    ("recorded with the rule's label", (record("sum(t)", "t5", labels={"slo": "a"}),
      record('sum(e) or 0 * t5{slo="a"}', labels={"slo": "a"})), ["or"]),
    ("selected by it, whoever records it", (record('sum(e) or 0 * t5{slo="a"}', labels={"slo": "a"}),), ["or"]),
    ("the other way round", (record('t5{slo="a"} or sum(e)', labels={"slo": "a"}),), ["or"]),
    ("in an alert", (alert('sum(e) or 0 * t5{slo="a"} > 1', labels={"slo": "a"}),), ["or"]),
    ("a label the rule does not write", (record('sum(e) or 0 * t5{slo="a"}', labels={"team": "a"}),), []),
    ("both with it", (record('sum by (slo) (e) or 0 * t5{slo="a"}', labels={"slo": "a"}),), []),
    ("aggregated away", (record('sum(sum(e) or 0 * t5{slo="a"})', labels={"slo": "a"}),), []),
    ("of the same shape", (record("sum(e) or 0 * sum(t)", labels={"slo": "a"}),), []),
    ("matched without it", (record('sum(e) or on (job) 0 * t5{slo="a"}', labels={"slo": "a"}),), []),
    ("matched ignoring it", (record('sum(e) or ignoring (slo) 0 * t5{slo="a"}', labels={"slo": "a"}),), []),
    ("matched by it", (record('sum(e) or on (slo) 0 * t5{slo="a"}', labels={"slo": "a"}),), ["or"]),
]  # fmt: skip
JOINS: list[Case] = [
    ("on windows as labels", (record("sum(x)", "r1", labels={"w": "1h"}), record("sum(x)", "r5", labels={"w": "5m"}),
      alert("r1 > 1 and r5 > 1")), ["and"]),
    ("of matchers", (alert('x{w="1h"} > 1 and x{w="5m"} > 1'),), ["and"]),
    ("on that label", (alert('x{w="1h"} > 1 and on (w) x{w="5m"} > 1'),), ["w"]),
    ("grouped by one side", (alert("sum by (job) (x) / sum(y) > 1"),), ["/"]),
    ("that takes nothing away", (alert('x{a="1"} unless x{a="2"}'),), ["unless"]),
    ("compared", (alert("sum by (job) (x) > sum by (pod) (y)"),), [">"]),
    ("through functions", (alert('max by (w) (rate(x{w="1"}[5m])) / sum by (w) (rate(y{w="2"}[5m])) > 0'),), ["/"]),
    ("on what both have", (alert('x{w="1h"} > 1 and on (slo) x{w="5m"} > 1'),), []),
    ("ignoring it", (alert('x{w="1h"} > 1 and ignoring (w) x{w="5m"} > 1'),), []),
    ("without it", (alert('max without (w) (x{w="1h"}) > 1 and max without (w) (x{w="5m"}) > 1'),), []),
    ("both alike", (alert('x{w="1h"} > 1 and y{w="1h"} > 1'),), []),
    ("alternatives, which join nothing", (alert('x{w="1h"} > 1 or x{w="5m"} > 1'),), []),
    ("grouped alike", (alert("sum by (job) (x) / sum by (job) (y) > 1"),), []),
    ("of metrics nobody knows", (alert("x / y > 1"),), []),
    ("of one known label and a metric nobody knows", (alert('x{job="a"} / y > 1'),), []),
    ("spread over many", (alert("sum by (job, pod) (x) / on (job) group_left () sum by (job) (y) > 1"),), []),
    ("of the many side", (alert('(x{w="1"} / on () group_right () y{w="2"}) and z{w="1"} > 0'),), ["and"]),
    ("of the many side, which fits", (alert('(x{w="1"} / on () group_left () y{w="2"}) and z{w="1"} > 0'),), []),
    ("of alternatives alike", (alert('(x{w="1"} or y{w="1"}) and z{w="2"} > 0'),), ["and"]),
    ("of alternatives", (alert('(x{w="1"} or y{w="2"}) and z{w="2"} > 0'),), []),
    ("with a label replaced", (alert('label_replace(x{w="1"}, "w", "2", "", "") > 1 and x{w="2"} > 1'),), []),
    ("one of two recordings fits", (record("x", "r", labels={"w": "1"}), record("y", "r", labels={"w": "2"}),
      alert('r and z{w="2"} > 0')), []),
    ("a scalar", (alert('x{w="1"} > scalar(x{w="2"})'),), []),
]  # fmt: skip
RATES: list[Case] = [
    ("recorded", (record("sum(x_total)", "s"), record("rate(s[5m])")), ["rate"]),
    ("of a subquery", (record("increase(sum by (job) (x_total)[5m:])"),), ["increase"]),
    ("of scaled counters", (record("8 * sum(x_total)", "s"), record("rate(s[5m])")), ["rate"]),
    ("then the sum", (record("sum(rate(x_total[5m]))"),), []),
    ("recorded as it is", (record("x_total", "s"), record("rate(s[5m])")), []),
    ("slope of a sum of gauges", (record("sum(queue_depth)", "s"), record("deriv(s[5m])")), []),
    ("highest of a sum of rates", (record("max_over_time(sum(rate(x_total[5m]))[1h:])"),), []),
]
INSTANT: list[Case] = [
    ("in an alert", (alert("irate(x[5m]) > 1"),), ["irate"]),
    ("in a recording", (record("sum(irate(x[5m]))"),), ["irate"]),
    ("its neighbour", (record("sum(rate(x[5m])) + idelta(y[5m])"),), []),
]
QUANTILES: list[Case] = [
    ("summed without le", (record("histogram_quantile(0.9, sum(rate(d_bucket[5m])))"),), ["histogram_quantile"]),
    ("le taken away", (record("histogram_quantile(0.9, sum without (le) (rate(d_bucket[5m])))"),),
      ["histogram_quantile"]),
    ("averaged", (record("avg(histogram_quantile(0.9, rate(d_bucket[5m])))"),), ["avg"]),
    ("averaged after all", (record("avg(max by (a) (histogram_quantile(0.9, rate(d_bucket[5m]))))"),), ["avg"]),
    ("averaged over time", (record("histogram_quantile(0.9, rate(d_bucket[5m]))", "p"),
      record("avg_over_time(p[1h])")), ["avg_over_time"]),
    ("a summary's", (record('sum by (job) (d{quantile="0.9"})'),), ["sum"]),
    ("with le", (record("histogram_quantile(0.9, sum by (le) (rate(d_bucket[5m])))"),), []),
    ("each series its own", (record("histogram_quantile(0.9, rate(d_bucket[5m]))"),), []),
    ("the highest", (record("max(histogram_quantile(0.9, rate(d_bucket[5m])))"),), []),
    ("how many are slow", (record("sum(count by (job) (histogram_quantile(0.9, rate(d_bucket[5m]))))"),), []),
    ("a native histogram", (record("histogram_quantile(0.9, sum(rate(d[5m])))"),), []),
]  # fmt: skip
SPELLINGS: list[Case] = [
    ("whole", (record('rate(d_bucket{le="1"}[5m])'),), ["1"]),
    ("whole with a point", (record('rate(d_bucket{le="10.0"}[5m])'),), ["10.0"]),
    ("one of a pattern", (record('rate(d_bucket{le=~"1|2"}[5m])'),), ["1|2"]),
    ("never stored like that", (record('rate(d_bucket{le="0.50"}[5m])'),), ["0.50"]),
    ("both", (record('rate(d_bucket{le=~"1|1[.]0"}[5m])'),), []),
    ("an optional end", (record('rate(d_bucket{le=~"1(\\\\.0)?"}[5m])'),), []),
    ("a fraction", (record('rate(d_bucket{le="0.5"}[5m])'),), []),
    ("without end", (record('rate(d_bucket{le="+Inf"}[5m])'),), []),
    ("another label", (record('rate(d_bucket{size="1"}[5m])'),), []),
]
ABSENCE: list[Case] = [
    ("at once", (alert('absent(up{job="a"})'),), ["absent"]),
    ("of a sum", (alert("absent(sum(x))", **{"for": "5m"}),), ["absent"]),
    ("of a sum, and at once", (alert("absent(sum(x))"),), ["absent", "absent"]),
    ("recorded", (record('absent(up{job="a"})'),), []),
    ("waited for", (alert('absent(up{job="a"})', **{"for": "1m"}),), []),
    ("over time", (alert('absent_over_time(up{job="a"}[5m])'),), []),
    ("of those that are up", (alert('absent(up{job="a"} == 1)', **{"for": "5m"}),), []),
]
BLIND: list[Case] = [
    ("alone", (record(RATIO, "r"), alert("r > 0.1")), ["r"]),
    ("told once for two windows", (record(RATIO, "r"), record(RATIO, "s"), alert("r > 0.1 and s > 0.1"),
      alert("s > 1")), ["r"]),
    ("watched", (record(RATIO, "r"), alert("r > 0.1"), alert("absent(req_total)", **{"for": "5m"})), []),
    ("watched as recorded", (record(RATIO, "r"), alert("r > 0.1"), alert("absent_over_time(r[5m])")), []),
    ("another's watched", (record(RATIO.replace("{", '{job="a",').replace("total[", 'total{job="a"}['), "r"),
      alert("r > 0.1"), alert('absent(req_total{job="b"})', **{"for": "5m"})), ["r"]),
    ("recorded absence is no alert", (record(RATIO, "r"), alert("r > 0.1"), record("absent(req_total)", "x")), ["r"]),
    ("a share nobody records", (alert(f"{RATIO} > 0.1"),), []),
    ("a recorded gauge", (record("max(queue_depth)", "q"), alert("q > 10")), []),
]  # fmt: skip
FLOORS: list[Case] = [
    ("a share", (alert(f"{RATIO} > 0.1"),), [">"]),
    ("recorded", (record(RATIO, "r"), alert("r > 0.1")), [">"]),
    ("turned round", (alert(f"0.9 > 1 - {RATIO}"),), [">"]),
    ("of two windows", (record(RATIO, "r"), record(RATIO, "s"), alert("r > 0.1 and s > 0.1")), [">"]),
    ("one of two branches", (alert(f"({RATIO} > 0.1 and {ERRORS} > 5) or {RATIO} > 0.2"),), [">"]),
    ("only against zero", (alert(f"{ERRORS} / ({TOTAL} > 0) > 0.1"),), [">"]),
    ("with events", (alert(f"{RATIO} > 0.1 and {ERRORS} > 5"),), []),
    ("with events first", (alert(f"{ERRORS} > 5 and {RATIO} > 0.1"),), []),
    ("with recorded events", (record(RATIO, "r"), alert("r > 0.1 and on () 300 * errors:rate5m >= 5")), []),
    ("with a floor below the line", (alert(f"{ERRORS} / ({TOTAL} > 0.1) > 0.1"),), []),
    ("a mean", (alert("rate(d_sum[5m]) / rate(d_count[5m]) > 2"),), []),
    ("a share of memory", (alert("used_bytes / limit_bytes > 0.9"),), []),
    ("a share of time", (alert('rate(cpu_seconds_total{mode="x"}[5m]) / rate(cpu_seconds_total[5m]) > 0.9'),), []),
    ("events alone", (alert(f"{ERRORS} > 5"),), []),
]
CONDITIONS: list[Case] = [
    ("a metric", (alert("queue_depth"),), ["queue_depth"]),
    ("bool", (alert("queue_depth > bool 5"),), ["queue_depth > bool 5"]),
    ("computed", (alert("max(x) / 5"),), ["max(x) / 5"]),
    ("one of two", (alert("x > 5 or y"),), ["x > 5 or y"]),
    ("recorded without", (record("sum(x)", "s"), alert("s")), ["s"]),
    ("recorded with", (record("sum(x) > 5", "s"), alert("s")), []),
    ("compared inside", (alert("count(x > 5)"),), []),
    ("absent", (alert("absent(x)"),), []),
    ("joined", (alert("x and on (job) y"),), []),
    ("taken away", (alert("x unless y"),), []),
    ("joined with a literal", (alert("x and on () vector(1)"),), ["x and on () vector(1)"]),
    ("a dead man's switch", (alert("vector(1)"),), []),
    ("what fires", (alert('ALERTS{alertstate="firing"}'),), []),
    ("a recording", (record("x"),), []),
]
TABLES = {
    "L06": AVERAGES, "L07": GAPS, "L08": ZEROS, "L09": ABSENT, "L10": VECTORS, "L11": FILLS, "L12": JOINS, "L13": RATES,
    "L16": INSTANT, "L17": QUANTILES, "L19": SPELLINGS, "L20": ABSENCE, "L21": BLIND, "L22": FLOORS, "L23": CONDITIONS,
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


# --- with an inventory ----------------------------------------------------------------------------

METRICS = """
req_total: {type: counter, labels: {code: ["200", "500"]}, scrape: 15s, emitter: sdk}
queue_depth: {type: gauge, labels: [queue], scrape: 15s}
d: {type: histogram, labels: [], buckets: [0.5, 1, 5], scrape: 15s}
"""


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("rate(queue_depth[5m]) > 1", ["rate"]),
        ("increase(queue_depth[5m]) > 1", ["increase"]),
        ("delta(req_total[5m]) > 1", ["delta"]),
        ("predict_linear(req_total[1h], 3600) > 1", ["predict_linear"]),
        ("deriv(d_count[5m]) > 1", ["deriv"]),
        ("req_total > 5", ["req_total"]),
        ("5 < sum(req_total)", ["req_total"]),
        ("d_count > 5", ["d_count"]),
        ("req_total > 0", []),  # has it ever happened
        ("req_total > req_total offset 5m", []),
        ("rate(req_total[5m]) > 1 and deriv(queue_depth[5m]) > 1", []),
        ("rate(d_bucket[5m]) > 1", []),
        ("changes(req_total[5m]) > 1", []),
        ("sum(queue_depth) > 5", []),
        ("rate(unheard_of[5m]) > 1 and unheard_of > 5", []),
    ],
)
def test_types_come_from_the_inventory(expr: str, words: list[str]) -> None:
    assert found("L14", alert(expr), metrics=METRICS) == words


def test_a_recorded_rate_is_a_gauge_and_a_scaled_counter_still_one() -> None:
    assert found("L14", record("sum(rate(x[5m]))", "r"), record("rate(r[5m])")) == ["rate"]
    assert found("L14", record("a_total - b_total", "r"), record("rate(r[5m])")) == ["rate"]
    assert found("L14", record("8 * bytes_total", "r"), record("rate(r[5m])")) == []
    assert found("L14", record("bytes_total / 1024", "r"), record("rate(r[5m])")) == []


def severities(check: str, rule: Rule, metrics: str = "") -> list[Severity]:
    tree: dict[str, object] = {"rules": [rule]} | ({"metrics": yaml.safe_load(metrics)} if metrics else {})
    return [problem.severity for problem in judge(yaml.safe_dump(tree), BY_ID[check])]


def test_a_name_alone_is_a_reason_to_warn() -> None:
    assert severities("L14", alert("req_total > 5")) == [Severity.WARNING]
    assert severities("L14", alert("req_total > 5"), METRICS) == [Severity.ERROR]


@pytest.mark.parametrize(
    ("expr", "severity"),
    [
        ("rate(req_total[29s])", [Severity.ERROR]),  # less than 2 x 15 s
        ("rate(req_total[30s])", [Severity.WARNING]),  # 2 x 15 s
        ("rate(req_total[59s])", [Severity.WARNING]),
        ("rate(req_total[1m])", []),  # 4 x 15 s
        ("changes(queue_depth[30s])", [Severity.WARNING]),
        ("max_over_time(queue_depth[30s])", []),  # one sample is enough for a maximum
        ("rate(unheard_of[1s])", []),
    ],
)
def test_a_range_holds_four_scrapes(expr: str, severity: list[Severity]) -> None:
    assert severities("L15", record(expr), METRICS) == severity


def test_a_recorded_series_has_a_sample_an_evaluation() -> None:
    rules = record("sum(queue_depth)", "q"), record("deriv(q[2m])")
    assert found("L15", *rules, interval="1m") == ["deriv"]
    assert found("L15", *rules, interval="30s") == []
    assert found("L15", *rules) == []  # the interval of the server is not known


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ('rate(d_bucket{le="2"}[5m])', ["2"]),
        ('rate(d_bucket{le=~"2|2[.]0"}[5m])', []),  # more than a list of numbers: not judged
        ('rate(d_bucket{le="1"}[5m]) + rate(d_bucket{le="+Inf"}[5m])', []),
        ('rate(other_bucket{le="2"}[5m])', []),
        ("histogram_quantile(0.9, rate(d_bucket[5m])) > 5", ["5"]),  # 5 at most, never more
        ("histogram_quantile(0.9, rate(d_bucket[5m])) >= 5", []),
        ("10 < histogram_quantile(0.9, rate(d_bucket[5m]))", ["10"]),
        ("max(histogram_quantile(0.9, sum by (le) (rate(d_bucket[5m])))) > 2", ["2"]),
        ("histogram_quantile(0.9, rate(d_bucket[5m])) > 1", []),
        ("histogram_quantile(0.9, rate(d_bucket[5m])) < 0.5", []),
        ("histogram_quantile(0.9, rate(other_bucket[5m])) > 7", []),
        ("d_sum / d_count > 7", []),
    ],
)
def test_thresholds_are_bounds(expr: str, words: list[str]) -> None:
    assert found("L18", alert(expr), metrics=METRICS) == words


def test_a_threshold_on_a_recorded_quantile() -> None:
    rules = record("histogram_quantile(0.9, rate(d_bucket[5m]))", "p"), alert("p > 60")
    assert found("L18", *rules, metrics=METRICS) == ["60"]


def test_never_exceeded_is_an_error_and_guessed_a_warning() -> None:
    quantile = "histogram_quantile(0.9, rate(d_bucket[5m]))"
    assert severities("L18", alert(f"{quantile} > 5"), METRICS) == [Severity.ERROR]
    assert severities("L18", alert(f"{quantile} > 2"), METRICS) == [Severity.WARNING]


def test_series_that_are_there_from_the_start_are_not_absent() -> None:
    """The SDK exposes every value of a listed domain at zero."""
    ratio = record('rate(req_total{code="500"}[5m]) / (rate(req_total[5m]) > 0)')
    assert found("L09", ratio) == ["/"]
    assert found("L09", ratio, metrics=METRICS) == []
    assert found("L09", ratio, metrics=METRICS.replace("emitter: sdk", "emitter: node")) == ["/"]
    assert found("L09", ratio, metrics=METRICS.replace('["200", "500"]', "{cap: 9}")) == ["/"]


def fixes(check: str, rule: Rule) -> list[str]:
    return [problem.fix for problem in judge(yaml.safe_dump({"rules": [rule]}), BY_ID[check])]


def test_the_spelling_to_take() -> None:
    assert fixes("L19", record('d_bucket{le="1"}')) == [r'write `le=~"1|1\\.0"`']
    assert fixes("L19", record('d_bucket{le=~"1|0.5"}')) == [r'write `le=~"1|1\\.0|0\\.5"`']
    assert fixes("L19", record('d_bucket{le="0.50"}')) == ['write `le="0.5"`']


def test_the_selector_whose_absence_to_ask_for() -> None:
    expr = 'absent(sum(rate(x{job="a"}[5m])))'
    assert fixes("L20", record(expr)) == ['write `absent(x{job="a"})`']


def test_absence_is_waited_for_two_scrapes() -> None:
    assert found("L20", alert("absent(req_total)", **{"for": "15s"}), metrics=METRICS) == ["15s"]
    assert found("L20", alert("absent(req_total)", **{"for": "30s"}), metrics=METRICS) == []  # 2 x 15 s


def test_declared_labels_tell_joins() -> None:
    assert found("L12", alert("queue_depth > 1 and req_total > 0"), metrics=METRICS) == ["and"]
    assert found("L12", alert("queue_depth > 1 and on (instance) req_total > 0"), metrics=METRICS) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_finding_says_what_to_do(check: Check) -> None:
    """In words that fit on a screen, about a rule that is named."""
    for _, rules, _ in TABLES.get(check.id, []):
        for problem in judge(yaml.safe_dump({"rules": list(rules)}, width=10_000), check):
            assert problem.code == check.slug
            assert problem.found
            assert problem.allowed
            assert problem.fix
            assert "\n" not in problem.summary
            assert problem.summary.startswith(("rule `", "alert `"))
