"""The notification texts, rendered by Alertmanager's own template engine: plain for people, harmless at worst."""

import json
import subprocess
from pathlib import Path

import pytest

from watchkeeper import engines
from watchkeeper.compile.templates import templates

pytestmark = pytest.mark.engine


def _render(
    amtool: engines.Engine,
    folder: Path,
    template: str,
    *,
    status: str,
    annotations: dict[str, str],
    kind: str = "text",
    **more: str,
) -> str:
    (folder / "watchkeeper.tmpl").write_text(templates().text)
    labels = {"alertname": "DatabaseDown", "severity": "critical", "service": "agent", "environment": "demo"} | more
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
            f"--template.type={kind}",
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
@pytest.mark.parametrize("template", ["wk.title", "wk.slack.text", "wk.plain.text", "wk.runbook", "wk.dashboard"])
def test_hostile_text_neither_calls_nor_links_nor_paints(
    amtool: engines.Engine, tmp_path: Path, hostile: str, template: str
) -> None:
    text = _render(amtool, tmp_path, template, status="firing", annotations=dict.fromkeys(CALM, hostile))
    assert not set("<>\x07\x1b\u202e") & set(text)


def test_missing_annotations_leave_no_hole(amtool: engines.Engine, tmp_path: Path) -> None:
    text = _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations={"summary": "s", "impact": "i"})
    assert "Value" not in text
    assert "no value" not in text


LINKED = CALM | {"dashboard": "https://grafana.example/d/operations?viewPanel=6&var=x"}


def test_a_dashboard_is_linked_where_there_is_one(amtool: engines.Engine, tmp_path: Path) -> None:
    text = _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations=LINKED)
    # Slack takes an ampersand as text only when it is written so
    assert "\nDashboard: https://grafana.example/d/operations?viewPanel=6&amp;var=x\nFirst:" in text
    assert "Dashboard" not in _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations=CALM)
    plain = _render(amtool, tmp_path, "wk.mail.text", status="firing", annotations=LINKED)
    assert "\nDashboard: https://grafana.example/d/operations?viewPanel=6&var=x\n" in plain


def test_a_mail_says_the_same_in_plain_words(amtool: engines.Engine, tmp_path: Path) -> None:
    text = _render(amtool, tmp_path, "wk.mail.text", status="firing", annotations=CALM)
    assert text == _render(amtool, tmp_path, "wk.slack.text", status="firing", annotations=CALM)
    assert _render(amtool, tmp_path, "wk.subject", status="firing", annotations=CALM) == (
        "[critical] DatabaseDown agent demo"
    )


def test_plain_text_is_not_written_in_html(amtool: engines.Engine, tmp_path: Path) -> None:
    hostile = CALM | {"summary": "a & b < c\x1b[31m\u202e", "impact": "two\nlines"}
    text = _render(amtool, tmp_path, "wk.mail.text", status="firing", annotations=hostile)
    assert text.startswith("a & b < c [31m \ntwo\nlines\n")


def test_a_subject_is_one_line_whatever_the_labels_hold(amtool: engines.Engine, tmp_path: Path) -> None:
    """A line break would begin a header of the sender's choice."""
    subject = _render(
        amtool, tmp_path, "wk.subject", status="firing", annotations=CALM, service="a\r\nBcc: all@example.com"
    )
    assert subject == "[critical] DatabaseDown a  Bcc: all@example.com demo"


def _page(amtool: engines.Engine, folder: Path, *, status: str, annotations: dict[str, str], **more: str) -> str:
    parts = ("wk.mail.head", "wk.mail.foot")
    return "".join(
        _render(amtool, folder, part, status=status, annotations=annotations, kind="html", **more) for part in parts
    )


def test_the_page_of_a_mail_says_what_since_when_how_bad_how_long_and_what_first(
    amtool: engines.Engine, tmp_path: Path
) -> None:
    page = _page(amtool, tmp_path, status="firing", annotations=LINKED)
    for part in (
        "[critical] DatabaseDown agent demo",
        "<strong>The database is gone.</strong><br>Nobody can log in.",
        "Since 2026-03-01 14:03:00 UTC",
        "Value: 0 (below 1 for 1 min)",
        "the error budget lasts 43m 12s.",
        "Runbook: database-down.md",
        '<a href="https://grafana.example/d/operations?viewPanel=6&amp;var=x">Dashboard</a>',
        "1. Look.\n2. Fail over.",
        "#c62828",
        "</body></html>",
    ):
        assert part in page
    over = _page(amtool, tmp_path, status="resolved", annotations=LINKED)
    assert "Resolved at 14:20:00 UTC: The database is gone." in over
    assert "#2e7d32" in over
    assert "Nobody can log in." not in over
    assert "#b26a00" in _page(amtool, tmp_path, status="firing", annotations=CALM, severity="warning")


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<a href=https://evil.example>Acknowledge</a>"],
)
def test_nothing_in_a_mail_comes_alive(amtool: engines.Engine, tmp_path: Path, hostile: str) -> None:
    page = _page(
        amtool,
        tmp_path,
        status="firing",
        annotations=dict.fromkeys(LINKED, hostile),
        alertname=hostile,
        service=hostile,
    )
    assert "<script" not in page
    assert "<img" not in page
    assert "<a href=https" not in page


def test_a_link_that_is_a_program_is_disarmed(amtool: engines.Engine, tmp_path: Path) -> None:
    page = _page(amtool, tmp_path, status="firing", annotations=LINKED | {"dashboard": "javascript:alert(1)"})
    assert "javascript:" not in page
