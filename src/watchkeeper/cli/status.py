"""`watchkeeper status`: processes, objectives, pages of a running stack."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from watchkeeper.cli.options import STATE, JsonOption, StateOption

if TYPE_CHECKING:
    from watchkeeper.stack.standing import ChildStanding, SloStanding, Standing

EXAMPLE = "Example: watchkeeper status --json."


def register(app: typer.Typer) -> None:
    app.command("status", epilog=EXAMPLE)(status)


def status(*, state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """Say how the stack stands: every process, every objective, the number of pages.

    Exit codes: 0 everything is ready, 1 it is not, or nothing runs.
    """
    from watchkeeper.stack.layout import Layout
    from watchkeeper.stack.standing import standing, to_json

    now = standing(Layout.of(state))
    typer.echo(to_json(now) if as_json else "\n".join(_lines(now)))
    raise typer.Exit(0 if now.healthy else 1)


def _lines(now: "Standing") -> list[str]:
    if not now.running:
        return [f"nothing runs in {now.state}", f"start it with: {_up(now.state)}"]
    pages = "the inbox does not answer" if now.pages is None else f"{now.pages} so far, shown at {now.inbox}"
    slos = [_slo(slo) for slo in now.slos] or ["  no values yet: Prometheus needs a minute of data, and traffic"]
    return [
        f"{now.phase} (process {now.pid}, {now.environment})",
        f"console  {now.console}",
        f"pages    {pages}",
        "",
        "processes",
        *(_child(child) for child in now.children),
        "",
        "objectives (good in the last 5 minutes, error budget left)",
        *slos,
    ]


def _up(state: str) -> str:
    from watchkeeper.stack.layout import Layout
    from watchkeeper.stack.summary import commands

    return commands(Layout.of(Path(state)))("up --demo")


def _child(child: "ChildStanding") -> str:
    uptime = "" if child.uptime_seconds is None else f"up {_span(child.uptime_seconds)}"
    port = "" if child.port is None else f":{child.port}"
    restarts = f"{child.restarts} restarts" if child.restarts else ""
    return f"  {child.name:<13} {child.state:<11} {child.pid or '':<8} {port:<7} {uptime:<11} {restarts}".rstrip()


def _slo(slo: "SloStanding") -> str:
    budget = "not enough history" if slo.budget_remaining is None else f"{slo.budget_remaining:.1%}"
    return f"  {slo.slo:<24} {slo.good_ratio_5m:>9.3%}   {budget}"


def _span(seconds: float) -> str:
    minutes, hours = divmod(int(seconds), 60), int(seconds) // 3600
    if hours:
        return f"{hours} h {minutes[0] % 60} min"
    return f"{minutes[0]} min {minutes[1]} s" if minutes[0] else f"{minutes[1]} s"
