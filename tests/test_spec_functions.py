"""Functions in definitions: known to every Prometheus, and given what they make sense of."""

from pathlib import Path

import pytest

from spec_bench import of_value, problems
from watchkeeper.promql.functions import NEAREST


@pytest.mark.parametrize(
    "value",
    [
        "rate(sli_events_total[5m])",
        "sum(increase(http_request_duration_seconds_count[5m]))",
        "delta(memory_bytes[5m])",
        "deriv(memory_bytes[5m])",
        "rate(stranger:recorded[5m])",
        "changes(dependency_up[5m])",
        "resets(sli_events_total[5m])",
        "max_over_time(sli_events_total[5m])",
        "rate(sum(memory_bytes)[5m:1m])",  # what a subquery yields is not looked into
        "count(sli_events_total)",
        "sum(sli_events_total)",  # above 0: has there ever been one?
        "topk(3, memory_bytes)",
    ],
)
def test_what_makes_sense_is_left_alone(tmp_path: Path, value: str) -> None:
    assert of_value(tmp_path, value) == []


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("rate(memory_bytes[5m])", ["wrong-function"]),
        ("irate(memory_bytes[5m])", ["wrong-function"]),
        ("sum(increase(memory_bytes[5m]))", ["wrong-function"]),
        ("rate(memory_bytes[5m]) + rate(dependency_up[5m])", ["wrong-function", "wrong-function"]),
        ("delta(sli_events_total[5m])", ["wrong-function"]),
        ("idelta(sli_events_total[5m])", ["wrong-function"]),
        ("deriv(http_request_duration_seconds_sum[5m])", ["wrong-function"]),
        ("predict_linear(sli_events_total[1h], 3600)", ["wrong-function"]),
        ("time()", ["not-a-vector"]),
        ("scalar(dependency_up) * 2", ["not-a-vector"]),
        ("dependency_up[5m]", ["not-a-vector"]),
        ("'\"text\"'", ["not-a-vector"]),
        ("mad_over_time(dependency_up[5m])", ["unportable"]),
        ("limitk(1, dependency_up) + limitk(2, dependency_up)", ["unportable"]),  # one name, said once
    ],
)
def test_what_makes_no_sense_is_a_problem(tmp_path: Path, value: str, codes: list[str]) -> None:
    assert of_value(tmp_path, value) == codes


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", []),
        ("histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))", []),
        ("histogram_quantile(0.9, sum without (le) (rate(http_request_duration_seconds_bucket[5m])))", ["no-buckets"]),
        ("histogram_quantile(0.9, sum(rate(http_request_duration_seconds_bucket[5m])))", ["no-buckets"]),
        ("histogram_quantile(0.9, sum(rate(stranger:native[5m])))", []),  # native histograms have no `le`
        ("histogram_quantile(0.9, vector(1))", []),
    ],
)
def test_quantiles_need_buckets(tmp_path: Path, value: str, codes: list[str]) -> None:
    assert of_value(tmp_path, value, "above: 0") == codes


@pytest.mark.parametrize(
    ("value", "threshold", "codes"),
    [
        ("sli_events_total", "above: 0", []),
        ("sli_events_total", "above: 5", ["bare-counter"]),
        ("sli_events_total", "below: 5", ["bare-counter"]),
        ("max by (slo) (sum without (class) (sli_events_total))", "above: 5", ["bare-counter"]),
        ("http_request_duration_seconds_count", "above: 5", ["bare-counter"]),
        ("count(sli_events_total)", "above: 5", []),
        ("sli_events_total - sli_events_total offset 5m", "above: 5", []),  # somebody knows what they do
        ("dependency_up", "above: 5", []),
    ],
)
def test_a_counter_is_not_compared_as_it_is(tmp_path: Path, value: str, threshold: str, codes: list[str]) -> None:
    assert of_value(tmp_path, value, threshold) == codes


def test_a_guard_may_count_since_the_start(tmp_path: Path) -> None:
    """A service that has answered a hundred requests is warm."""
    guard = "    guard: sum(sli_events_total) > 100\n"
    assert of_value(tmp_path, "sum(rate(sli_events_total[5m]))", "above: 1/s", guard) == []


@pytest.mark.parametrize(("name", "near"), [("mad_over_time", NEAREST["mad_over_time"]), ("ts_of_max_over_time", "")])
def test_the_nearest_known_function_is_told(tmp_path: Path, name: str, near: str) -> None:
    (problem,) = problems(tmp_path, f"alerts:\n  DatabaseDown: {{for: 1m, value: '{name}(dependency_up[5m])'}}\n")
    assert problem.fix == (f"`{near}` comes nearest" if near else "write it with those")


def test_the_second_of_two_alike_is_marked(tmp_path: Path) -> None:
    value = "rate(sli_events_total[5m]) * rate(dependency_up[5m])"
    found = problems(tmp_path, f"alerts:\n  DatabaseDown:\n    value: {value}\n    for: 1m\n")
    columns = [problem.span.column for problem in found if problem.code == "wrong-function"]
    assert columns == [len("    value: ") + value.rindex("rate") + 1]
