"""The documents tell the truth: links lead somewhere, commands exist, examples work, generated pages are current."""

import ast
import asyncio
import re
import runpy
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import httpx2
import promql_parser
import pytest
import typer
import yaml
from prometheus_client.parser import text_string_to_metric_families

from watchkeeper import problem, promql, spec
from watchkeeper.cli import application
from watchkeeper.demo.faults import FAULTS
from watchkeeper.model import Catalog, MetricType
from watchkeeper.spec import log_schema, schema
from watchkeeper.spec.written import Written
from watchkeeper.stack import ports

ROOT = Path(__file__).parents[1]
PACK = ROOT / "src" / "watchkeeper" / "pack"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(PACK / "runbooks").glob("*.md"),
        *ROOT.glob("requirements/*.md"),
        *(ROOT / "monitoring").glob("*.md"),
    ]
)
TUTORIAL = ROOT / "docs" / "tutorial.md"
PROJECT = "# watchkeeper.yaml"
SAMPLE_SUFFIXES = ("_bucket", "_count", "_sum")
METRIC_ENDINGS = ("total", "seconds", "bytes", "bucket", "count", "sum", "info", "status", "successful")


def name(document: Path) -> str:
    return str(document.relative_to(ROOT))


@cache
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def blocks(document: Path, *languages: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text(document), flags=re.MULTILINE | re.DOTALL)
    return [body for language, body in found if language in languages]


