"""`watchkeeper check --rules` and `--scrape`: what is looked at, what is known, what is printed, how it ends."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
from typer.testing import CliRunner

import compile_bench
from http_bench import Handler, serving
from locked_folder import lock
from watchkeeper import conventions, engines
from watchkeeper.cli import check
from watchkeeper.engines.arguments import Server
from watchkeeper.engines.arguments import prometheus as arguments
from watchkeeper.engines.process import run

runner = CliRunner()
RULES = """\
groups:
- name: g
  rules:
  - alert: QueueGrows
    expr: rate(queue_depth[5m]) > 1
    labels: {severity: warning}
    annotations: {summary: A queue grows, runbook: queue.md}
"""
INVENTORY = "metrics: {queue_depth: {type: gauge, labels: [queue]}}\n"
PAGE = '# TYPE queue_depth gauge\nqueue_depth{queue="a"} 3\n'
GOOD = RULES.replace("rate(", "deriv(")


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()

    @app.callback()
    def root() -> None:
        """A second command makes `check` a word of its own."""

    check.register(app)
    return app


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    return tmp_path


class Page(Handler):
    def get(self) -> None:
        self.reply(PAGE.encode() if urlsplit(self.path).path == "/metrics" else b"<html>", 200)


class Api(Handler):
    """As much of Prometheus' API as is asked, with one gauge."""

    def get(self) -> None:
        address = urlsplit(self.path)
        match = parse_qs(address.query).get("match[]", [""])[0]
        answers: dict[str, object] = {
            "/api/v1/label/__name__/values": ["queue_depth"],
            "/api/v1/metadata": {"queue_depth": [{"type": "gauge", "help": "", "unit": ""}]},
            "/api/v1/labels": ["__name__", "job", "queue"] if match == "queue_depth" else [],
            "/api/v1/targets": {"activeTargets": [{"scrapeInterval": "1m"}, {"scrapeInterval": "15s"}]},
        }
        self.reply(json.dumps({"status": "success", "data": answers[address.path]}).encode())


@pytest.fixture
def page() -> Iterator[str]:
    with serving(Page) as url:
        yield url


@pytest.fixture
def api() -> Iterator[str]:
    with serving(Api) as url:
        yield url


# --- rule files -----------------------------------------------------------------------------------


def test_what_nobody_knows_is_not_guessed(app: typer.Typer) -> None:
    result = runner.invoke(app, ["check", "--rules", "rules.yaml"])
    assert result.exit_code == 0, result.output
    assert result.output == "rules.yaml: no problems\n1 rule in 1 file\n"


def test_an_inventory_is_asked(app: typer.Typer) -> None:
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--inventory", "inventory.yaml"])
    assert result.exit_code == 1
    assert "rules.yaml:5:11: error: alert `QueueGrows`: `rate` of `queue_depth`, a gauge" in result.output
    assert "    5 |     expr: rate(queue_depth[5m]) > 1\n      |           ^^^^\n" in result.output
    assert result.output.endswith("\n1 error in rules.yaml\n")


def test_a_page_is_asked(app: typer.Typer, page: str) -> None:
    for address in (page, f"{page}/metrics"):
        result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--scrape", address])
        assert result.exit_code == 1
        assert "[wrong-type]" in result.output


def test_a_server_is_asked(app: typer.Typer, api: str, here: Path) -> None:
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--prometheus", api])
    assert result.exit_code == 1
    assert "[wrong-type]" in result.output
    (here / "rules.yaml").write_text(GOOD.replace("5m", "59s"))
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--prometheus", api])
    assert "with a sample every 15s" in result.output


@pytest.mark.engine
def test_a_real_server_is_asked(
    app: typer.Typer, here: Path, prometheus: engines.Engine, free_port: int, until: object
) -> None:
    """It scrapes itself, so that it knows its own counters."""
    url = f"http://127.0.0.1:{free_port}"
    target = f"{{targets: ['127.0.0.1:{free_port}']}}"
    config = f"scrape_configs: [{{job_name: p, scrape_interval: 1s, static_configs: [{target}]}}]"
    (here / "prometheus.yaml").write_text(config)
    (here / "web.yaml").write_text("{}")
    (here / "rules.yaml").write_text(
        RULES.replace("queue_depth", "prometheus_http_requests_total").replace("rate", "deriv")
    )
    server = Server(free_port, here / "prometheus.yaml", here / "data", here / "web.yaml")
    with run(prometheus, arguments(server, origin=url), url=url, log=here / "log"):

        def told() -> bool:
            return "a counter" in runner.invoke(app, ["check", "--rules", "rules.yaml", "--prometheus", url]).output

        until(told, 20)  # type: ignore[operator]


