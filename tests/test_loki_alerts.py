"""Log alerts in a real Loki: from lines as agents send them, every rule fires that must, and none that need not.

Lines go through the compiled Collector and arrive as OTLP, or as they were written, with the labels of the compiled
Promtail. Loki runs with its compiled file; only addresses, directories and waiting times are the test's own.
"""

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

import built_engines
import compile_bench
import log_bench
from ports import free_port
from watchkeeper import conventions
from watchkeeper.model import Catalog

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

SERVICE = "llm-copilot-agent"
SPREAD_SECONDS = 200
"""Lines are that old at most, so that the five minutes of the rules hold all of them for a while."""
OUT_OF_MEMORY = "kernel: Out of memory: Killed process 4711 (uvicorn)"
HARMLESS = "kernel: oom_reaper: reaped process 4711"


@dataclass(frozen=True)
class Kind:
    """Lines that differ in nothing but their moment and their trace."""

    count: int
    level: str
    event: str
    component: str
    more: tuple[tuple[str, str], ...] = ()


# Over 300 s. Errors: 160 + 160 + 1 = 321, more than 1/s. Of the database 160, more than 0.5/s. Of one provider 160,
# more than 0.5/s, and all calls that ended. Slow 310, more than 1/s. Sign-ins 1510, more than 5/s, and all of them.
# Of 2142 lines the errors are 15 %, the database's 7.5 %, slow queries 14.5 %.
SICK = (
    Kind(160, "ERROR", "db.query.failed", "database"),
    Kind(160, "ERROR", "llm.request.failed", "llm", (("provider", "anthropic"),)),
    Kind(310, "WARN", "db.query.slow", "database"),
    Kind(1510, "WARN", "auth.failed", "auth"),
    Kind(1, "WARN", "circuit_breaker.opened", "modules", (("module", "test-bench"),)),
    Kind(1, "FATAL", "service.crashed", "api"),
)
# Errors: 290, less than 1/s. Of the database 145, less than 0.5/s; so of the provider, and 145 of 1500 calls are 9.7 %.
# Slow 295, less than 1/s. Sign-ins: 600 fail, 2/s, of 2100, 28.6 %. Of 7600 lines the errors are 3.8 %, the database's
# 1.9 %, slow queries 3.9 %.
WELL = (
    Kind(145, "ERROR", "db.query.failed", "database"),
    Kind(145, "ERROR", "llm.request.failed", "llm", (("provider", "anthropic"),)),
    Kind(1355, "INFO", "llm.request.completed", "llm", (("provider", "anthropic"),)),
    Kind(295, "WARN", "db.query.slow", "database"),
    Kind(600, "WARN", "auth.failed", "auth"),
    Kind(1500, "INFO", "auth.succeeded", "auth"),
    Kind(3560, "INFO", "http.request.completed", "api"),
)


@dataclass(frozen=True)
class Sent:
    """What one tenant's agent reads and in which shape it sends it."""

    wire: str
    state: str
    kinds: tuple[Kind, ...]
    kernel: str

    @property
    def tenant(self) -> str:
        return f"{self.wire}-{self.state}"

    @property
    def count(self) -> int:
        return sum(kind.count for kind in self.kinds) + 1


SENT = [
    Sent(wire, state, kinds, kernel)
    for wire in ("otlp", "json-body")
    for state, kinds, kernel in (("sick", SICK, OUT_OF_MEMORY), ("well", WELL, HARMLESS))
]


def lines(kinds: tuple[Kind, ...]) -> list[dict[str, object]]:
    """In the order of time, the kinds one after the other."""
    every = [kind for kind in kinds for _ in range(kind.count)]
    begin = time.time() - SPREAD_SECONDS
    return [
        {
            "timestamp": _iso(begin + number * SPREAD_SECONDS / len(every)),
            "level": kind.level, "message": f"{kind.event} happened", "event": kind.event, "component": kind.component,
            "service": SERVICE, "version": "1.0.0", "environment": "production",
            "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "user_id": f"user-{number}", **dict(kind.more),
        }
        for number, kind in enumerate(every, 1)
    ]  # fmt: skip


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- Loki ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts(catalog: Catalog) -> dict[str, str]:
    return compile_bench.texts(catalog)


@pytest.fixture(scope="module")
def loki(texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory, until: Callable[..., None]) -> Iterator[str]:
    command, folder = built_engines.built("loki"), tmp_path_factory.mktemp("loki")
    for sent in SENT:
        file = folder / "rules" / sent.tenant / "rules.yaml"
        file.parent.mkdir(parents=True)
        rules = conventions.loki_rules_file("production", SERVICE, json_body=sent.wire == "json-body")
        file.write_text(yaml.safe_dump(_at_once(yaml.safe_load(texts[rules]))))
    found = yaml.safe_load(texts[conventions.LOKI_SINGLE_FILE].replace("/var/lib/loki", str(folder / "data")))
    port = free_port()
    found["server"] |= {"http_listen_port": port, "grpc_listen_port": free_port()}
    found["ruler_storage"]["local"]["directory"] = str(folder / "rules")
    found["runtime_config"]["file"] = str(folder / "overrides.yaml")
    (folder / "overrides.yaml").write_text(texts[conventions.LOKI_OVERRIDES_FILE])
    (folder / "loki.yaml").write_text(yaml.safe_dump(found))
    url = f"http://127.0.0.1:{port}"
    with built_engines.running([command, f"-config.file={folder / 'loki.yaml'}"], folder / "loki.log"):
        until(lambda: _ready(url), 60, "a ready Loki")
        yield url


