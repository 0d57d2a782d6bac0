"""`watchkeeper check`: definitions, or rule files of others; every problem, with its line and what to do."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchkeeper.cli.options import ProjectArgument

if TYPE_CHECKING:
    from watchkeeper.checks import Definitions, Inventory
    from watchkeeper.model import Catalog
    from watchkeeper.problem import Problem
    from watchkeeper.spec import Loaded

EXAMPLE = "Example: watchkeeper check, or watchkeeper check --rules rules/ --format sarif > check.sarif in CI."


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


RulesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        help="Check these rule files instead: a file, or a directory of them. May be repeated.",
        readable=False,  # not checked by typer: reading them says why not
    ),
]
InventoryOption = Annotated[
    Path | None,
    typer.Option("--inventory", help="With --rules: a file that lists the metrics and their labels.", readable=False),
]
ScrapeOption = Annotated[
    str | None,
    typer.Option("--scrape", help="A live page of metrics: held against the catalog, or the inventory of --rules."),
]
PrometheusOption = Annotated[
    str | None, typer.Option("--prometheus", help="With --rules: a Prometheus server that knows the metrics.")
]
RunbooksOption = Annotated[
    Path | None,
    typer.Option("--runbooks", help="With --rules: the directory of the runbook pages.", exists=True, file_okay=False),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, and how to say that nothing was."""

    problems: "Sequence[Problem]"
    sources: Mapping[str, str]
    subject: str
    facts: str


def register(app: typer.Typer) -> None:
    app.command("check", epilog=EXAMPLE)(check)


def check(
    path: ProjectArgument = None,
    *,
    rules: RulesOption = None,
    inventory: InventoryOption = None,
    scrape: ScrapeOption = None,
    prometheus: PrometheusOption = None,
    runbooks: RunbooksOption = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print what was found.")] = Format.TEXT,
) -> None:
    """Check the definitions, or rule files of others, and print every problem at once.

    Exit codes: 0 clean, 1 errors or warnings, 2 a file or address cannot be read or the command is misused.
    """
    from watchkeeper.cli.definitions import exit_code

    _refuse_misuse(path, rules, {"--inventory": inventory, "--prometheus": prometheus, "--runbooks": runbooks}, scrape)
    outcome = _of_rules(rules, inventory, scrape, prometheus, runbooks) if rules else _of_definitions(path, scrape)
    _print(outcome, format_)
    raise typer.Exit(exit_code(outcome.problems))


def _refuse_misuse(
    path: Path | None, rules: list[Path] | None, of_rules: Mapping[str, object], scrape: str | None
) -> None:
    if rules and path is not None:
        raise typer.BadParameter("a project file and --rules are two different checks: run one after the other")
    given = [option for option, value in of_rules.items() if value is not None]
    if given and not rules:
        raise typer.BadParameter(f"{given[0]} needs --rules: definitions declare their own metrics and runbooks")
    sources = [option for option in ("--inventory", "--prometheus") if of_rules[option] is not None]
    sources += ["--scrape"] if scrape is not None and rules else []
    if len(sources) > 1:
        raise typer.BadParameter(f"{' and '.join(sources)}: name one source of what is known about the metrics")


# --- definitions ----------------------------------------------------------------------------------


def _of_definitions(path: Path | None, scrape: str | None) -> Outcome:
    from watchkeeper import checks, spec
    from watchkeeper.cli.definitions import project_file

    project = project_file(path)
    subject = f"{project} and the shipped pack" if project else "the shipped pack"
    loaded = spec.load(project)
    if loaded.catalog is None:
        return Outcome(loaded.problems, loaded.sources, subject, "")
    readers = _readers(loaded.catalog)
    definitions = checks.of_sources(loaded.catalog, loaded.sources, readers, project=loaded.project)
    if scrape is not None:
        return _against_reality(definitions, loaded, scrape)
    judged = checks.judge_definitions(definitions, _compiled(loaded), today=_today())
    problems = sorted((*loaded.problems, *judged.problems), key=lambda problem: problem.position)
    return Outcome(problems, loaded.sources, subject, _counted(loaded))


def _readers(catalog: "Catalog") -> Iterator[str]:
    """Who reads recorded series beside alerts, panels and runbooks: the console, and `watchkeeper slo`."""
    from watchkeeper.console import questions
    from watchkeeper.live import slo

    yield questions.recorded(catalog)
    yield from (name for service in catalog.services for each in service.slos for name in slo.asked(each))


