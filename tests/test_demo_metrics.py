"""What only the agent can count: each number comes from the thing it names."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from demo_bench import until
from demo_town import Town, in_town
from sdk_bench import samples
from watchkeeper.demo.agent import modules
from watchkeeper.demo.agent.intents import severity
from watchkeeper.demo.modules.services import Workload


def test_grpc_calls_by_method_and_code(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        total = town.wk.m.grpc_requests_total
        await town.ask(intent="test_generation")
        await town.ask(intent="telemetry")
        assert total.value("test-bench", "GenerateTests", "OK") == 1
        assert total.value("observatory", "Query", "OK") == 1
        await until(lambda: total.value("orchestrator", "Check", "OK") > 0)
        await town.break_("module-down", "observatory")
        await town.ask(intent="telemetry")
        assert total.value("observatory", "Query", "UNAVAILABLE") == 1
        assert total.value("observatory", "Query", "OK") == 1

    in_town(tmp_path, scenario)


def test_grpc_calls_without_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: Workload) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Workload, "do", never)

    async def scenario(town: Town) -> None:
        total = town.wk.m.grpc_requests_total
        own = modules.Modules(town.config.module_ports, town.wk)
        asking = asyncio.ensure_future(own.observe("How many?"))
        await asyncio.wait((asking,), timeout=0.1)
        asking.cancel()
        await until(lambda: total.value("observatory", "Query", "CANCELLED") == 1)
        monkeypatch.setattr(modules, "CALL_SECONDS", 0.1)
        with pytest.raises(modules.ModuleError):
            await own.observe("How many?")
        assert total.value("observatory", "Query", "DEADLINE_EXCEEDED") == 1
        assert town.wk.m.module_requests_total.value("observatory", "excluded") == 1
        await own.close()

    in_town(tmp_path, scenario)


def test_generated_tests(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask(intent="test_generation")
        await town.break_("module-down", "test-bench")
        await town.ask(intent="test_generation")
        await town.ask(intent="telemetry")
        total = town.wk.m.test_generations_total
        assert (total.value("success"), total.value("failure")) == (1, 1)

    in_town(tmp_path, scenario)


def test_incidents_count_by_how_bad_they_sound_whoever_files_them(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask("Open an incident: payments are failing.")
        await town.break_("module-down", "incident-manager")
        await town.ask("Open an incident: search is slow since noon.")
        await town.ask("Why is my code slow?")
        total = town.wk.m.incidents_detected_total
        assert [total.value(name) for name in ("critical", "high", "medium", "low")] == [1, 0, 1, 0]

    in_town(tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Payments are FAILING and slow", "critical"),
        ("an outage", "critical"),
        ("login errors", "high"),
        ("search is slow", "medium"),
        ("please look at this", "low"),
    ],
)
def test_severity(text: str, expected: str) -> None:
    assert severity(text) == expected


def test_attempts_to_sign_in(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login("ada")
        await town.login("probe")
        await town.login("probe", **{"X-Watchkeeper-Probe": "guessed"})
        attempts = town.wk.m.auth_attempts_total
        assert (attempts.value("success"), attempts.value("failure")) == (1, 2)
        await town.break_("database-down")
        await town.login("ada")  # answered 503: neither let in nor turned away
        assert (attempts.value("success"), attempts.value("failure")) == (1, 2)

    in_town(tmp_path, scenario)


def test_the_context_cache(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        lookups, commands = town.wk.m.cache_requests_total, town.wk.m.redis_commands_total
        conversation = await town.conversation()
        for _ in range(3):
            await town.post(f"{conversation}/messages", text="Why?")
        assert (lookups.value("context", "miss"), lookups.value("context", "hit")) == (1, 2)
        assert (commands.value("get", "ok"), commands.value("set", "ok")) == (3, 3)
        await town.break_("redis-down")
        await town.post(f"{conversation}/messages", text="Why?")
        assert (lookups.value("context", "miss"), lookups.value("context", "hit")) == (1, 2)  # nobody looked
        assert (commands.value("get", "error"), commands.value("set", "error")) == (1, 1)

    in_town(tmp_path, scenario)


def test_memory_of_the_cache_as_it_says_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def info(_: Redis, section: str) -> dict[str, int]:
        assert section == "memory"
        return {"used_memory": 1_048_576, "maxmemory": 67_108_864}

    async def scenario(town: Town) -> None:
        await town.http.get("/ready")
        assert "\nredis_memory_used_bytes " not in town.wk.page().decode()  # the imitation cannot say
        assert (await town.http.get("/ready")).json()["cache"] is True

    in_town(tmp_path, scenario)
    monkeypatch.setattr(Redis, "info", info)

    async def real(town: Town) -> None:
        await town.http.get("/ready")
        assert town.wk.m.redis_memory_used_bytes.value() == 1_048_576
        assert town.wk.m.redis_memory_max_bytes.value() == 67_108_864

    in_town(tmp_path, real)


def test_the_database(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask()
        found = samples(town.wk)
        assert found['db_query_duration_seconds_count{operation="insert"}'] >= 2
        assert found['db_query_duration_seconds_count{operation="select"}'] >= 1
        assert found["db_connections_max"] == 15  # SQLAlchemy's own: five, and ten more
        assert found["db_connections_active"] + found["db_connections_idle"] >= 1
        assert sum(found[f'db_errors_total{{operation="{name}"}}'] for name in ("select", "insert", "other")) == 0
        await town.break_("database-down")
        await town.login()
        assert samples(town.wk)['db_errors_total{operation="select"}'] >= 1

    in_town(tmp_path, scenario)


def test_rate_limits_windows_and_waits(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask(intent="code_help")
        await town.ask(intent="smalltalk")
        found = samples(town.wk)
        for provider in ("anthropic", "openai"):
            assert 0.9 < found[f'llm_ratelimit_remaining_ratio{{kind="requests",provider="{provider}"}}'] < 1
            assert 0.9 < found[f'llm_ratelimit_remaining_ratio{{kind="tokens",provider="{provider}"}}'] < 1
        assert found['llm_context_window_usage_ratio_count{model="claude-sonnet-5",provider="anthropic"}'] == 1
        assert found['sli_latency_seconds_count{class="complex"}'] == 2

    in_town(tmp_path, scenario)
