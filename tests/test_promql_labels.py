"""Label flow: which labels a result surely, perhaps or never has, worked out by hand."""

import pytest
from hypothesis import given, settings

from promql_strategy import nodes
from watchkeeper.promql import Node, parse
from watchkeeper.promql.functions import Type
from watchkeeper.promql.labels import impossible, labels, type_of

TARGET = {"service", "environment", "instance", "job"}
METRICS = {
    "up": TARGET,
    "requests_total": TARGET | {"endpoint", "status_code"},
    "seconds_bucket": TARGET | {"endpoint", "le"},
    "build_info": TARGET | {"version"},
    "slo:ratio": {"service", "environment", "slo"},
}


def labels_of(name: str) -> frozenset[str] | None:
    return frozenset(METRICS[name]) if name in METRICS else None


def sorted_words(words: frozenset[str]) -> str:
    return " ".join(sorted(words))


FLOWS = [
    # expression, surely, perhaps as well
    ("slo:ratio", "environment service slo", ""),
    ('slo:ratio{slo=""}', "environment service", ""),
    ('slo:ratio{tier="x"}', "environment service slo tier", ""),
    ("slo:ratio > 1", "environment service slo", ""),
    ("1 - slo:ratio", "environment service slo", ""),
    ("-slo:ratio", "environment service slo", ""),
    ("rate(slo:ratio[5m])", "environment service slo", ""),
    ("max_over_time((slo:ratio > 1)[1h:1m])", "environment service slo", ""),
    ("sum(requests_total)", "", ""),
    ("sum by (service, nowhere) (requests_total)", "service", ""),
    ("sum without (instance, job) (up)", "environment service", ""),
    ("topk(3, slo:ratio)", "environment service slo", ""),
    ('count_values by (service) ("v", up)', "service v", ""),
    ("quantile by (slo) (0.9, slo:ratio)", "slo", ""),
    ("histogram_quantile(0.9, sum by (le, service) (rate(seconds_bucket[5m])))", "service", ""),
    ('absent(up{service="a",job!="b",instance=~"c"})', "service", ""),
    ('absent_over_time(up{service="a",service!="b",job="c"}[5m])', "job", ""),
    ('absent(sum(up{service="a"}))', "", ""),
    ("vector(1)", "", ""),
    ("hour()", "", ""),
    ("hour(slo:ratio)", "environment service slo", ""),
    ("scalar(slo:ratio) * 2", "", ""),
    ('label_replace(slo:ratio, "name", "$1", "slo", "(.*)")', "environment service slo", "name"),
    ('label_replace(slo:ratio, "slo", "$1", "slo", "(.*)")', "environment service", "slo"),
    ('label_join(slo:ratio, "name", "-", "slo", "nowhere")', "environment name service slo", ""),
    ('label_join(slo:ratio, "name", "-", "nowhere")', "environment service slo", "name"),
    ("slo:ratio and on (service) up", "environment service slo", ""),
    ("slo:ratio unless up", "environment service slo", ""),
    ("slo:ratio or sum by (service) (up)", "service", "environment slo"),
    ("slo:ratio or vector(0)", "", "environment service slo"),
    ("slo:ratio / on (service, slo) slo:ratio", "service slo", ""),
    ("slo:ratio / ignoring (slo) sum by (service, environment) (up)", "environment service", ""),
    ("slo:ratio > ignoring (slo) sum by (service, environment) (up)", "environment service", ""),
    ("slo:ratio * on (service) group_left (version, nowhere) build_info", "environment service slo version", ""),
    ("build_info * on (service) group_right (version) slo:ratio", "environment service slo version", ""),
    ("slo:ratio * on (service) group_left (slo) build_info", "environment service", ""),
]


@pytest.mark.parametrize(("text", "surely", "perhaps"), FLOWS, ids=[flow[0] for flow in FLOWS])
def test_the_labels_of(text: str, surely: str, perhaps: str) -> None:
    flow = labels(parse(text), labels_of)
    assert sorted_words(flow.guaranteed) == surely
    assert sorted_words(flow.possible - flow.guaranteed) == perhaps
    assert not flow.open


OPEN = [
    ("stranger", "", True),
    ('{job="x"}', "job", True),
    ('stranger{job="x",service=""}', "job", True),
    ("sum by (a, b) (stranger)", "", False),
    ("sum without (a) (stranger)", "", True),
    ("stranger or slo:ratio", "", True),
    ("stranger / stranger", "", True),
    ("slo:ratio / stranger", "environment service slo", False),
    ("stranger / slo:ratio", "environment service slo", False),
]


@pytest.mark.parametrize(("text", "surely", "is_open"), OPEN)
def test_an_undeclared_metric_may_have_any_label(text: str, surely: str, is_open: bool) -> None:
    flow = labels(parse(text), labels_of)
    assert sorted_words(flow.guaranteed) == surely
    assert flow.open is is_open