def prose(document: Path) -> str:
    """The text without fenced and indented blocks."""
    without = re.sub(r"^```.*?^```$", "", text(document), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$", "", without, flags=re.MULTILINE)


@cache
def catalog() -> Catalog:
    loaded = spec.load()
    assert loaded.catalog is not None, problem.render(loaded.problems, loaded.sources, color=False)
    return loaded.catalog


# --- links ----------------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """As GitHub makes them: small letters, no punctuation, spaces to hyphens."""
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        goal = (document.parent / path).resolve() if path else document
        assert goal.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(goal), f"{target}: no such heading"


def test_every_document_can_be_reached() -> None:
    """From the README and from pages it leads to."""
    reached: set[Path] = set()
    pending = [ROOT / "README.md"]
    while pending:
        document = pending.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        links = re.findall(r"\]\(([^)\s#]+)", prose(document))
        pending += [(document.parent / link).resolve() for link in links if "://" not in link]
    expected = {d for d in DOCUMENTS if d.parent.name != "requirements"}
    assert {name(document) for document in expected - reached} == set()


# --- commands -------------------------------------------------------------------------------------


@cache
def program() -> typer.core.TyperGroup:
    group = typer.main.get_command(application())
    assert isinstance(group, typer.core.TyperGroup)
    return group


def commands(document: Path) -> Iterator[str]:
    """Every `watchkeeper ...` that a reader could type."""
    fenced = [line for body in blocks(document, "sh", "bash", "console") for line in body.splitlines()]
    indented = re.findall(r"^    (.*)$", text(document), flags=re.MULTILINE)
    for line in [*fenced, *indented]:
        command = line.strip().removeprefix("$ ")
        if command.startswith("watchkeeper "):
            yield command.partition("  #")[0].strip()
    yield from re.findall(r"`(watchkeeper [a-z][^`]*)`", prose(document))


def refusal(command: str) -> str | None:
    """Why the program would not know this command line; None when it does."""
    here: typer.core.TyperCommand | typer.core.TyperGroup = program()
    for word in shlex.split(command)[1:]:
        if word in {"|", "&&", ">", ">>"}:
            break
        if word.startswith("-"):
            known = {option for parameter in here.params for option in (*parameter.opts, *parameter.secondary_opts)}
            if word.partition("=")[0] not in known | {"--help"}:
                return f"{here.name} has no option {word}"
        elif isinstance(here, typer.core.TyperGroup):
            if word not in here.commands:
                return f"there is no verb {word}"
            here = here.commands[word]  # type: ignore[assignment]
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_exist(document: Path) -> None:
    for command in commands(document):
        assert refusal(command) is None, f"{command}: {refusal(command)}"


def test_a_wrong_command_would_be_seen() -> None:
    assert refusal("watchkeeper chekc") == "there is no verb chekc"
    assert refusal("watchkeeper build --verfiy") == "build has no option --verfiy"
    assert refusal("watchkeeper check watchkeeper.yaml") is None


def test_make_targets_exist() -> None:
    makefile = text(ROOT / "Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    for document in DOCUMENTS:
        for typed in re.findall(r"(?:^ {4}|^|`)make ([a-z]+)(?=$|`|\s+#)", text(document), flags=re.MULTILINE):
            assert typed in targets, f"{name(document)}: make {typed}"


# --- metrics and queries --------------------------------------------------------------------------


@cache
def series() -> frozenset[str]:
    known: set[str] = set()
    for metric in catalog().metrics:
        known |= {metric.name, metric.replaces}
        if metric.type is MetricType.HISTOGRAM:
            known |= {metric.name + suffix for suffix in SAMPLE_SUFFIXES}
    return frozenset(known)


def defined_here(document: Path) -> set[str]:
    """Metrics that an example in the document defines."""
    return {key for body in blocks(document, "yaml") for key in (yaml.safe_load(body) or {}).get("metrics", {})}


def is_foreign(metric: str) -> bool:
    """Names of other programs that the text speaks of as such."""
    return metric.startswith("http_server_")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_metrics_exist(document: Path) -> None:
    words = re.findall(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\{[^`]*\})?`", prose(document))
    spoken = {word for word in words if word.rpartition("_")[2] in METRIC_ENDINGS}
    keys = schema_keys()
    unknown = {word for word in spoken - series() - defined_here(document) - keys if not is_foreign(word)}
    assert unknown == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_queries_are_promql_and_read_what_exists(document: Path) -> None:
    for query in blocks(document, "promql"):
        promql_parser.parse(query.strip())
        for metric in promql.metrics(promql.parse(query.strip())):
            assert ":" in metric or metric == "ALERTS" or metric in series() or is_foreign(metric), metric


# --- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_python_compiles(document: Path) -> None:
    for body in blocks(document, "python"):
        compile(body, name(document), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_service_example_runs_and_counts() -> None:
    """The first example of the how-to, served for real; its model provider is a port where nobody listens."""
    example = blocks(ROOT / "docs" / "how-to" / "watch-a-python-service.md", "python")[0]
    example = example.replace("metrics_port=9464", "metrics_port=None")
    example = example.replace(
        "AsyncAnthropic()", 'AsyncAnthropic(api_key="k", base_url="http://127.0.0.1:9", max_retries=0)'
    )
    module = ModuleType("example")
    exec(compile(example, "example", "exec"), module.__dict__)  # noqa: S102 - our own documentation
    app = module.app

    async def ask() -> int:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://example.test") as client:
            return (await client.post("/chat", params={"text": "hello"})).status_code

    try:
        assert asyncio.run(ask()) == 500
        page = module.wk.page().decode()
    finally:
        module.wk.close()
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    counted = {(sample.name, frozenset(sample.labels.values())) for sample in samples if sample.value == 1}
    assert ("sli_events_total", frozenset({"availability", "complex", "bad"})) in counted
    assert ("llm_requests_total", frozenset({"anthropic", "claude-sonnet-5", "connection"})) in counted
    assert ("messages_total", frozenset({"question"})) in counted


YAML_EXAMPLES = [
    pytest.param(body, id=f"{name(document)}-{number}")
    for document in DOCUMENTS
    for number, body in enumerate(blocks(document, "yaml"), 1)
]


@pytest.mark.parametrize("body", YAML_EXAMPLES)
def test_yaml_loads_and_definitions_are_clean(body: str, tmp_path: Path) -> None:
    assert isinstance(yaml.safe_load(body), dict)
    if body.startswith(PROJECT):
        project = tmp_path / "watchkeeper.yaml"
        project.write_text(body, encoding="utf-8")
        loaded = spec.load(project)
        more_than_notes = [one for one in loaded.problems if one.severity is not problem.Severity.INFO]
        assert more_than_notes == [], problem.render(loaded.problems, loaded.sources, color=False)
        assert loaded.catalog is not None


def test_definition_reference_has_examples() -> None:
    examples = blocks(ROOT / "docs" / "reference" / "definitions.md", "yaml")
    assert len(examples) >= 8
    assert all(example.startswith(PROJECT) for example in examples)


@cache
def schema_keys() -> frozenset[str]:
    keys: set[str] = set()
    for written in [*vars(schema).values(), *vars(log_schema).values()]:
        if isinstance(written, type) and issubclass(written, Written):
            keys |= {field.alias or key for key, field in written.model_fields.items()}
    return frozenset(keys)


def test_definition_reference_names_every_key() -> None:
    reference = text(ROOT / "docs" / "reference" / "definitions.md")
    assert {key for key in schema_keys() if f"`{key}`" not in reference} == set()


def test_tutorial_names_every_fault_with_its_alerts() -> None:
    rows = re.findall(r"^\| `watchkeeper demo break ([\w-]+)[^|]*\|[^|]*\|(.*)\|$", text(TUTORIAL), flags=re.MULTILINE)
    told = {fault: tuple(re.findall(r"`(\w+)`", alerts)) for fault, alerts in rows}
    assert told == {str(fault): explanation.alerts for fault, explanation in FAULTS.items()}


def leaves(command: typer.core.TyperCommand | typer.core.TyperGroup, path: str) -> Iterator[str]:
    if not isinstance(command, typer.core.TyperGroup):
        yield path
        return
    for verb, inner in command.commands.items():
        yield from leaves(inner, f"{path} {verb}")  # type: ignore[arg-type]


def test_every_command_states_its_exit_codes() -> None:
    page = text(ROOT / "docs" / "reference" / "exit-codes.md")
    assert set(re.findall(r"^\| `(watchkeeper [\w -]+)`", page, flags=re.MULTILINE)) == set(
        leaves(program(), "watchkeeper")
    )


def test_state_page_names_every_port() -> None:
    page = text(ROOT / "docs" / "reference" / "state.md")
    rows = re.findall(r"^\| (\d{4})(?:(?:,| to) (\d{4}))? \|", page, flags=re.MULTILINE)
    told: set[int] = set()
    for first, last in rows:
        told |= set(range(int(first), int(last or first) + 1))
    assert told == {ports.FIRST + offset for offset in range(len(ports.NAMES))}


# --- generated pages ------------------------------------------------------------------------------


def test_generated_pages_are_current() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    for page, expected in generator["pages"]().items():
        assert page.read_text(encoding="utf-8") == expected, f"{page.name}: run `make docs`"


def test_decisions_are_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([^)]+)\)", text(folder / "README.md"))) == pages


def test_sources_name_decisions_that_exist() -> None:
    for path in [*(ROOT / "src").rglob("*.py"), *PACK.rglob("*.yaml")]:
        for slug in re.findall(r"docs/decisions/([a-z-]+)\.md", path.read_text(encoding="utf-8")):
            assert (ROOT / "docs" / "decisions" / f"{slug}.md").is_file(), f"{name(path)} names {slug}"


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_no_leftovers(document: Path) -> None:
    for word in ("TODO", "TBD", "FIXME", "XXX", "coming soon", "lorem", "placeholder"):
        assert word.lower() not in prose(document).lower(), word
