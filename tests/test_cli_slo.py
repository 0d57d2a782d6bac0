"""`watchkeeper slo`: what people and programs read about every objective."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from typer.testing import CliRunner, Result

from http_bench import Handler, serving
from notify_world import recorded
from watchkeeper import cli
from watchkeeper.stack.layout import Layout

MONTH = "slo:sli_error:ratio_rate30d"
HOUR = "slo:sli_error:ratio_rate1h"
LEFT = "slo:error_budget_remaining:ratio"
LASTS = "slo:error_budget_exhausted_in:seconds"
HISTORY = "slo:history_coverage:ratio"

Values = Mapping[tuple[str, str], str]
"""By objective and series, as Prometheus writes numbers."""

VALUES: Values = {
    ("availability", MONTH): "0.0005",
    ("availability", HOUR): "0.0144",
    ("availability", LEFT): "0.5",
    ("availability", LASTS): "90000",
    ("availability", HISTORY): "0.75",
    # quiet for five minutes after a bad hour
    ("latency-simple", HOUR): "0.1",
    ("latency-simple", LEFT): "-0.25",
}


@contextmanager
def prometheus(values: Values, asked: list[str]) -> Iterator[str]:
    """Answers every query with the same vector."""
    result = [
        {"metric": {"__name__": name, "service": "llm-copilot-agent", "slo": slo}, "value": [1.0, value]}
        for (slo, name), value in values.items()
    ]
    content = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    class Answering(Handler):
        def post(self) -> None:
            asked.extend(parse_qs(self.body().decode())["query"])
            self.reply(content)

    with serving(Answering) as url:
        yield url


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.application(), ["slo", *arguments])


def _told(here: Path, values: Values, *arguments: str) -> Result:
    asked: list[str] = []
    with prometheus(values, asked) as url:
        recorded(Layout.of(here / ".watchkeeper"), prometheus=url)
        done = _run(*arguments)
    assert len(asked) == 1
    assert asked[0].endswith(',environment="demo"}')
    return done


def test_in_words(here: Path) -> None:
    done = _told(here, VALUES)
    assert done.exit_code == 0, done.output
    told = dict(zip(("availability", "error-rate", "simple", "complex"), done.stdout.split("\n\n"), strict=False))
    assert (
        "\n\n".join(told[name] for name in ("availability", "simple", "complex")) + "\n"
        == """\
llm-copilot-agent availability: 99.9 % of requests are answered well
  good            99.950 % (target 99.9 % in 30 d)
  budget left     50.000 %
  burn rate, 1 h  14.4x
  lasts           1 d 1 h at the pace of the last five minutes
  history         75.000 % of the window

llm-copilot-agent latency-simple: 95 % of simple requests are answered within 1 s
  good            not yet (target 95 % in 30 d)
  budget left     counts as whole: there is too little history to say what is spent
  burn rate, 1 h  2.0x
  lasts           nothing burns
  history         not yet

llm-copilot-agent latency-complex: 95 % of answers begin within 2 s
  good            not yet (target 95 % in 30 d)
  budget left     not yet
  burn rate, 1 h  not yet
  lasts           not yet
  history         not yet
"""
    )


def test_as_json(here: Path) -> None:
    done = _told(here, VALUES, "--json")
    assert done.exit_code == 0, done.output
    told = {one["slo"]: one for one in json.loads(done.stdout)}
    availability, simple, complex_ = (told[name] for name in ("availability", "latency-simple", "latency-complex"))
    assert availability == {
        "service": "llm-copilot-agent",
        "slo": "availability",
        "title": "99.9 % of requests are answered well",
        "target": 0.999,
        "window_seconds": 2_592_000,
        "good_share": 0.9995,
        "budget_left": 0.5,
        "burn_rate_1h": 14.4,
        "exhausted_in_seconds": 90_000,
        "history_coverage": 0.75,
    }
    assert (simple["burn_rate_1h"], simple["budget_left"], simple["good_share"]) == (2.0, -0.25, None)
    assert [complex_[name] for name in ("good_share", "budget_left", "burn_rate_1h")] == [None] * 3


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-0.5", "1e-300", "1e300"])
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_odd_values_never_break_it(here: Path, value: str, arguments: tuple[str, ...]) -> None:
    odd = {("availability", name): value for name in (MONTH, HOUR, LEFT, LASTS, HISTORY)}
    done = _told(here, odd, *arguments)
    assert (done.exit_code, done.exception) == (0, None)
    if arguments:
        json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_with_everything_spent_nothing_lasts(here: Path) -> None:
    done = _told(here, {("availability", HOUR): "1", ("availability", LASTS): "0"})
    assert "  burn rate, 1 h  1000.0x\n  lasts           0 s at the pace" in done.stdout


def test_a_project_tells_its_own_objectives(here: Path) -> None:
    (here / "mine.yaml").write_text("service: mine\nextends: copilot\n")
    done = _told(here, VALUES, "mine.yaml", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {one["service"] for one in told} == {"mine"}
    assert {one["burn_rate_1h"] for one in told} == {None}, "another service's figures are not ours"


def test_prometheus_does_not_answer(here: Path) -> None:
    recorded(Layout.of(here / ".watchkeeper"))
    done = _run()
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("watchkeeper: Prometheus at http://127.0.0.1:9 cannot be reached")
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("state", [".watchkeeper", "elsewhere", "file"])
def test_where_no_stack_runs(here: Path, state: str) -> None:
    (here / "file").touch()
    done = _run("--state", state)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"watchkeeper: no stack runs in {state}; start one with: ")
    assert isinstance(done.exception, SystemExit)


def test_problems_in_the_definitions_come_first(here: Path) -> None:
    (here / "watchkeeper.yaml").write_text("service: mine\nextnds: copilot\n")
    done = _run()
    assert done.exit_code == 1
    assert "watchkeeper.yaml:2:1" in done.stderr