def test_a_directory_is_searched_for_rules(app: typer.Typer, here: Path) -> None:
    folder = here / "all" / "deep"
    folder.mkdir(parents=True)
    (folder / "a.rules").write_text(GOOD)
    (folder / "b.yml").write_text(GOOD.replace("QueueGrows", "QueueShrinks"))
    (here / "all" / "values.yaml").write_text("replicas: 3\n")
    (here / "all" / "notes.txt").write_text("groups:\n")
    result = runner.invoke(app, ["check", "--rules", "all"])
    assert result.exit_code == 0, result.output
    assert result.output == "all: no problems\n2 rules in 2 files; no rules in all/values.yaml\n"


LOKI = """\
groups:
- name: lines
  rules:
  - alert: ManyErrors
    expr: |
      sum by (app) (rate({app="shop"} |= "error" [5m])) > 1
"""


@pytest.mark.parametrize(
    "line", ['{app="shop"} |= "error"', '{app=~"a|b"} | json | level="error"', '{a="b",c!="d"}  !~ "x"']
)
def test_rules_of_loki_are_passed_over(app: typer.Typer, here: Path, line: str) -> None:
    (here / "all").mkdir()
    (here / "all" / "a.yaml").write_text(GOOD)
    (here / "all" / "loki.yaml").write_text(LOKI.replace('{app="shop"} |= "error"', line))
    result = runner.invoke(app, ["check", "--rules", "all"])
    assert result.exit_code == 0, result.output
    assert result.output == "all: no problems\n1 rule in 1 file; rules of Loki, passed over, in all/loki.yaml\n"
    result = runner.invoke(app, ["check", "--rules", "all/loki.yaml"])
    assert result.exit_code == 2
    assert "Loki" in result.output


def test_rules_in_two_forms_are_judged_once(app: typer.Typer, here: Path) -> None:
    """A plain file, and an object for a cluster made from it."""
    (here / "all").mkdir()
    (here / "all" / "plain.yaml").write_text(GOOD)
    indented = "".join(f"  {line}\n" for line in GOOD.splitlines())
    (here / "all" / "object.yaml").write_text(f"kind: PrometheusRule\nspec:\n{indented}")
    result = runner.invoke(app, ["check", "--rules", "all"])
    assert (result.exit_code, result.output) == (0, "all: no problems\n1 rule in 2 files\n")
    (here / "all" / "plain.yaml").write_text(GOOD + "    for: 5m\n")
    assert "[duplicate-rule]" in runner.invoke(app, ["check", "--rules", "all"]).output, "it is another alert"
    (here / "all" / "plain.yaml").write_text(GOOD.replace("A queue", "The queue"))
    assert "[duplicate-rule]" in runner.invoke(app, ["check", "--rules", "all"]).output, "it says something else"
    (here / "all" / "plain.yaml").write_text(GOOD)
    (here / "all" / "twice.yaml").write_text(GOOD)
    assert "[duplicate-rule]" in runner.invoke(app, ["check", "--rules", "all"]).output


