"""The notification texts, rendered by Alertmanager's own template engine: plain for people, harmless at worst."""

import json
import subprocess
from pathlib import Path

import pytest

from watchkeeper import engines
from watchkeeper.compile.templates import templates

pytestmark = pytest.mark.engine


def _render(amtool: engines.Engine, folder: Path, template: str, *, status: str, annotations: dict[str, str]) -> str:
    (folder / "watchkeeper.tmpl").write_text(templates().text)
    labels = {"alertname": "DatabaseDown", "severity": "critical", "service": "agent", "environment": "demo"}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-03-01T14:03:00Z",
        "endsAt": "2026-03-01T14:20:00Z",
    }
    data = {
        "status": status,
        "receiver": "r",
        "alerts": [alert],
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://127.0.0.1",
    }
    (folder / "data.json").write_text(json.dumps(data))
    done = subprocess.run(
        [
            *amtool.command,
            "template",
            "render",
            f"--template.glob={folder / '*.tmpl'}",
            f"--template.text={{{{ template {json.dumps(template)} . }}}}",
            f"--template.data={folder / 'data.json'}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.rstrip("\n")


CALM = {
    "summary": "The database is gone.",
    "impact": "Nobody can log in.",
    "actions": "1. Look.\n2. Fail over.",
    "value": "0",
    "threshold": "below 1 for 1 min",
    "exhausted_in": "43m 12s",
    "runbook": "database-down.md",
}


def test_the_title_says_what_where_and_how_bad(amtool: engines.Engine, tmp_path: Path) -> None:
    assert (
        _render(amtool, tmp_path, "wk.title", status="firing", annotations=CALM) == "[critical] DatabaseDown agent demo"
    )
    assert (
        _render(amtool, tmp_path, "wk.title", status="resolved", annotations=CALM)
        == "[resolved] DatabaseDown agent demo"
    )


def test_the_text_says_what_since_when_how_bad_how_long_and_what_first(amtool: engines.Engine, tmp_path: Path) -> None:
    assert _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations=CALM).strip() == (
        "The database is gone.\n"
        "Nobody can log in.\n"
        "Value: 0 (below 1 for 1 min).\n"
        "At this rate the error budget lasts 43m 12s.\n"
        "Since 14:03:00 UTC. Runbook: database-down.md\n"
        "First:\n"
        "1. Look.\n"
        "2. Fail over."
    )


def test_a_resolve_says_when_it_ended(amtool: engines.Engine, tmp_path: Path) -> None:
    text = _render(amtool, tmp_path, "wk.slack.text", status="resolved", annotations=CALM)
    assert text.strip() == "Resolved at 14:20:00 UTC: The database is gone."


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel> wake up",
        "<https://evil.example|Acknowledge>",
        "a & b < c",
        "bell\x07 \x1b[31mred",
        "rtl \u202e gnp.exe",
    ],
)
@pytest.mark.parametrize("template", ["wk.title", "wk.slack.text", "wk.plain.text", "wk.runbook"])
def test_hostile_text_neither_calls_nor_links_nor_paints(
    amtool: engines.Engine, tmp_path: Path, hostile: str, template: str
) -> None:
    text = _render(amtool, tmp_path, template, status="firing", annotations=dict.fromkeys(CALM, hostile))
    assert not set("<>\x07\x1b\u202e") & set(text)


def test_missing_annotations_leave_no_hole(amtool: engines.Engine, tmp_path: Path) -> None:
    text = _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations={"summary": "s", "impact": "i"})
    assert "Value" not in text
    assert "no value" not in text
