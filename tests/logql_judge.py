"""LogQL, judged by Grafana's own grammar."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = Path(__file__).parent / "node"


def faults(queries: list[str]) -> list[list[dict[str, object]]]:
    """For each query the places that the grammar had to skip or invent. Skips the test where nobody can judge."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: nobody judges LogQL here")
    if not (NODE / "node_modules" / "@grafana" / "lezer-logql").is_dir():
        pytest.skip(
            "tests/node/node_modules is missing: nobody judges LogQL here; get it with: npm ci --prefix tests/node"
        )
    given = "".join(json.dumps(each) + "\n" for each in queries)
    done = subprocess.run(
        [node, str(NODE / "logql.mjs")], input=given, capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