def test_a_grouping_decides_what_an_undeclared_metric_may_keep() -> None:
    flow = labels(parse("sum by (a, b) (stranger)"), labels_of)
    assert flow.may_have("a")
    assert "a" not in flow.guaranteed
    assert not flow.may_have("c")


IMPOSSIBLE = [
    ("slo:ratio and on (slo) up", "slo", "`and` compares `slo`, which the right side never has: nothing matches"),
    ("up * on (slo) slo:ratio", "slo", "`*` compares `slo`, which the left side never has: nothing matches"),
    ("sum(up) / slo:ratio", "environment", "`/` compares `environment`, which the left side never has"),
    ("slo:ratio unless on (version) build_info", "version", "`unless` compares `version`, which the left side never"),
    ('up{slo="x"}', "slo", "`up` has no label `slo`: nothing is selected"),
    ('sum(rate(up{slo="x"}[5m]))', "slo", "`up` has no label `slo`: nothing is selected"),
    ("sum by (slo) (up)", "slo", "grouped by `slo`, which nothing inside has"),
    ("max by (le) (histogram_quantile(0.9, seconds_bucket))", "le", "grouped by `le`, which nothing inside has"),
    ("slo:ratio * on (nowhere) up", "nowhere", "`*` compares `nowhere`, which neither side ever has"),
    (
        "slo:ratio * on (service) group_left (vers) build_info",
        "vers",
        "`group_left` copies `vers`, which that side never has",
    ),
    (
        "build_info * on (service) group_right (vers) slo:ratio",
        "vers",
        "`group_right` copies `vers`, which that side never has",
    ),
]


@pytest.mark.parametrize(("text", "label", "reason"), IMPOSSIBLE)
def test_what_can_never_work_is_found(text: str, label: str, reason: str) -> None:
    first = impossible(parse(text), labels_of)[0]
    assert first.label == label
    assert first.reason.startswith(reason)


def test_what_could_stand_there_is_told() -> None:
    (grouping,) = impossible(parse("sum by (sol) (slo:ratio)"), labels_of)
    assert sorted_words(grouping.possible) == "environment service slo"
    (join,) = impossible(parse("slo:ratio / on (service, slo) up"), labels_of)
    assert sorted_words(join.possible) == "environment instance job service"


@pytest.mark.parametrize(
    "text",
    [
        "slo:ratio and on (service) up",
        "slo:ratio / ignoring (slo) sum by (service, environment) (up)",
        "slo:ratio or vector(0)",  # `or` of different labels is a union, and meant
        "sum(up) / 2",
        "sum(up) > scalar(slo:ratio)",
        'up{slo=""}',
        'up{slo!="x"}',
        "sum by (slo) (stranger)",
        "stranger and on (slo) slo:ratio",
        "slo:ratio * on (service) group_left (version) build_info",
        "sum(up) / sum(up)",
        "vector(1) * on (slo) vector(2)",
        "stranger * on (slo) group_left (version) stranger",
    ],
)
def test_what_may_work_is_left_alone(text: str) -> None:
    assert impossible(parse(text), labels_of) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 + 2", Type.SCALAR),
        ("-time()", Type.SCALAR),
        ("scalar(up)", Type.SCALAR),
        ("1 + up", Type.VECTOR),
        ("sum(up)", Type.VECTOR),
        ("up[5m]", Type.RANGE),
        ("up[5m:]", Type.RANGE),
        ('"x"', Type.STRING),
        ("mad_over_time(up[5m])", Type.VECTOR),
    ],
)
def test_types(text: str, kind: Type) -> None:
    assert type_of(parse(text)) is kind


@given(nodes)
@settings(deadline=None, max_examples=100)
def test_what_is_sure_is_possible(node: Node) -> None:
    flow = labels(node, labels_of)
    assert flow.guaranteed <= flow.possible
    assert type_of(node) in {Type.SCALAR, Type.VECTOR}
    impossible(node, labels_of)


@pytest.mark.parametrize(
    ("expr", "trusted", "plain"),
    [
        ("sum by (job) (nobody_knows)", {"job"}, set()),
        ("sum by (job) (sum by (job, pod) (nobody_knows))", {"job"}, set()),
        ("sum without (job) (nobody_knows)", set(), set()),
        ("nobody_knows", set(), set()),
        ("sum by (nowhere) (declared)", set(), set()),  # the catalog knows better than the author
    ],
)
def test_an_author_may_be_trusted_about_labels_nobody_declared(expr: str, trusted: set[str], plain: set[str]) -> None:
    def labels_of(name: str) -> frozenset[str] | None:
        return frozenset({"service"}) if name == "declared" else None

    assert labels(parse(expr), labels_of, trusting=True).guaranteed == trusted
    assert labels(parse(expr), labels_of).guaranteed == plain


def test_joins_of_what_an_author_grouped_differently_never_match_in_his_own_words() -> None:
    node = parse("sum by (job) (x) / sum(y)")
    assert impossible(node, lambda _: None) == ()
    (found,) = impossible(node, lambda _: None, trusting=True)
    assert found.label == "job"
