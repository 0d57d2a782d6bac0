"""What somebody who has just started a stack needs to know, in the order they need it."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from watchkeeper.stack.layout import DEFAULT, Layout
from watchkeeper.stack.ports import Moved, Ports


def summary(*, ports: Ports, layout: Layout, demo: bool, targets: Sequence[str], detached: bool) -> str:
    verbs = _verbs(layout)
    rows = [
        ("console", ports.url("console")),
        ("pages arrive at", ports.url("inbox")),
        *([("front door of the demo", ports.url("ingress"))] if demo else [("scraped", ", ".join(targets))]),
    ]
    if demo:
        rows += [
            ("break something", f"watchkeeper demo break provider-outage{verbs}"),
            ("heal it", f"watchkeeper demo heal{verbs}"),
        ]
    rows += [
        ("send a test page", f"watchkeeper notify-test --one{verbs}"),
        ("look closer", f"watchkeeper status{verbs}, watchkeeper stack logs -f{verbs}"),
        ("stop", f"watchkeeper down{verbs}" if detached else f"Ctrl-C, or watchkeeper down{verbs}"),
        ("state lives in", f"{layout.root}  (kept; watchkeeper down --purge{verbs} drops it)"),
        *(("port moved", _moved(move)) for move in ports.moved),
    ]
    width = max(len(label) for label, _ in rows)
    return "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)


def _verbs(layout: Layout) -> str:
    """What to add to a command so that it finds this stack: nothing where it looks anyway."""
    if layout == Layout.of(DEFAULT):
        return ""
    here = Path.cwd()
    inside = layout.root.is_relative_to(here)
    return f" --state {shlex.quote(str(layout.root.relative_to(here) if inside else layout.root))}"


def _moved(move: Moved) -> str:
    return f"{move.name}: {move.usual} is taken, {move.now} is used"