@pytest.mark.parametrize(
    "project", ["service: llm-copilot-agent\n", "service: shop\ndialect: opentelemetry\n", "services: {a: {}, b: {}}\n"]
)
def test_what_is_built_is_clean_by_its_own_catalog(app: typer.Typer, here: Path, project: str) -> None:
    compile_bench.write(compile_bench.of_project(here, f"{project}extends: copilot\n"), here / "out")
    result = runner.invoke(app, ["check", "--rules", "out", "--inventory", f"out/{conventions.METRICS_CATALOG_FILE}"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("out: no problems\n")


def test_a_series_recorded_in_one_file_is_known_in_another(app: typer.Typer, here: Path) -> None:
    (here / "recordings.yaml").write_text(
        "groups:\n- {name: r, rules: [{record: 'queue:x:rate5m', expr: 'sum(rate(x[5m]))'}]}\n"
    )
    (here / "rules.yaml").write_text(RULES.replace("queue_depth", "queue:x:rate5m"))
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--rules", "recordings.yaml"])
    assert "[wrong-type]" in result.output
    assert result.output.endswith("1 error, 1 note in rules.yaml, recordings.yaml\n")


def test_formats(app: typer.Typer) -> None:
    arguments_ = ["check", "--rules", "rules.yaml", "--inventory", "inventory.yaml", "--format"]
    (problem,) = json.loads(runner.invoke(app, [*arguments_, "json"]).output)
    assert (problem["code"], problem["file"], problem["line"], problem["column"]) == ("wrong-type", "rules.yaml", 5, 11)
    (sarif,) = json.loads(runner.invoke(app, [*arguments_, "sarif"]).output)["runs"]
    assert [each["ruleId"] for each in sarif["results"]] == ["wrong-type"]


def test_a_file_that_prometheus_refuses(app: typer.Typer, here: Path) -> None:
    (here / "rules.yaml").write_text("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(x\n    fro: 5m\n")
    result = runner.invoke(app, ["check", "--rules", "rules.yaml"])
    assert result.exit_code == 1
    assert "[bad-promql]" in result.output
    assert "fix      write `for`" in result.output


# --- misuse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments_", "said"),
    [
        (["--rules", "missing.yaml"], "[unreadable]"),
        (["--rules", "rules.yaml", "--inventory", "missing.yaml"], "[unreadable]"),
        (["--rules", "rules.yaml", "--prometheus", "http://127.0.0.1:9"], "cannot be reached"),
        (["--rules", "rules.yaml", "--scrape", "http://127.0.0.1:9"], "cannot be reached"),
        (["--rules", "empty"], "there is no rule file"),
        (["--rules", "rules.yaml", "--inventory", "i.yaml", "--prometheus", "x"], "one source"),
        (["--rules", "rules.yaml", "--scrape", "x", "--prometheus", "x"], "one source"),
        (["--inventory", "inventory.yaml"], "needs --rules"),
        (["--prometheus", "http://x"], "needs --rules"),
        (["--runbooks", "."], "needs --rules"),
        (["--rules", "rules.yaml", "--runbooks", "nowhere"], "does not exist"),
        (["watchkeeper.yaml", "--rules", "rules.yaml"], "two different checks"),
    ],
)
def test_misuse(app: typer.Typer, here: Path, arguments_: list[str], said: str) -> None:
    (here / "empty").mkdir()
    result = runner.invoke(app, ["check", *arguments_])
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output


@pytest.mark.parametrize("place", ["locked", "locked/rules.yaml", "around", "."])
def test_rules_behind_a_locked_door_are_not_sound(
    app: typer.Typer, here: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = here / "around" / "locked" if place == "around" else here / "locked"
    folder.mkdir(parents=True)
    (folder / "rules.yaml").write_text(GOOD)
    (here / "rules.yaml").write_text(GOOD)
    lock(folder, monkeypatch)
    result = runner.invoke(app, ["check", "--rules", place])
    assert result.exit_code == 2
    assert "error: cannot be read [unreadable]\n  found    permission denied\n" in result.output


def test_pipes_and_links_that_lead_nowhere_are_passed_over(app: typer.Typer, here: Path) -> None:
    (here / "inventory.yaml").unlink()
    (here / "rules.yaml").write_text(GOOD)
    (here / ".#rules.yaml").symlink_to("nobody@nowhere")
    os.mkfifo(here / "pipe.yaml")
    result = runner.invoke(app, ["check", "--rules", "."])
    assert (result.exit_code, result.output) == (0, ".: no problems\n1 rule in 1 file\n")


def test_a_broken_inventory_is_a_problem(app: typer.Typer, here: Path) -> None:
    (here / "inventory.yaml").write_text("metrics: {a: {type: conter}}\n")
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--inventory", "inventory.yaml"])
    assert result.exit_code == 1
    assert "inventory.yaml:1:21: error: no type `conter` [bad-type]" in result.output


def test_a_page_that_is_none(app: typer.Typer, page: str) -> None:
    result = runner.invoke(app, ["check", "--rules", "rules.yaml", "--scrape", f"{page}/other"])
    assert result.exit_code == 2
    assert "line 1: neither a comment nor a sample" in result.output


# --- the catalog against a page -------------------------------------------------------------------


def test_a_page_is_held_against_the_catalog(app: typer.Typer, page: str) -> None:
    result = runner.invoke(app, ["check", "--scrape", page])
    assert result.exit_code == 1
    assert "`queue_depth` is exposed but not declared [undeclared-metric]" not in result.output  # the pack declares it
    assert 'found    queue="a"' not in result.output  # any queue may come
    assert "is declared but not on" in result.output
    assert result.output.rstrip().endswith(f"in {page}")


def test_findings_of_definitions_are_printed_like_their_problems(app: typer.Typer, here: Path) -> None:
    (here / "watchkeeper.yaml").write_text(
        "service: a\nalerts:\n  HighEventLoopLag: {value: 'max(irate(http_requests_total[5m]))', above: 5/s}\n"
    )
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 1
    assert "watchkeeper.yaml:3:3: warning: alert `HighEventLoopLag`: `irate`" in result.output
    assert result.output.endswith("1 warning in watchkeeper.yaml and the shipped pack\n")
