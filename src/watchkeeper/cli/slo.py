"""`watchkeeper slo`: how every objective stands."""

import json
from typing import TYPE_CHECKING

import typer

from watchkeeper.cli.options import STATE, JsonOption, ProjectArgument, StateOption

if TYPE_CHECKING:
    from watchkeeper.live.slo import SloFigures

EXAMPLE = "Example: watchkeeper slo --json"
NOT_YET = "not yet"


def register(app: typer.Typer) -> None:
    app.command("slo", epilog=EXAMPLE)(slo)


def slo(
    project: ProjectArgument = None,
    *,
    state: StateOption = STATE,
    as_json: JsonOption = False,
) -> None:
    """Say of each objective: target, what was reached, budget left, how fast it burns, how long it lasts.

    Exit codes: 0 told, 1 Prometheus does not answer or the definitions have problems, 2 misuse, a file
    that cannot be read, or no stack runs here.
    """
    from watchkeeper.cli.definitions import load_or_exit
    from watchkeeper.cli.running import live_errors, running_or_exit
    from watchkeeper.live.slo import slos

    catalog = load_or_exit(project)
    running = running_or_exit(state)
    with live_errors(), running.prometheus() as prometheus:
        figures = slos(prometheus, catalog, running.record.environment)
    typer.echo(json.dumps([_facts(one) for one in figures]) if as_json else "\n\n".join(map(_words, figures)))


def _facts(one: "SloFigures") -> dict[str, str | float | None]:
    return {
        "service": one.service,
        "slo": one.slo,
        "title": one.title,
        "target": float(one.target.value),
        "window_seconds": float(one.window.seconds),
        "good_share": one.good_share,
        "budget_left": one.budget_left,
        "burn_rate_1h": one.burn_rate,
        "exhausted_in_seconds": one.exhausted_in_seconds,
        "history_coverage": one.coverage,
    }


def _words(one: "SloFigures") -> str:
    rows = (
        ("good", f"{_share(one.good_share)} (target {one.target.words} in {one.window.words})"),
        ("budget left", _budget(one)),
        ("burn rate, 1 h", NOT_YET if one.burn_rate is None else f"{one.burn_rate:.1f}x"),
        ("lasts", _lasts(one)),
        ("history", _share(one.coverage) + (" of the window" if one.coverage is not None else "")),
    )
    return "\n".join((f"{one.service} {one.slo}: {one.title}", *(f"  {name:<15} {value}" for name, value in rows)))


def _budget(one: "SloFigures") -> str:
    from watchkeeper.budget import ENOUGH_HISTORY

    if one.budget_left is None:
        return NOT_YET
    if one.coverage is None or one.coverage < float(ENOUGH_HISTORY):
        return "counts as whole: there is too little history to say what is spent"
    return _share(one.budget_left)


def _share(value: float | None) -> str:
    return NOT_YET if value is None else f"{value * 100:.3f} %"


def _lasts(one: "SloFigures") -> str:
    from decimal import Decimal

    from watchkeeper.quantity import Duration

    if one.exhausted_in_seconds is None:
        return "nothing burns" if one.burn_rate is not None else NOT_YET
    return f"{Duration(Decimal(round(one.exhausted_in_seconds))).words} at the pace of the last five minutes"
