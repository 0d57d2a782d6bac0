"""What counts as a change, and what is part of another one."""

from console_world import NOW, SERVICE, curve
from watchkeeper.console.changes import changes
from watchkeeper.console.facts import Change, Event
from watchkeeper.live.prometheus import Series


def series(name: str, *values: float, ago: float = 0, **labels: str) -> Series:
    """Thirty seconds apart, the last one `ago` seconds before now."""
    return curve(*values, labels={"__name__": name, "service": SERVICE, **labels}, end=NOW - ago)


def told(*found: Series) -> list[tuple[float, Event, str]]:
    return [(NOW - change.at, change.event, change.text) for change in changes(found)]


def test_what_was_so_all_along_is_no_change() -> None:
    calm = (
        series("service_build_info", *[1.0] * 100, version="1.0.0"),
        series("process_start_time_seconds", *[NOW - 9000] * 100),
        series("dependency_up", *[1.0] * 100, dependency="database"),
    )
    assert told(*calm) == []


def test_a_version_that_follows_another_is_a_deploy() -> None:
    old = series("service_build_info", *[1.0] * 60, ago=600, version="1.0.0")
    new = series("service_build_info", *[1.0] * 20, version="1.1.0")
    # 20 samples of 30 s end now: the first is 570 s old
    assert told(old, new) == [(570, Event.DEPLOY, f"{SERVICE}: version 1.0.0 → 1.1.0")]


def test_a_version_that_comes_back_is_a_deploy_too() -> None:
    first, last = [1.0] * 20, [1.0] * 10
    gap = 30.0 * 20
    points = (*curve(*first, end=NOW - 300 - gap).points, *curve(*last, end=NOW).points)
    rolled_back = Series(series("service_build_info", 1.0, version="1.0.0").labels, points)
    between = series("service_build_info", *[1.0] * 20, ago=300, version="1.1.0")
    texts = [change.text for change in changes((rolled_back, between))]
    assert texts == [f"{SERVICE}: version 1.1.0 → 1.0.0", f"{SERVICE}: version 1.0.0 → 1.1.0"]


def test_the_first_version_ever_is_no_deploy() -> None:
    assert told(series("service_build_info", *[1.0] * 5, version="1.0.0")) == []


def test_a_new_start_time_is_a_restart_at_that_time() -> None:
    restarted = series("process_start_time_seconds", NOW - 9000, NOW - 9000, NOW - 40, NOW - 40)
    assert told(restarted) == [(40, Event.RESTART, f"{SERVICE} restarted")]


def test_a_restart_with_a_new_version_is_one_change() -> None:
    old = series("service_build_info", *[1.0] * 60, ago=600, version="1.0.0")
    new = series("service_build_info", *[1.0] * 20, version="1.1.0")
    restarted = series("process_start_time_seconds", NOW - 9000, NOW - 590, ago=300)
    assert [event for _, event, _ in told(old, new, restarted)] == [Event.DEPLOY]


def test_several_instances_restarting_together_are_one_line() -> None:
    both = [
        series("process_start_time_seconds", NOW - 9000, NOW - 40, instance="a"),
        series("process_start_time_seconds", NOW - 9000, NOW - 35, instance="b"),
    ]
    assert len(told(*both)) == 1


def test_a_reload_is_told_unless_it_was_the_start() -> None:
    name = "prometheus_config_last_reload_success_timestamp_seconds"
    reloaded = series(name, NOW - 9000, NOW - 200)
    assert told(reloaded) == [(200, Event.RELOAD, f"{SERVICE} loaded a new configuration")]
    restarted = series("process_start_time_seconds", NOW - 9000, NOW - 203)
    assert [event for _, event, _ in told(reloaded, restarted)] == [Event.RESTART]


def test_a_dependency_goes_down_and_comes_back() -> None:
    flips = series("dependency_up", 1, 1, 0, 0, 1, dependency="cache")
    assert told(flips) == [
        (0, Event.DEPENDENCY, "cache answers again"),
        (60, Event.DEPENDENCY, "cache went down"),
    ]


def test_newest_first() -> None:
    found = changes(
        (series("dependency_up", 1, 0, 1, 0, dependency="a"), series("dependency_up", 1, 0, dependency="b"))
    )
    times = [change.at for change in found]
    assert times == sorted(times, reverse=True)
    assert all(isinstance(change, Change) for change in found)
