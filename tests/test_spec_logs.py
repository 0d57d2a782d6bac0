"""Logs in definitions: what is written becomes what is meant, and what the shipped pack says is true of the SDK."""

import io
import json
import logging
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sdk_bench import watched
from sdk_exchange import answering, exchange
from watchkeeper import model, spec
from watchkeeper.model import Catalog, FieldType, KernelLines, Lines, LogField, LogLevel, Presence
from watchkeeper.quantity import Duration, Ratio
from watchkeeper.sdk import correlation
from watchkeeper.sdk.logs import level_of

PACK = Path(__file__).parent / "golden" / "pack"
SOURCES = Path(spec.__file__).parents[1]
TODAY = date(2027, 1, 15)
SEED_FIELDS = {
    "timestamp", "level", "message", "service", "version", "environment", "correlation_id", "trace_id", "span_id",
    "user_id", "pod_name", "duration_ms", "http",
}  # fmt: skip
SEED_ALERTS = {
    "HighErrorLogRate": (Decimal(1), "HighErrorLogRatio"),
    "FatalErrorDetected": (None, None),
    "DatabaseErrorSpike": (Decimal("0.5"), "DatabaseErrorRatio"),
    "LLMAPIFailureRate": (Decimal("0.5"), "LLMAPIFailureRatio"),
    "OutOfMemoryKill": (None, None),
    "SlowDatabaseQueries": (Decimal(1), "SlowDatabaseQueryRatio"),
    "AuthenticationFailureSpike": (Decimal(5), "AuthenticationFailureRatio"),
    "CircuitBreakerOpen": (None, None),
}
"""The specification's rates in lines a second; what pages at the first line has no ratio."""


@pytest.fixture(scope="module")
def logs() -> model.Logs:
    found = spec.load().catalog
    assert found is not None
    assert found.logs is not None
    return found.logs


# --- what is written -------------------------------------------------------------------------------


def small(tmp_path: Path, text: str = "") -> spec.Loaded:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text("service: chat-agent\n" + text, encoding="utf-8")
    return spec.load(project, pack=PACK, today=TODAY)


def test_what_is_written_becomes_a_value(tmp_path: Path) -> None:
    loaded = small(tmp_path)
    assert loaded.problems == ()
    assert loaded.catalog is not None
    found = loaded.catalog.logs
    assert found is not None
    assert [numbers.number for numbers in found.levels] == [20, 30, 40, 50, 60]
    assert found.numbers(LogLevel.FATAL).aliases == ("CRITICAL",)
    assert found.line[2] == LogField(
        "correlation_id", FieldType.TEXT, Presence.REQUEST, "What belongs together.", "abcdefgh", ()
    )
    production, staging = found.retention
    assert production.streams == (model.KeptStream((("retention_class", "fatal"),), Duration.of(days=365)),)
    assert production.longest == Duration.of(days=365)
    assert production.tiers is not None
    assert production.tiers.whole == production.keep == Duration.of(days=90)
    assert (staging.environment, staging.longest, staging.tiers) == ("staging", Duration.of(days=30), None)
    assert {each.name: (each.masked, each.check) for each in found.redaction.classes} == {
        "email": (True, model.PiiCheck.NONE),
        "ip": (False, model.PiiCheck.IP),
    }


def test_a_log_alert_belongs_to_its_service(tmp_path: Path) -> None:
    loaded = small(tmp_path, "teams: {search: {}}\nlog_alerts:\n  ErrorLines: {above: 2.5/s, team: search}\n")
    assert loaded.catalog is not None
    (alert,) = loaded.catalog.services[0].log_alerts
    assert (alert.name, alert.team, alert.above) == ("ErrorLines", "search", Decimal("2.5"))
    assert alert.lines == Lines((LogLevel.ERROR, LogLevel.FATAL), (), ())
    assert (alert.over, alert.for_) == (Duration.of(minutes=5), Duration.of(minutes=5))
    assert alert.ratio == model.LogRatio(
        "ErrorLineRatio", Ratio.of(percent=5), Lines((), (), ()), Decimal("0.5"), "Many lines are errors."
    )


