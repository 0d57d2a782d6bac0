"""The Collector's file at work: lines are masked, told apart by service and class, and audit goes its own way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import built_engines
import compile_bench
import log_bench
from watchkeeper import conventions
from watchkeeper.model import Catalog

pytestmark = pytest.mark.engine

LINES = (
    {
        "timestamp": "2026-11-25T10:30:45.123Z", "level": "FATAL", "message": "mail joe@example.com",
        "event": "service.crashed", "component": "api", "service": "agent", "environment": "production",
        "user_id": "user-1", "http": {"headers": {"cookie": "abc"}, "status": 500}, "retention_class": "audit",
    },
    {
        "timestamp": "2026-11-25T10:30:45.124Z", "level": "INFO", "message": "exported",
        "event": "audit.data.exported", "component": "audit", "service": "agent", "environment": "production",
    },
    {
        "timestamp": "2026-11-25T10:30:45.125Z", "level": "WARN", "message": "card 4111 1111 1111 1111",
        "event": "auth.failed", "component": "auth", "service": "other", "environment": "staging",
        "password": "hunter2", "input_tokens": 17,
    },
)  # fmt: skip


def configuration(catalog: Catalog, folder: Path, port: int) -> Any:
    """As compiled, with files of this test in place of the machine's and of Loki."""
    texts = compile_bench.texts(catalog)
    found = log_bench.collector(texts[conventions.COLLECTOR_AGENT_FILE], folder, port)
    found["exporters"] = {f"file/{name}": {"path": str(folder / name)} for name in ("lines", "audit")}
    for pipeline in found["service"]["pipelines"].values():
        pipeline["exporters"] = [name.replace("otlp_http", "file") for name in pipeline["exporters"]]
    return found


def records(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text().splitlines() if path.exists() else ():
        for resource in json.loads(line)["resourceLogs"]:
            about = _values(resource["resource"])
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    yield about | _values(record) | {"body": record["body"]["stringValue"]}


def _values(part: Any) -> dict[str, object]:
    return {each["key"]: next(iter(each["value"].values())) for each in part.get("attributes", [])}


def test_lines_arrive_masked_and_sorted(
    catalog: Catalog, tmp_path: Path, free_port: int, until: Callable[..., None]
) -> None:
    binary = built_engines.built("otelcol")
    (tmp_path / "app.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES) + "not JSON at all\n")
    (tmp_path / "kern.log").write_text("kernel: Out of memory: Killed process 1\n")
    file = tmp_path / "collector.yaml"
    file.write_text(yaml.safe_dump(configuration(catalog, tmp_path, free_port)))
    lines, audit = tmp_path / "lines", tmp_path / "audit"
    with built_engines.running(log_bench.command(binary, file), tmp_path / "log"):
        until(lambda: len(list(records(lines))) == 4 and len(list(records(audit))) == 1, 20, "five lines")
    found = {str(record["service.name"]): record for record in records(lines)}
    assert {name: record["retention_class"] for name, record in found.items()} == {
        "agent": "fatal", "other": "std", "unparsed": "std", "kernel": "std",
    }  # fmt: skip
    assert found["agent"]["body"] == "mail ****"
    assert found["agent"]["http.headers.cookie"] == "****"
    assert found["agent"]["user_id"] not in ("user-1", "****")
    assert (found["other"]["body"], found["other"]["password"]) == ("card ****", "****")
    assert found["other"]["input_tokens"] in (17, "17")
    assert found["other"]["deployment.environment.name"] == "staging"
    assert found["kernel"]["body"] == "kernel: Out of memory: Killed process 1"
    (kept,) = records(audit)
    assert (kept["event"], kept["retention_class"]) == ("audit.data.exported", "audit")
