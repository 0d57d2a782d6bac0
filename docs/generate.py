"""Writes the pages that are made from the shipped definitions, the commands and the specification; or compares them.

Run: `python docs/generate.py`. A test compares, so a page cannot fall behind what it describes.
"""

# ruff: noqa: INP001, T201 - a script that prints, not a package

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import typer
import yaml

from watchkeeper import compile as compiler
from watchkeeper import conventions, spec
from watchkeeper.checks import CHECKS, page
from watchkeeper.checks.check import Check
from watchkeeper.cli import application
from watchkeeper.compile.reference import reference
from watchkeeper.model import Catalog, Emitter, Label, Metric, Scrape

DOCS = Path(__file__).parent
PAGES = DOCS / "reference"
SPECIFICATION = DOCS / "specification.yaml"
RUNBOOKS = "../../src/watchkeeper/pack/runbooks"
HEADINGS = {
    "sli": "Objectives",
    "request": "Requests",
    "business": "Business",
    "llm": "Model calls",
    "module": "Modules and dependencies",
    "infrastructure": "Process",
    "monitoring": "The monitoring itself",
}
EMITTERS = {
    Emitter.SDK: "SDK",
    Emitter.PROBE: "probe",
    Emitter.STACK: "stack",
    Emitter.ENGINE: "Prometheus, Alertmanager",
    Emitter.KUBERNETES: "kube-state-metrics",
    Emitter.NODE: "node exporter",
}
SEVERITIES = ("critical", "high", "warning", "info")
METRICS_INTRODUCTION = """\
Every series carries `service`, `environment`, `instance` and `job` from the scrape; they are not repeated below.
*Series* is the upper bound per process: the product of the label domains, for a histogram times its buckets plus three.
`a | b` is a closed list, *any, 20* means up to twenty different values, then `__other__`."""
ALERTS_INTRODUCTION = """\
What the shipped pack alerts on, from the compiled rules. *Found* is the bound that an alert states about itself: from
the moment everything fails to the first notification. Partial failures take longer."""
SPECIFICATION_INTRODUCTION = """\
What the project was asked to be, in the words of its specification, and what became of each statement: the file it is
in, the test that shows it, the [decision](decisions/README.md) that changes it, or what this release does not have."""
EXIT_CODES_INTRODUCTION = """\
Every command ends with one of three codes; scripts and CI can rely on them. 0 is done or clean. 1 says that there are
problems, drift, or that something is not healthy. 2 is misuse: an unknown option, a file that cannot be read, a command
that does not fit the situation. A failure of the program itself ends with a traceback: that is a defect,
please report it."""
CHECKS_INTRODUCTION = """\
What `watchkeeper check` looks for, in the compiled rules of your definitions and, with `--rules`, in any rule file for
Prometheus. The word in brackets at the end of a problem's first line names its section here. Both examples of a section
are run as its test. Lists under `rules:` stand for one group; `metrics:` beside them is what the inventory says.

Most checks read the rules alone. Those marked *inventory* know the more the more is known of the metrics: from the
definitions, or for files of others from `--inventory`, `--scrape` or `--prometheus`. What nobody declared is never
guessed. Those marked *definitions* say nothing about rule files. Those marked *door* hold for definitions as soon as
they are read: `check` and `build` refuse what breaks them, under the names given there.

A comment on or above a rule, or a definition, ignores a check there. It needs a reason and may end:

```text
# watchkeeper: ignore no-traffic-guard because nobody is woken by it until 2027-03-01
```

A comment without a reason is a problem, an expired one lets its check count again, an unused one is a warning."""
GENERATED = "<!-- Made by docs/generate.py from the shipped pack. Do not edit. -->"


def metrics_page(catalog: Catalog) -> Iterator[str]:
    yield from ("# Metrics", "", GENERATED, "")
    yield METRICS_INTRODUCTION
    own = [metric for metric in catalog.metrics if metric.emitter is Emitter.SDK]
    yield from ("", f"A process with the SDK has at most {sum(metric.series for metric in own):,} series.")
    order = list(HEADINGS)
    ordered = sorted(catalog.metrics, key=lambda metric: order.index(metric.category))
    for category, group in groupby(ordered, key=lambda metric: metric.category):
        yield from (
            "",
            f"## {HEADINGS[category]}",
            "",
            "| metric | type | labels | scraped every | kept | series | from |",
        )
        yield "|---|---|---|---|---|---|---|"
        yield from (_metric_row(catalog, metric) for metric in group)


