"""Geometry: a drawing that lies is worse than none."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from watchkeeper.console import chart
from watchkeeper.console.chart import Frame, Line, Span
from watchkeeper.model import Unit

HOUR = 3600.0
START = 1_795_600_800.0  # 2026-11-25 10:00 UTC
FRAME = Frame(width=112, height=124, left=0, right=12, top=14, bottom=10)
"""The drawing itself is 100 by 100: x from 0 to 100, y from 114 (low) to 14 (high)."""
SPAN = Span(START, START + HOUR, 60.0, UTC)


def line(*values: float, step: float = 60.0) -> Line:
    return Line("", tuple((START + index * step, value) for index, value in enumerate(values)))


def test_values_become_heights() -> None:
    drawn = chart.chart([line(0, 1, step=HOUR)], None, Unit.NUMBER, Span(START, START + HOUR, HOUR, UTC), FRAME)
    assert drawn.lines[0].path == "M0 114L100 14"
    assert drawn.lines[0].end == (100, 14)


def test_the_threshold_is_always_inside() -> None:
    drawn = chart.chart([line(0.01)], 0.5, Unit.RATIO, SPAN, FRAME)
    assert drawn.threshold is not None
    assert FRAME.top <= drawn.threshold <= FRAME.height - FRAME.bottom
    # the scale goes from 0 to 0.6 in steps of 0.2: 114 - 100 * 0.5 / 0.6
    assert drawn.threshold == pytest.approx(30.7)


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    points = ((START, 1.0), (START + 60, 1.0), (START + 600, 1.0), (START + 660, 1.0))
    drawn = chart.chart([Line("", points)], None, Unit.NUMBER, SPAN, FRAME)
    assert drawn.lines[0].path.count("M") == 2


def test_what_is_no_number_is_left_out_of_the_line() -> None:
    drawn = chart.chart([line(1, float("nan"), 1, float("inf"), 1)], None, Unit.NUMBER, SPAN, FRAME)
    assert drawn.lines[0].path.count("M") == 3
    assert "nan" not in drawn.lines[0].path
    assert "inf" not in drawn.lines[0].path


def test_negative_values_have_room() -> None:
    drawn = chart.chart([line(-0.4, 0.2)], 0.0, Unit.RATIO, SPAN, FRAME)
    assert [tick.label for tick in drawn.y_ticks] == ["-40 %", "-20 %", "0 %", "20 %"]


def test_nothing_at_all_is_still_a_frame() -> None:
    drawn = chart.chart([], None, Unit.NUMBER, SPAN, FRAME)
    assert drawn.lines == ()
    assert drawn.y_ticks[0].label == "0"
    assert chart.described([], None, Unit.NUMBER) == "Nothing is known of this time."


def test_a_flat_zero_is_drawn_at_the_bottom() -> None:
    assert chart.chart([line(0, 0)], None, Unit.NUMBER, SPAN, FRAME).lines[0].end[1] == 114


def test_only_so_many_lines_as_can_be_told_apart() -> None:
    assert len(chart.chart([line(1)] * 9, None, Unit.NUMBER, SPAN, FRAME).lines) == chart.MOST_LINES


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, (0, 0.25, 0.5, 0.75, 1)),
        (0, 0.38, (0, 0.1, 0.2, 0.3, 0.4)),
        (0, 7, (0, 2, 4, 6, 8)),
        (0, 0.0004, (0, 0.0001, 0.0002, 0.0003, 0.0004)),
        (-0.3, 1, (-0.5, 0, 0.5, 1)),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert chart.nice_ticks(low, high) == ticks


def test_times_are_whole_hours_of_the_local_clock() -> None:
    span = Span(START, START + 3 * HOUR, 30.0, ZoneInfo("Asia/Kolkata"))
    drawn = chart.chart([line(1)], None, Unit.NUMBER, span, FRAME)
    # 10:00 UTC is 15:30 in Kolkata
    assert [tick.label for tick in drawn.x_ticks][:2] == ["15:30", "16:00"]


def test_the_table_says_what_is_drawn_and_what_is_not_known() -> None:
    span = Span(START, START + 12 * 60, 60.0, UTC)
    rows = chart.table(line(0.1, 0.2, 0.3), Unit.RATIO, span)
    assert len(rows) == 13
    assert rows[:4] == (("10:00", "10 %"), ("10:01", "20 %"), ("10:02", "30 %"), ("10:03", "30 %"))
    assert rows[4] == ("10:04", "nothing known")


def test_the_sentence_says_the_current_values_and_the_line() -> None:
    named = Line("provider=openai", ((START, 0.02),))
    assert chart.described([named], 0.1, Unit.RATIO) == (
        "Now provider=openai: 2 %. The line it is compared with stands at 10 %."
    )