def _compiled(loaded: "Loaded") -> dict[str, str]:
    from watchkeeper.compile import rules

    if loaded.catalog is None:
        return {}
    return {document.path: document.text for document in rules.compiled(loaded.catalog).documents}


def _against_reality(definitions: "Definitions", loaded: "Loaded", url: str) -> Outcome:
    from watchkeeper.checks import reality
    from watchkeeper.live import page
    from watchkeeper.live.errors import LiveError

    try:
        text, families = page.fetch(url)
    except LiveError as error:
        raise _unreachable(error) from None
    problems = reality.compare(definitions, families, url)
    facts = f"{len(families)} metrics, as declared"
    return Outcome(problems, {**loaded.sources, url: text}, url, facts)


def _counted(loaded: "Loaded") -> str:
    catalog = loaded.catalog
    if catalog is None:
        return "nothing defined"
    slos = sum(len(service.slos) for service in catalog.services)
    alerts = sum(len(service.alerts) for service in catalog.services)
    facts = f"{len(catalog.metrics)} metrics, {slos} SLOs, {alerts} alerts, {len(catalog.receivers)} receivers"
    return f"{facts} for {', '.join(service.name for service in catalog.services)}"


# --- rule files -----------------------------------------------------------------------------------


def _of_rules(
    places: list[Path], inventory: Path | None, scrape: str | None, prometheus: str | None, runbooks: Path | None
) -> Outcome:
    from watchkeeper import checks
    from watchkeeper.cli import rule_files
    from watchkeeper.spec.wording import listed

    gathered = rule_files.gather(places)
    subject = ", ".join(map(str, places))
    if gathered.problems or not gathered.texts:
        if not gathered.problems:
            only = ", only rules of Loki" if gathered.of_loki else ""
            raise typer.BadParameter(f"there is no rule file of Prometheus below {subject}{only}")
        return Outcome(gathered.problems, {}, subject, "")
    known = _known(inventory, scrape, prometheus, gathered.texts)
    if isinstance(known, tuple):
        return Outcome(known, {}, subject, "")
    pages = None if runbooks is None else rule_files.pages(runbooks)
    judged = checks.judge_rules(gathered.texts, known, today=_today(), runbooks=pages)
    rules = sum(1 for file in judged.files for _ in file.rules())
    left_out = "".join(
        f"; {why} {listed(files, limit=3)}"
        for why, files in (("no rules in", gathered.others), ("rules of Loki, passed over, in", gathered.of_loki))
        if files
    )
    facts = f"{_many(rules, 'rule')} in {_many(len(judged.files), 'file')}{left_out}"
    return Outcome(judged.problems, gathered.texts, subject, facts)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _known(
    inventory: Path | None, scrape: str | None, prometheus: str | None, texts: dict[str, str]
) -> "Inventory | tuple[Problem, ...]":
    from watchkeeper import checks
    from watchkeeper.cli import rule_files
    from watchkeeper.live.errors import LiveError

    try:
        if inventory is not None:
            return rule_files.declared(inventory)
        if scrape is not None:
            return rule_files.scraped(scrape)
        if prometheus is not None:
            return rule_files.served(prometheus, texts)
    except LiveError as error:
        raise _unreachable(error) from None
    return checks.UNKNOWN


def _unreachable(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)


def _today() -> date:
    return date.today()  # noqa: DTZ011 - days in `until` are the reader's own


# --- what is printed ------------------------------------------------------------------------------


def _print(outcome: Outcome, format_: Format) -> None:
    from watchkeeper import problem
    from watchkeeper._version import __version__

    match format_:
        case Format.JSON:
            sys.stdout.write(problem.to_json(outcome.problems))
        case Format.SARIF:
            sys.stdout.write(problem.to_sarif(outcome.problems, __version__))
        case Format.TEXT:
            typer.echo(_text(outcome, color=sys.stdout.isatty()))


def _text(outcome: Outcome, *, color: bool) -> str:
    from watchkeeper import problem

    if not outcome.problems:
        return f"{outcome.subject}: no problems\n{outcome.facts}"
    rendered = problem.render(outcome.problems, outcome.sources, color=color)
    return f"{rendered}\n{problem.count(outcome.problems)} in {outcome.subject}"
