"""`watchkeeper notify-test`: prove that a notification arrives, before one must."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import STATE, JsonOption, StateOption

if TYPE_CHECKING:
    from watchkeeper.live.notify_test import Arrival, Result, TestAlert

EXAMPLE = "Example: watchkeeper notify-test --one --severity critical"


class TestSeverity(StrEnum):
    __test__ = False  # its name begins like a test's

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"


def register(app: typer.Typer) -> None:
    app.command("notify-test", epilog=EXAMPLE)(notify_test)


def notify_test(
    *,
    one: Annotated[bool, typer.Option("--one", help="Send one message, to everyone who hears of this severity.")],
    severity: Annotated[TestSeverity, typer.Option(help="Decides who is told.")] = TestSeverity.CRITICAL,
    state: StateOption = STATE,
    timeout: Annotated[
        float, typer.Option(min=1, max=3600, help="Seconds to wait for it, and again for its end.")
    ] = 90.0,
    as_json: JsonOption = False,
) -> None:
    """Send a marked test alert through Alertmanager, wait until it is in the inbox, end it.

    Exit codes: 0 every receiver was reached, 1 one was not, or there is none, 2 misuse, or no stack runs here.
    """
    from watchkeeper.cli.running import live_errors, running_or_exit
    from watchkeeper.live.notify_test import Patience
    from watchkeeper.live.notify_test import notify_test as send

    if not one:
        raise typer.BadParameter("say --one to send a message", param_hint="--one")
    running = running_or_exit(state)
    alert = _alert(severity, running.record.environment)
    say = _silent if as_json else _say_arrival
    with live_errors(), running.alertmanager() as alertmanager, running.inbox() as inbox:
        if not as_json:
            typer.echo(f"Sending a test alert of severity {severity} ({alert.identifier}) through Alertmanager.")
        result = send(alertmanager, inbox, alert, Patience(timeout, timeout), say, resting=_resting)
    typer.echo(_as_json(result) if as_json else "\n".join(_conclusion(result, running.record.inbox)))
    raise typer.Exit(0 if result.reached else 1)


def _alert(severity: TestSeverity, environment: str) -> "TestAlert":
    from secrets import token_hex

    from watchkeeper.live.notify_test import TestAlert

    return TestAlert(token_hex(4), severity.value, "watchkeeper", environment)


def _resting(configuration: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Who is told nothing at this hour. A configuration of somebody else's making may have forms we do not read."""
    from datetime import UTC, datetime

    from watchkeeper import routing
    from watchkeeper.formats.alertmanager_reading import UnreadableError, read

    try:
        return routing.resting(read(configuration), labels, datetime.now(UTC))
    except UnreadableError:
        return ()


def _silent(_: "Arrival") -> None:
    """Whoever asked for JSON gets nothing else."""


def _say_arrival(arrival: "Arrival") -> None:
    typer.echo(f"  {arrival.receiver:<20} after {arrival.seconds:>4.1f} s  {arrival.summary}")


def _conclusion(result: "Result", inbox: str) -> list[str]:
    if result.suppressed_by:
        return ["Nobody was told: it is held back by " + ", ".join(result.suppressed_by) + "."]
    resting = [f"{name} is told nothing at this hour" for name in result.resting]
    if not result.expected:
        return [*resting, f"Nobody is told of severity {result.severity}: no receiver on its route sends anything."]
    lines = [f"{name} got nothing: look into Alertmanager's log (watchkeeper stack logs)" for name in result.missing]
    lines += [f"{name} had not heard that it is over when the time was up" for name in result.unended]
    told = len(result.arrived)
    return [*lines, *resting, f"{told} of {len(result.expected)} receivers reached; read the messages at {inbox}"]


def _as_json(result: "Result") -> str:
    from dataclasses import asdict

    return json.dumps({**asdict(result), "missing": result.missing, "reached": result.reached})
