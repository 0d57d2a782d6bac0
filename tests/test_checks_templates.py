"""Templates of labels and annotations: what is read, and what Prometheus would refuse; promtool judges the same."""

import subprocess
from pathlib import Path

import pytest
import yaml

from watchkeeper import engines
from watchkeeper.checks import templates

GOOD = [
    "",
    "plain } text { with $value and .Value",
    "{{ $value }}",
    "{{$value}}",
    "{{- $value -}}",
    "{{ $value | }}",
    "{{ .Value | humanize }}",
    '{{ $value | printf "%.2f" }}',
    "{{ $labels.pod }}/{{ .Labels.pod }}",
    "{{ $externalLabels.region }} {{ .ExternalURL }} {{ externalURL }} {{ pathPrefix }}",
    "{{ if gt $value 5.0 }}a{{ else if eq $labels.a \"b\" }}b{{ else }}c{{ end }}",
    '{{ with query "up" }}{{ . | first | value }}{{ end }}',
    '{{ range query "up" }}{{ .Labels.instance }} {{ .Value }}{{ end }}',
    '{{ range $i, $x := query "up" }}{{ $i }}{{ $x.Value }}{{ end }}',
    "{{ $a := 5 }}{{ $a }}",
    "{{/* a comment with {{ in it */}}text",
    "{{ (query \"up\" | first).Value }}",
    "{{ humanizePercentage $value }}",
    '{{ "{{" }}',
    "{{ `raw }}` }}",
    '{{ define "a" }}b{{ end }}{{ template "a" }}',
    "{{ reReplaceAll \"a(.*)\" \"$1\" $labels.pod | toUpper | title }}",
    "{{ $labels.pod | stripPort | stripDomain }}",
    "{{ and (eq 1 1) (ne 1 2) }}",
    "{{ 1.5e3 | humanize1024 }}{{ -1 | humanizeDuration }}",
]  # fmt: skip
BAD = [
    ("{{ $value", 0, 2, "`{{` without its `}}`"),
    ("a {{ }} b", 2, 5, "nothing in it"),
    ("{{ humanise $value }}", 3, 8, "function `humanise`"),
    ("{{ $value | humanise }}", 12, 8, "function `humanise`"),
    ("{{ $valeu }}", 3, 6, "variable `$valeu`"),
    ("{{ $a }}{{ $a := 5 }}", 3, 2, "variable `$a`"),
    ("{{ $a := $b }}", 9, 2, "variable `$b`"),
    ("{{ if $value }}a", 3, 2, "`if` without its `end`"),
    ("{{ end }}", 3, 3, "`end` without"),
    ("{{ else }}", 3, 4, "`else` without"),
    ("{{ if }}a{{ end }}", 0, 8, "`if` without a condition"),
    ("{{ (humanize $value }}", 0, 22, "a bracket"),
    ("{{ humanize $value) }}", 18, 1, "`)` cannot stand"),
    ("{{ | humanize }}", 3, 1, "`|` cannot stand"),
    ('{{ printf "%.2f $value }}', 10, 1, "does not end"),
    ("{{ $labels.app-name }}", 14, 1, "`-` cannot stand"),
    ("{{ $value % 2 }}", 10, 1, "`%` cannot stand"),
    ("{{/* a comment", 0, 2, "a comment"),
]


@pytest.mark.parametrize("text", GOOD)
def test_a_template_that_parses(text: str) -> None:
    assert templates.read(text).mistake is None


@pytest.mark.parametrize(("text", "position", "length", "words"), BAD, ids=[text for text, *_ in BAD])
def test_why_a_template_is_refused_and_where(text: str, position: int, length: int, words: str) -> None:
    mistake = templates.read(text).mistake
    assert mistake is not None
    assert (mistake.position, mistake.length) == (position, length)
    assert words in mistake.words


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("{{ $labels.pod }} {{ .Labels.job }}", ["pod", "job"]),
        ("{{ if $labels.pod }}{{ $labels.pod | toUpper }}{{ end }}", ["pod", "pod"]),
        ("{{ $externalLabels.region }} {{ .ExternalLabels.region }}", []),
        ("$labels.pod {{ $labels }}", []),
        ("{{ $labels.a }}{{ $labels.b", ["a"]),  # up to the mistake
    ],
)
def test_which_labels_a_template_names(text: str, labels: list[str]) -> None:
    found = list(templates.read(text).labels())
    assert [token.text for token in found] == labels
    assert all(text[token.position :].startswith(token.text) for token in found)


@pytest.mark.parametrize("text", [text for text, *_ in BAD] + [text for text in GOOD if text])
def test_promtool_says_the_same(text: str, promtool: engines.Engine, tmp_path: Path) -> None:
    rule = {"alert": "A", "expr": "x > 1", "annotations": {"summary": text}}
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    ended = subprocess.run(
        [*promtool.command, "check", "rules", str(file)], check=False, capture_output=True, text=True
    )
    assert (ended.returncode == 0) is (templates.read(text).mistake is None), ended.stderr