def test_naming_the_kernel_takes_the_lines_away(tmp_path: Path) -> None:
    text = "log_alerts:\n  ErrorLines: {kernel: oom, outside: memory_bytes, enabled: true}\n"
    codes = [problem.code for problem in small(tmp_path, text).problems]
    assert codes == ["conflict"]  # the pack's ratio stays, and is the twin of nothing


def test_one_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    loaded = small(tmp_path, "log_alerts:\n  ErrorLines: {enabled: false, because: nobody reads them}\n")
    assert loaded.catalog is not None
    assert loaded.catalog.services[0].log_alerts == ()


def test_log_alerts_without_logs_are_a_problem(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    for file in PACK.iterdir():
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            (pack / file.name).write_text(text[text.find("log_alerts:") :] if file.stem == "logs" else text)
    (pack / "runbooks").mkdir()
    for page in (PACK / "runbooks").iterdir():
        (pack / "runbooks" / page.name).write_text(page.read_text(encoding="utf-8"))
    loaded = spec.load(pack=pack, today=TODAY)
    assert [problem.summary for problem in loaded.problems] == ["there are log alerts, but no `logs`"]
    (pack / "logs.yaml").unlink()
    quiet = spec.load(pack=pack, today=TODAY)
    assert quiet.problems == ()
    assert quiet.catalog is not None
    assert quiet.catalog.logs is None


# --- the shipped pack ------------------------------------------------------------------------------


def test_the_eight_alerts_of_the_specification_with_a_ratio_to_every_rate(catalog: Catalog) -> None:
    found = catalog.services[0].log_alerts
    assert {alert.name: (alert.above, alert.ratio and alert.ratio.name) for alert in found} == SEED_ALERTS
    critical = {alert.name for alert in found if alert.severity is model.Severity.CRITICAL}
    assert critical == {"FatalErrorDetected", "OutOfMemoryKill"}
    assert {alert.name for alert in found if isinstance(alert.lines, KernelLines)} == {"OutOfMemoryKill"}


def test_what_kills_a_process_is_also_counted_outside_of_it(catalog: Catalog) -> None:
    outside = {alert.name for alert in catalog.services[0].log_alerts if alert.outside}
    assert outside == {"FatalErrorDetected", "OutOfMemoryKill"}


def test_retention_as_the_specification_says(logs: model.Logs) -> None:
    kept = {each.environment: (each.keep, each.longest) for each in logs.retention}
    days = {name: (keep.words, longest.words) for name, (keep, longest) in kept.items()}
    assert days == {"production": ("90 d", "365 d"), "staging": ("30 d", "30 d"), "development": ("7 d", "7 d")}
    assert logs.audit == Duration.of(days=7 * 365 + 2)


def test_levels_are_those_of_the_sdk_and_of_the_specification(logs: model.Logs) -> None:
    assert {numbers.level: numbers.number for numbers in logs.levels} == {
        "debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60,
    }  # fmt: skip
    for numbers in logs.levels:
        assert LogLevel(level_of(numbers.python)) is numbers.level
        if numbers.level is not LogLevel.DEBUG:
            assert LogLevel(level_of(numbers.python - 1)) is not numbers.level
    # OpenTelemetry: DEBUG 5-8, INFO 9-12, WARN 13-16, ERROR 17-20, FATAL 21-24
    assert [numbers.otel for numbers in logs.levels] == [5, 9, 13, 17, 21]
    assert {getattr(logging, alias) for numbers in logs.levels for alias in numbers.aliases} == {
        logging.WARNING,
        logging.CRITICAL,
    }


def test_correlation_is_that_of_the_sdk(logs: model.Logs) -> None:
    assert tuple(header.encode() for header in logs.correlation.headers) == correlation.ACCEPTED
    assert logs.correlation.accepts.encode() == correlation._HARMLESS.pattern
    assert re.fullmatch(logs.correlation.accepts, correlation.new_id())


def test_line_has_the_fields_of_the_specification(logs: model.Logs) -> None:
    fields = {field.name: field for field in logs.line}
    assert fields.keys() >= SEED_FIELDS
    assert {inner.name for inner in fields["http"].fields} == {"method", "path", "status"}


def _line(log: io.StringIO) -> dict[str, object]:
    (line,) = log.getvalue().splitlines()
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_a_line_of_the_sdk_has_every_field_it_must_have_and_no_other(logs: model.Logs) -> None:
    log = io.StringIO()
    with watched(log) as wk:
        wk.logger("api").info("service.started")
    line = _line(log)
    assert set(line) == {field.name for field in logs.line if field.present is Presence.ALWAYS}
    for field in logs.line:
        if field.name in line:
            assert _fits(field, line[field.name]), field.name


def test_fields_that_the_code_gives_arrive_as_what_they_are(logs: model.Logs) -> None:
    given = {field.name: _example(field) for field in logs.line if field.present is Presence.GIVEN}
    log = io.StringIO()
    with watched(log) as wk:
        wk.logger("api").info("request.completed", **given)
    line = _line(log)
    assert {name: line[name] for name in given} == given
    for field in logs.line:
        if field.name in given:
            assert _fits(field, line[field.name]), field.name


def _example(field: LogField) -> object:
    if field.type is FieldType.OBJECT:
        return {inner.name: _example(inner) for inner in field.fields}
    return int(field.example) if field.type is FieldType.NUMBER else field.example


def _fits(field: LogField, value: object) -> bool:
    match field.type:
        case FieldType.TIMESTAMP:
            return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(value)) is not None
        case FieldType.LEVEL:
            return str(value).lower() in set(LogLevel)
        case FieldType.NUMBER:
            return isinstance(value, int | float)
        case FieldType.OBJECT:
            return isinstance(value, dict) and all(_fits(inner, value[inner.name]) for inner in field.fields)
        case FieldType.TEXT:
            return isinstance(value, str)


