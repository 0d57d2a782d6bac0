"""The table of functions, judged by the parser's own table and by Prometheus."""

import json
import subprocess
from pathlib import Path

import promql_parser
import pytest

from watchkeeper import engines
from watchkeeper.promql.functions import FUNCTIONS, NEAREST, REMOVED, Function, Type

ARGUMENTS = {Type.SCALAR: "1", Type.VECTOR: "up", Type.RANGE: "up[5m]", Type.STRING: '"text"'}
THEIR_NAMES = {Type.SCALAR: "Scalar", Type.VECTOR: "Vector", Type.RANGE: "Matrix", Type.STRING: "String"}


def call(function: Function) -> str:
    return f"{function.name}({', '.join(ARGUMENTS[kind] for kind in function.arguments)})"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_the_parser_knows_the_same_types(name: str) -> None:
    function = FUNCTIONS[name]
    parsed = promql_parser.parse(call(function))
    assert isinstance(parsed, promql_parser.Call)
    theirs = [str(kind).removeprefix("ValueType.") for kind in parsed.func.arg_types]
    assert [THEIR_NAMES[kind] for kind in function.arguments][: len(theirs)] == theirs
    assert str(parsed.func.return_type) == f"ValueType.{THEIR_NAMES[function.result]}"
    assert not parsed.func.experimental


@pytest.mark.parametrize("name", sorted(REMOVED))
def test_what_was_removed_is_not_in_the_table(name: str) -> None:
    assert name not in FUNCTIONS


@pytest.mark.parametrize("name", sorted(NEAREST))
def test_what_comes_nearest_is_known_to_all(name: str) -> None:
    aggregates = {"topk"}
    assert name not in FUNCTIONS
    assert any(known in NEAREST[name] for known in FUNCTIONS.keys() | aggregates) or "group_left" in NEAREST[name]


@pytest.mark.engine
def test_prometheus_takes_every_function(promtool: engines.Engine, tmp_path: Path) -> None:
    rules = [{"record": f"r:{name}", "expr": call(function)} for name, function in sorted(FUNCTIONS.items())]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    run = subprocess.run(
        [*promtool.prefix, promtool.path, "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(FUNCTIONS)} rules found" in run.stdout
