"""Log alerts for two engines: the same alert by name and labels, asked of lines in two shapes and of counters."""

from collections.abc import Iterator
from functools import cache

import promql_parser
import pytest
import yaml

import compile_bench
from logql_judge import faults
from watchkeeper import conventions, promql, spec
from watchkeeper.compile import log_rules
from watchkeeper.compile.log_queries import Wire, rate_above, share_above
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Logs

SERVICE = "llm-copilot-agent"
ALL = "{service_name=" + f'"{SERVICE}"' + "}"


@cache
def shipped() -> Catalog:
    loaded = spec.load()
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def logs() -> Logs:
    found = shipped().logs
    assert found is not None
    return found


@cache
def documents() -> dict[str, str]:
    return compile_bench.texts(shipped())


def rules(path: str) -> Iterator[dict[str, object]]:
    for group in yaml.safe_load(documents()[path])["groups"]:
        yield from group["rules"]


RULE_FILES = sorted(path for path in documents() if path.startswith("loki/rules"))


def query(name: str, wire: Wire) -> str:
    service = shipped().services[0]
    for alert in service.log_alerts:
        if alert.name == name:
            return rate_above(logs(), SERVICE, alert, wire)
        if alert.ratio is not None and alert.ratio.name == name:
            return share_above(logs(), SERVICE, alert, alert.ratio, wire)
    raise KeyError(name)


# --- the words of each shape -----------------------------------------------------------------------


ERRORS = f'sum(rate({ALL} | detected_level=~"error|fatal|critical" [5m]))'
ERRORS_IN_JSON = f'sum(rate({ALL} | json level | level=~"ERROR|FATAL|CRITICAL" | __error__="" [5m]))'
WHOLE = f"sum(rate({ALL} [5m]))"
OPENED = 'event="circuit_breaker.opened"'


@pytest.mark.parametrize(
    ("name", "otlp", "json_body"),
    [
        ("HighErrorLogRate", f"{ERRORS} > 1", f"{ERRORS_IN_JSON} > 1"),
        (
            "CircuitBreakerOpen",
            f"sum by (module) (count_over_time({ALL} | {OPENED} [5m])) > 0",
            f'sum by (module) (count_over_time({ALL} | json event, module | {OPENED} | __error__="" [5m])) > 0',
        ),
        (
            "HighErrorLogRatio",
            f"{ERRORS} / {WHOLE} > 0.05 and {WHOLE} > 0.5",
            f"{ERRORS_IN_JSON} / {WHOLE} > 0.05 and {WHOLE} > 0.5",
        ),
    ],
)
def test_each_shape_is_asked_in_its_own_words(name: str, otlp: str, json_body: str) -> None:
    assert query(name, Wire.OTLP) == otlp
    assert query(name, Wire.JSON_BODY) == json_body


def test_the_kernel_writes_lines_of_its_own_in_both() -> None:
    asked = {query("OutOfMemoryKill", wire) for wire in Wire}
    assert len(asked) == 1
    assert asked.pop().startswith('sum(count_over_time({service_name="kernel"} |~ "(?i)')


def test_there_is_a_file_for_each_environment_and_shape_and_none_for_audit() -> None:
    assert (
        sorted(
            f"loki/{folder}/{environment}/{SERVICE}.yaml"
            for folder in ("rules", "rules-json-body")
            for environment in ("development", "production", "staging")
        )
        == RULE_FILES
    )


# --- one alert, told once --------------------------------------------------------------------------


def counted() -> dict[str, Alerting]:
    found = {
        rule.alert: rule
        for group in log_rules.of_service(shipped(), shipped().services[0])
        for rule in group.rules
        if isinstance(rule, Alerting)
    }
    assert len(found) == 13  # eight, and a ratio for each of the five rates
    return found


@pytest.mark.parametrize("path", RULE_FILES)
def test_loki_and_prometheus_tell_the_same_alert(path: str) -> None:
    environment = path.split("/")[2]
    read = {str(rule["alert"]): rule for rule in rules(path)}
    assert read.keys() == counted().keys()
    for name, rule in counted().items():
        assert read[name]["labels"] == dict(rule.labels) | {"service": SERVICE, "environment": environment}
        told = read[name]["annotations"]
        assert isinstance(told, dict)
        assert told == {key: text for key, text in rule.annotations if key not in {"detection", "detection_seconds"}}
        assert read[name].get("for", "0s") == str(rule.for_ or "0s")


@pytest.mark.parametrize("path", RULE_FILES)
def test_nothing_says_what_the_ruler_drops(path: str) -> None:
    assert {key for rule in rules(path) for key in rule} <= {"alert", "expr", "for", "labels", "annotations"}


def test_critical_ones_are_evaluated_on_the_critical_path() -> None:
    groups = {group.name: group for group in log_rules.of_service(shipped(), shipped().services[0])}
    assert list(groups) == [f"logs-{SERVICE}-critical", f"logs-{SERVICE}"]
    critical, rest = groups.values()
    assert [str(critical.interval), str(rest.interval)] == ["15s", "30s"]
    assert [rule.alert for rule in critical.rules if isinstance(rule, Alerting)] == [
        "FatalErrorDetected",
        "OutOfMemoryKill",
    ]


def test_what_one_line_fires_is_found_at_once() -> None:
    told = dict(counted()["FatalErrorDetected"].annotations)
    # 15 s until it is scraped, 15 s until it is evaluated, and the wait of the critical route
    assert told["detection"].startswith("at most 40 s after")
    assert told["threshold"] == "one line over 5 min"
    assert dict(counted()["DatabaseErrorSpike"].annotations)["threshold"] == "above 0.5/s over 5 min, for 5 min"
    assert dict(counted()["DatabaseErrorRatio"].annotations)["threshold"] == (
        "above 2 % of at least 0.5/s over 5 min, for 5 min"
    )


def test_counters_are_those_of_the_service() -> None:
    for rule in counted().values():
        promql_parser.parse(rule.expr)
        for selector in promql.selectors(promql.parse(rule.expr)):
            assert {(m.label, m.value) for m in selector.matchers} >= {("service", SERVICE)}


# --- judges ----------------------------------------------------------------------------------------


def test_grafanas_grammar_reads_every_query() -> None:
    queries = [str(rule["expr"]) for path in RULE_FILES for rule in rules(path)]
    assert len(queries) == 6 * 13
    assert dict(zip(queries, faults(queries), strict=False)) == {each: [] for each in queries}


def test_the_grammar_sees_a_wrong_query() -> None:
    wrong = ["sum(rate({a=} [5m]))", 'sum(rate({a="b"} | json level component [5m]))', "", 'rate({a="b"} [5m]']
    found = faults(wrong)
    assert len(found) == len(wrong)
    assert all(found)


def test_the_names_of_files_are_conventions() -> None:
    assert conventions.loki_rules_file("a", "b", json_body=False) == "loki/rules/a/b.yaml"
    assert conventions.loki_rules_file("a", "b", json_body=True) == "loki/rules-json-body/a/b.yaml"
