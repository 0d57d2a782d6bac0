"""`watchkeeper demo`: break the demo on purpose, and heal it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from watchkeeper.cli.options import STATE, JsonOption, StateOption

if TYPE_CHECKING:
    from watchkeeper.demo.faults import Active, Explanation, Fault

_ABOUT = "Break the demo on purpose, and heal it."


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help=_ABOUT)
    group.command("break", epilog="Example: watchkeeper demo break module-down observatory")(break_)
    group.command("heal", epilog="Example: watchkeeper demo heal, or watchkeeper demo heal provider-outage")(heal)
    group.command("faults", epilog="Example: watchkeeper demo faults")(faults)
    app.add_typer(group, name="demo")


def break_(
    fault: Annotated[str, typer.Argument(help="What to break; `watchkeeper demo faults` lists what can be.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Some faults take one: a module, a share.")] = None,
    *,
    state: StateOption = STATE,
    json: JsonOption = False,
) -> None:
    """Break something in the running demo.

    Exit codes: 0 broken, 2 there is no such fault, or no demo runs here.
    """
    from watchkeeper.demo.faults import FAULTS, FaultError
    from watchkeeper.demo.faults import break_ as break_fault

    file = _fault_file(state)
    try:
        broken = break_fault(file, fault, arguments or ())
    except FaultError as error:
        _refuse(str(error))
    if json:
        _print_json({"broken": broken})
        return
    explanation = FAULTS[broken.fault]
    typer.echo(f"{broken}: {explanation.summary}\nPeople notice: {explanation.seen}")
    if explanation.alerts:
        typer.echo(f"Expect: {', '.join(explanation.alerts)}")
    typer.echo(f"Undo it with: watchkeeper demo heal {broken.fault}")


def heal(
    fault: Annotated[str | None, typer.Argument(help="What to heal. Default: everything but a deploy.")] = None,
    *,
    state: StateOption = STATE,
    json: JsonOption = False,
) -> None:
    """Heal one fault of the running demo, or all. Healing `deploy` goes back to the first version.

    Exit codes: 0 healed or nothing to heal, 2 there is no such fault, or no demo runs here.
    """
    from watchkeeper.demo.faults import FaultError
    from watchkeeper.demo.faults import heal as heal_fault

    file = _fault_file(state)
    try:
        healed = heal_fault(file, fault)
    except FaultError as error:
        _refuse(str(error))
    if json:
        _print_json({"healed": healed})
    else:
        typer.echo(f"Healed: {', '.join(map(str, healed))}" if healed else "Nothing to heal.")


def faults(*, state: StateOption = STATE, json: JsonOption = False) -> None:
    """What can be broken, what people notice then, and which alerts to expect. What is broken now is marked.

    Exit codes: 0 listed.
    """
    from watchkeeper.demo.faults import FAULTS, FaultError, read
    from watchkeeper.stack.layout import Layout

    try:
        active = read(_file_in(Layout.of(state).data)).active
    except FaultError as error:
        _refuse(str(error))
    if json:
        listed = [
            {"fault": fault, "summary": text.summary, "seen": text.seen, "alerts": text.alerts}
            for fault, text in FAULTS.items()
        ]
        _print_json({"faults": listed, "active": active})
        return
    for fault, explanation in FAULTS.items():
        typer.echo("\n".join(_described(fault, explanation, active)))


def _described(fault: "Fault", explanation: "Explanation", active: "Sequence[Active]") -> list[str]:
    argument = explanation.argument
    lines = [f"{fault} {argument.name.upper()}" if argument else str(fault), f"    {explanation.summary}"]
    now = [str(item) for item in active if item.fault is fault]
    lines[0] += f"   (now: {', '.join(now)})" if now else ""
    if argument:
        lines.append(f"    {argument.name.upper()}: {argument.allowed}")
    lines.append(f"    People notice: {explanation.seen}")
    if explanation.alerts:
        lines.append(f"    Alerts: {', '.join(explanation.alerts)}")
    return lines


def _fault_file(state: Path) -> Path:
    """The file of the demo that runs in `state`; ends the command when none does."""
    from watchkeeper.stack import record
    from watchkeeper.stack.layout import Layout

    layout = Layout.of(state)
    running = record.running(layout)
    if running is None:
        _refuse(
            f"no stack runs in {state}. Start one with `watchkeeper up --demo`, or name its directory with `--state`."
        )
    if not running.demo:
        _refuse(
            f"the stack in {state} runs without the demo, and only the demo can be broken. Use `watchkeeper up --demo`."
        )
    return _file_in(layout.data)


def _file_in(data: Path) -> Path:
    return data / "demo" / "faults.json"


def _print_json(facts: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(facts), indent=2).decode() + "\n")


def _refuse(why: str) -> NoReturn:
    typer.echo(f"watchkeeper demo: {why}", err=True)
    raise typer.Exit(2)