def _metric_row(catalog: Catalog, metric: Metric) -> str:
    critical = metric.scrape is Scrape.CRITICAL
    interval = catalog.intervals.scrape_critical if critical else catalog.intervals.scrape_standard
    former = f" Was `{metric.replaces}`." if metric.replaces else ""
    bounds = f" Buckets: {', '.join(f'{bound:f}' for bound in metric.buckets)}." if metric.buckets else ""
    cells = (
        f"`{metric.name}`<br>{metric.help}{bounds}{former}",
        metric.type.value,
        "<br>".join(_label(label) for label in metric.labels) or "none",
        interval.words,
        metric.retention.words,
        str(metric.series),
        EMITTERS[metric.emitter],
    )
    return f"| {' | '.join(cells)} |"


def _label(label: Label) -> str:
    domain = " \\| ".join(label.values) if label.values else f"any, {label.cap}"
    return f"`{label.name}`: {domain}"


def alerts_page(catalog: Catalog) -> Iterator[str]:
    yield from ("# Alerts", "", GENERATED, "")
    yield ALERTS_INTRODUCTION
    rules = list(_alert_rules(catalog))
    yield from ("", f"{len(rules)} alert rules.")
    for severity in SEVERITIES:
        yield from ("", f"## {severity}", "", "| alert | about | when | found | runbook |", "|---|---|---|---|---|")
        chosen = [rule for rule in rules if rule["labels"]["severity"] == severity]
        yield from (_alert_row(rule) for rule in sorted(chosen, key=lambda rule: (rule["alert"], _about(rule))))


def _alert_rules(catalog: Catalog) -> Iterator[dict[str, dict[str, str]]]:
    texts = {document.path: document.text for document in compiler.build(catalog, reference(catalog))}
    for file in (conventions.RECORDING_RULES_FILE, conventions.ALERT_RULES_FILE):
        for group in yaml.safe_load(texts[file])["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def _about(rule: dict[str, dict[str, str]]) -> str:
    labels = rule["labels"]
    return labels.get("slo") or labels["component"]


def _alert_row(rule: dict[str, dict[str, str]]) -> str:
    told = rule["annotations"]
    page = told["runbook"]
    found = told.get("detection", "-").removeprefix("at most ").partition(" after everything")[0]
    runbook = f"[{page.removesuffix('.md')}]({RUNBOOKS}/{page})"
    return f"| `{rule['alert']}` | {_about(rule)} | {_when(rule)} | {found} | {runbook} |"


def _when(rule: dict[str, dict[str, str]]) -> str:
    """The summary in words and the threshold in numbers; a summary with a live value in it says nothing here."""
    told = rule["annotations"]
    threshold = told.get("threshold", "")
    if "{{" in told["summary"] or "slo" in rule["labels"]:
        return threshold or told["summary"]
    return f"{told['summary']}<br>{threshold}" if threshold else told["summary"]


def commands_page(_catalog: Catalog) -> Iterator[str]:
    yield from ("# Commands", "", GENERATED.replace("the shipped pack", "the commands themselves"), "")
    yield "`--help` after any command prints the same. Exit codes: [exit-codes.md](exit-codes.md)."
    yield from _command(_program(), "watchkeeper")


def _program() -> typer.core.TyperGroup:
    program = typer.main.get_command(application())
    if not isinstance(program, typer.core.TyperGroup):
        raise TypeError("the program has no verbs")
    return program


def _command(command: typer.core.TyperCommand | typer.core.TyperGroup, path: str) -> Iterator[str]:
    """One command with its parameters, then the commands below it."""
    context = typer.Context(command, info_name=path, terminal_width=1000)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield from ("", f"## {path}", "", command.help or "", "", "```text", usage, "```", "")
    yield from ("| parameter | meaning |", "|---|---|")
    for parameter in command.get_params(context):
        name, meaning = parameter.get_help_record(context) or ("", "")
        if name:
            yield f"| `{_cell(name)}` | {_cell(meaning)} |"
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _command(inner, f"{path} {name}")


def exit_codes_page(_catalog: Catalog) -> Iterator[str]:
    yield from ("# Exit codes", "", GENERATED.replace("the shipped pack", "the commands themselves"), "")
    yield EXIT_CODES_INTRODUCTION
    yield from ("", "| command | 0 | 1 | 2 |", "|---|---|---|---|")
    for path, text in _ends(_program(), "watchkeeper"):
        meanings = dict(re.findall(r"\b([012]) (.+?)(?=, [012] |$)", text))
        yield f"| `{path}` | {' | '.join(_cell(meanings.get(code, '')) for code in '012')} |"


def _ends(command: typer.core.TyperCommand | typer.core.TyperGroup, path: str) -> Iterator[tuple[str, str]]:
    """What each command says about its exit codes, in one line."""
    stated = re.search(r"Exit codes: (.+?)\.(?:\s|$)", " ".join((command.help or "").split()))
    if stated:
        yield path, stated[1]
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _ends(inner, f"{path} {name}")


def checks_page(_catalog: Catalog) -> Iterator[str]:
    yield from ("# Checks", "", GENERATED.replace("the shipped pack", "the docstrings in src/watchkeeper/checks"), "")
    yield CHECKS_INTRODUCTION
    yield from ("", "| id | name | about | severity | asks |", "|---|---|---|---|---|")
    for check in CHECKS:
        needs = _needs(check)
        title = page.read(check.page).title
        yield f"| {check.id} | [{check.slug}](#{check.slug}) | {_cell(title)} | {check.severity} | {needs} |"
    for check in CHECKS:
        yield from _check(check)


def _needs(check: Check) -> str:
    words = {
        "definitions": check.rules is None and check.definitions is not None,
        "inventory": check.needs_inventory,
        "door": bool(check.door),
    }
    return ", ".join(word for word, needed in words.items() if needed)


def _check(check: Check) -> Iterator[str]:
    read = page.read(check.page)
    yield from ("", f"## {check.slug}", "", f"{check.id}, {check.severity}. {read.title}.", "", read.words)
    if check.door:
        refused = ", ".join(f"`{code}`" for code in check.door)
        yield from ("", f"Definitions that break it are refused when they are read: {refused}.")
    for heading, example in (("Bad:", read.bad), ("Good:", read.good)):
        yield from ("", heading, "", "```yaml", example.rstrip(), "```")


def specification_page() -> Iterator[str]:
    chapters = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))["chapters"]
    rows = [row for chapter in chapters for section in chapter["sections"] for row in section["rows"]]
    yield from (
        "# The specification and the result",
        "",
        GENERATED.replace("the shipped pack", "specification.yaml"),
        "",
    )
    yield SPECIFICATION_INTRODUCTION
    yield ""
    yield (
        f"{len(rows)} statements: {sum('shown_by' in row for row in rows)} have a test,"
        f" {sum('decision' in row for row in rows)} a decision,"
        f" and of {sum('later' in row for row in rows)} this release lacks something."
    )
    for chapter in chapters:
        yield from ("", f"## {chapter['chapter']}")
        for section in chapter["sections"]:
            yield from ("", f"### {section['section']}", "", "| statement | where | shown by, decided, lacking |")
            yield "|---|---|---|"
            yield from (_statement(row) for row in section["rows"])


