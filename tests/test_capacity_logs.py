"""Log lines a second, their bytes, and what is kept of them, worked out by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from capacity_world import small
from watchkeeper.model import Catalog, FieldType, Kept, LogField, Logs, Presence
from watchkeeper.quantity import Duration
from watchkeeper.report.capacity.figure import Amount, Unit
from watchkeeper.report.capacity.load import Load
from watchkeeper.report.capacity.logs import line_bytes, lines_per_second, per_request, section, stored


@pytest.fixture
def logs(catalog: Catalog) -> Logs:
    assert catalog.logs is not None
    return catalog.logs


def field(name: str, type_: FieldType, present: Presence, example: str, *fields: LogField) -> LogField:
    return LogField(name, type_, present, "help", example, fields)


def test_a_line_is_as_long_as_its_examples(logs: Logs) -> None:
    line = (
        field("a", FieldType.TEXT, Presence.ALWAYS, "xy"),
        field("b", FieldType.TEXT, Presence.REQUEST, "z"),
        field("c", FieldType.OBJECT, Presence.GIVEN, "", field("d", FieldType.NUMBER, Presence.GIVEN, "7")),
    )
    # {"a":"xy","b":"z"} is 18 characters and the end of the line; with ,"c":{"d":7} 12 more
    assert line_bytes(replace(logs, line=line)) == Amount(Decimal(19), Decimal(31), Unit.BYTES)


def test_lines_of_a_request_are_events_that_there_are(catalog: Catalog, logs: Logs) -> None:
    answer = ("request.completed", "llm.request.completed", "message.answered")
    assert per_request(logs) == (("request.completed",), answer)
    fewer = replace(logs, events=tuple(event for event in logs.events if event.name != "message.answered"))
    # 2,592,000 requests in a month of 2,592,000 s
    assert lines_per_second(Load(small(catalog), 1), fewer) == Amount(Decimal(1), Decimal(2), Unit.PER_SECOND)
    assert lines_per_second(Load(small(catalog), 10), logs) == Amount(Decimal(10), Decimal(30), Unit.PER_SECOND)


def test_what_is_kept_is_lines_by_time_by_bytes() -> None:
    lines = Amount(Decimal(1), Decimal(3), Unit.PER_SECOND)
    # 86,400 lines x 47 B = 4,060,800 B
    assert stored(lines, Duration.of(days=1)) == Amount(Decimal(4_060_800), Decimal(12_182_400), Unit.BYTES)


def test_tiers_are_parts_of_what_is_kept(catalog: Catalog, logs: Logs) -> None:
    told = section(Load(small(catalog), 1), logs)
    words = {figure.label: figure.amount.words for figure in told.figures}
    # a day is 4.06 to 12.18 MB: 90, 7, 23 and 60 of them
    assert words["in Loki, 90 d"] == "365 MB to 1.1 GB"
    assert [words[f"of it {tier}"] for tier in ("hot", "warm", "cold")] == [
        "28.4 to 85.3 MB",
        "93.4 to 280 MB",
        "244 to 731 MB",
    ]


def test_rare_lines_are_told_for_a_thousand_a_day(catalog: Catalog, logs: Logs) -> None:
    # 47,000 B a day: 365 d are 17.2 MB, 2,557 d are 120 MB
    assert section(Load(small(catalog), 1), logs).notes == (
        "Each 1,000 lines a day of retention_class fatal are 17.2 MB after 365 d.",
        "Each 1,000 lines a day of retention_class audit are 120 MB after 2557 d.",
    )


def test_only_the_reference_environment_has_the_reference_traffic(catalog: Catalog, logs: Logs) -> None:
    elsewhere = replace(logs, retention=(Kept("staging", Duration.of(days=30), (), None),))
    labels = [figure.label for figure in section(Load(small(catalog), 1), elsewhere).figures]
    assert labels == ["lines", "bytes a line", "written a day"]
