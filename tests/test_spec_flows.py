"""Label flow in definitions: what is reported, where, and what may work and is left alone."""

from pathlib import Path

import pytest

from spec_bench import of_value, problems

ERRORS = "rate(sli_events_total[5m])"
REQUESTS = "rate(http_request_duration_seconds_count[5m])"


@pytest.mark.parametrize(
    "value",
    [
        f"sum by (class) ({ERRORS}) / sum by (class) ({ERRORS})",
        f"sum by (class) ({ERRORS}) / on () group_left () sum({ERRORS})",
        f"sum({ERRORS}) / sum by (service) ({ERRORS})",  # `service` and `environment` stay in every grouping
        f"sum by (service) (sum by (class) ({ERRORS}))",
        f"sum by (role, job, instance) ({ERRORS})",
        "sum by (zone) (memory_bytes)",  # an engine may have labels that nobody declared
        "memory_bytes / on (zone) memory_bytes",
        "sum by (slo) (slo:sli_error:ratio_rate5m)",
        "sum by (anything) (stranger:recorded)",
        f"sum({ERRORS}) or sum by (class) ({ERRORS})",
        "sum without (nowhere) (dependency_up)",  # says nothing, but harms nothing
        "count(vector(1))",
        f'sum by (kind) (label_replace({ERRORS}, "kind", "$1", "class", "(.*)"))',
    ],
)
def test_what_may_work_is_left_alone(tmp_path: Path, value: str) -> None:
    assert of_value(tmp_path, value) == []


@pytest.mark.parametrize(
    ("value", "marked", "fix"),
    [
        (f"sum by (clas) ({ERRORS})", "clas", "write `class`"),
        (f"sum({ERRORS}) by (clas)", "clas", "write `class`"),
        (f"sum by (class) ({ERRORS}) - sum by (clas) ({ERRORS})", "clas)", "write `class`"),
        (f"max by (le) ({ERRORS})", "le", "read the series of a histogram"),
        ("sum by (zone) (dependency_up)", "zone", "leave `zone` out"),
        (f"sum by (class) ({ERRORS}) / {REQUESTS}", "/ ", "group both sides"),
        (f"{ERRORS} / on (endpoint) {REQUESTS}", "endpoint", "group both sides"),
        (f"{ERRORS} / on (clas) {ERRORS}", "clas)", "write `class`"),
        (f"{REQUESTS} / on (service) group_left (clas) {ERRORS}", "clas)", "write `class`"),
        ("dependency_up * on () vector(1)", "*", "let both sides have `service`"),
    ],
)
def test_the_part_is_marked_and_the_way_out_is_told(tmp_path: Path, value: str, marked: str, fix: str) -> None:
    text = f"alerts:\n  DatabaseDown:\n    value: '{value}'\n    for: 1m\n"
    first = problems(tmp_path, text)[0]
    assert first.code == "impossible-label"
    assert first.span.line == 4
    assert first.span.column == len("    value: '") + value.index(marked) + 1
    assert first.fix.startswith(fix)


def test_monitoring_is_asked_as_it_is_written(tmp_path: Path) -> None:
    """An alert about the monitoring speaks of no single service, so no label is added to its groupings."""
    value = f"sum({ERRORS}) / sum by (service) ({ERRORS})"
    text = f"alerts:\n  DatabaseDown: {{kind: monitoring, for: 1m, value: '{value}'}}\n"
    assert [problem.code for problem in problems(tmp_path, text)] == ["impossible-label"]


def test_a_misspelt_grouping_is_told_once_and_not_again_for_its_joins(tmp_path: Path) -> None:
    assert of_value(tmp_path, f"sum by (clas) ({ERRORS}) / sum by (class) ({ERRORS})") == ["impossible-label"]


# --- guards ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "guard", "codes"),
    [
        (f"sum({ERRORS})", f"sum({ERRORS}) > 1", []),
        (f"sum by (class) ({ERRORS})", f"sum by (class) ({ERRORS}) > 1", []),
        (f"sum by (class) ({ERRORS})", f"sum by (service, class) ({ERRORS}) > 1", []),
        (f"sum({ERRORS})", f"0 * sum({ERRORS}) + scalar(hour()) > 8", []),
        (f"sum({ERRORS})", "sum(memory_bytes) > 1", []),
        ("memory_bytes", f"sum({ERRORS}) > 1", []),  # perhaps memory_bytes has no label of its own
        (f"sum by (class) ({ERRORS})", f"sum({ERRORS}) > 1", ["impossible-label"]),
        (f"sum({ERRORS})", f"sum by (class) ({ERRORS}) > 1", ["impossible-label"]),
        (f"sum by (slo) ({ERRORS})", f"sum by (class) ({ERRORS}) > 1", ["impossible-label"] * 2),
        (f"sum({ERRORS})", "hour() > 8", ["impossible-label"]),
        (f"sum({ERRORS})", f"sum by (clas) ({ERRORS}) > 1", ["impossible-label"]),  # its own slip only
    ],
)
def test_a_guard_has_the_labels_of_its_value(tmp_path: Path, value: str, guard: str, codes: list[str]) -> None:
    limit = "1B" if "bytes" in value else "1/s"
    assert of_value(tmp_path, value, f"above: {limit}", f"    guard: {guard}\n") == codes


def test_a_guard_without_labels_is_told_how_to_bring_its_number_in(tmp_path: Path) -> None:
    text = "alerts:\n  HighLatency:\n    guard: hour() > 8\n"
    (problem,) = problems(tmp_path, text)
    assert problem.found == "only the value has environment, service"
    assert "scalar(…)" in problem.fix