def test_lines_of_a_request_say_what_the_service_said_of_it(logs: model.Logs) -> None:
    log = io.StringIO()
    with watched(log) as wk:

        def speak() -> None:
            wk.failed(dependency="database")
            wk.exclude("maintenance")
            wk.logger("api").info("request.completed")

        exchange(wk, answering(200, speak))
    always = {field.name for field in logs.line if field.present is Presence.ALWAYS}
    assert set(_line(log)) - always == {field.name for field in logs.line if field.present is Presence.REQUEST}


SPOKEN = re.compile(r'log\.(debug|info|warn|warning|error|fatal|exception)\(\s*"([a-z0-9_.]+)"[,)]')
SDK_OWN = re.compile(r'_writer\.count\("([a-z_.]+)", "([a-z]+)", "([a-z]+)"\)')


def test_sdk_and_demo_speak_the_vocabulary(logs: model.Logs) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (SOURCES / "demo" / "agent").glob("*.py")]
    spoken = {(event, _level(method)) for source in sources for method, event in SPOKEN.findall(source)}
    own = SDK_OWN.findall((SOURCES / "sdk" / "watchkeeper.py").read_text(encoding="utf-8"))
    assert len(spoken) >= 6
    assert len(own) == 1
    known = {(event.name, event.level.value) for event in logs.events}
    assert spoken - known == set()
    assert set(own) <= {(event.name, event.level.value, event.component) for event in logs.events}


def _level(method: str) -> str:
    return {"warning": "warn", "exception": "error"}.get(method, method)


def test_the_vocabulary_fits_the_counter(catalog: Catalog, logs: model.Logs) -> None:
    """Every event of ours finds a place beside those of the libraries."""
    domains = {label.name: label for label in catalog.metric("log_events_total").labels}
    assert set(domains) == {"event", "level", "component"}
    assert len(logs.events) <= domains["event"].size / 2
    assert len({event.component for event in logs.events}) <= domains["component"].size / 2
    assert set(domains["level"].values) == set(LogLevel)