def _at_once(rules: Any) -> Any:
    """The rules without their `for`, looked at every few seconds."""
    for group in rules["groups"]:
        group["interval"] = "3s"
        for rule in group["rules"]:
            rule.pop("for", None)
    return rules


def _ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/ready", timeout=2, trust_env=False).text.strip() == "ready"
    except httpx2.TransportError:
        return False


def _asked(url: str, path: str, tenant: str, **query: str) -> Any:
    answer = httpx2.get(f"{url}{path}", params=query, headers={"X-Scope-OrgID": tenant}, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _arrived(url: str, tenant: str) -> int:
    query = 'sum(count_over_time({service_name=~".+"} [15m]))'
    return sum(int(each["value"][1]) for each in _asked(url, "/loki/api/v1/query", tenant, query=query)["result"])


@dataclass(frozen=True)
class Ruled:
    name: str
    firing: bool
    health: str
    looked: dt.datetime


def _ruled(url: str, tenant: str) -> list[Ruled]:
    groups = _asked(url, "/prometheus/api/v1/rules", tenant)["groups"]
    return [
        Ruled(
            rule["name"],
            rule["state"] == "firing",
            f"{rule['health']} {rule.get('lastError', '')}".strip(),
            dt.datetime.fromisoformat(rule["lastEvaluation"]),
        )
        for group in groups
        for rule in group["rules"]
    ]


# --- how lines come --------------------------------------------------------------------------------


def _through_the_collector(
    texts: dict[str, str], loki: str, sent: Sent, folder: Path
) -> contextlib.AbstractContextManager[object]:
    """As compiled, with files of this test in place of the machine's, and this Loki in place of the usual one."""
    binary = built_engines.built("otelcol")
    (folder / "app.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines(sent.kinds)))
    (folder / "kern.log").write_text(sent.kernel + "\n")
    text = texts[conventions.COLLECTOR_AGENT_FILE].replace("http://loki:3100", loki)
    found = log_bench.collector(text, folder, free_port())
    found["exporters"]["otlp_http/lines"]["headers"]["X-Scope-OrgID"] = sent.tenant
    file = folder / "collector.yaml"
    file.write_text(yaml.safe_dump(found))
    return built_engines.running(log_bench.command(binary, file), folder / "collector.log")


def _as_written(texts: dict[str, str], loki: str, sent: Sent) -> contextlib.AbstractContextManager[object]:
    """With the labels that the compiled Promtail gives to what it reads from files."""
    app, journal = yaml.safe_load(texts[conventions.PROMTAIL_AGENT_FILE])["scrape_configs"]
    labels = {name: value for name, value in app["static_configs"][0]["labels"].items() if not name.startswith("__")}
    values = [[_nanoseconds(str(line["timestamp"])), json.dumps(line)] for line in lines(sent.kinds)]
    streams = [
        {"stream": labels, "values": values},
        {"stream": journal["journal"]["labels"], "values": [[str(time.time_ns()), sent.kernel]]},
    ]
    answer = httpx2.post(
        f"{loki}/loki/api/v1/push",
        json={"streams": streams},
        headers={"X-Scope-OrgID": sent.tenant},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 204, answer.text
    return contextlib.nullcontext()


def _nanoseconds(iso: str) -> str:
    moment = dt.datetime.fromisoformat(iso)
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return str((since // dt.timedelta(microseconds=1)) * 1000)


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.tenant)
def test_log_alerts_fire_on_what_is_wrong_and_on_nothing_less(
    texts: dict[str, str], loki: str, sent: Sent, tmp_path: Path, until: Callable[..., None]
) -> None:
    if sent.wire == "otlp":
        sending = _through_the_collector(texts, loki, sent, tmp_path)
    else:
        sending = _as_written(texts, loki, sent)
    with sending:
        until(lambda: _arrived(loki, sent.tenant) == sent.count, 60, f"{sent.count} lines in Loki")
    here = dt.datetime.now(dt.UTC)
    until(lambda: all(rule.looked > here for rule in _ruled(loki, sent.tenant)), 60, "an evaluation of every rule")
    found = _ruled(loki, sent.tenant)
    assert {rule.health for rule in found} == {"ok"}
    # eight alerts, and the ratio of the five that are rates
    assert len({rule.name for rule in found}) == 13
    assert [rule.name for rule in found if rule.firing is not (sent.state == "sick")] == []