def _statement(row: dict[str, str | list[str]]) -> str:
    places = [f"[{place.removeprefix('monitoring/')}](../{place})" for place in _each(row, "where")]
    tests = [f"[{test.partition('::')[2]}](../{test.partition('::')[0]})" for test in _each(row, "shown_by")]
    decisions = [f"[decision: {name}](decisions/{name}.md)" for name in _each(row, "decision")]
    proof = "<br>".join([*tests, *decisions, *_each(row, "later")])
    return f"| {_cell(str(row['says']))} | {'<br>'.join(places)} | {_cell(proof)} |"


def _each(row: dict[str, str | list[str]], key: str) -> list[str]:
    found = row.get(key, [])
    return [found] if isinstance(found, str) else found


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


WRITTEN: dict[str, Callable[[Catalog], Iterable[str]]] = {
    "metrics.md": metrics_page,
    "alerts.md": alerts_page,
    "exit-codes.md": exit_codes_page,
    "cli.md": commands_page,
    "checks.md": checks_page,
}


def pages() -> dict[Path, str]:
    """Every generated page with the text it should have."""
    catalog = spec.load().catalog
    if catalog is None:
        raise SystemExit("the shipped definitions do not load; run `watchkeeper check`")
    made = {PAGES / name: lines(catalog) for name, lines in WRITTEN.items()}
    made[DOCS / "specification.md"] = specification_page()
    return {path: "\n".join(lines) + "\n" for path, lines in made.items()}


def main(arguments: list[str]) -> int:
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.name}: differs from the definitions" if "--verify" in arguments else f"{path.name}: written")
    if "--verify" in arguments:
        return 1 if stale else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
