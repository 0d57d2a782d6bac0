"""Every fault, seen where it hurts: in answers and in metrics. (`ingress-down` is in the ingress's tests.)"""

import asyncio
from pathlib import Path

import pytest

from demo_bench import until
from demo_town import Town, in_town, said
from watchkeeper.demo import faults
from watchkeeper.demo.agent import models, sabotage
from watchkeeper.demo.agent.sabotage import await_deploy, block_loop, version_wanted
from watchkeeper.demo.faults import Active, Fault, Faults, FaultWatch
from watchkeeper.demo.providers import app as emulator
from watchkeeper.demo.providers.call import Fate

SONNET = "claude-sonnet-5"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendors' clients do not try again, which takes seconds."""
    monkeypatch.setattr(models, "MAX_RETRIES", 0)


@pytest.mark.usefixtures("impatient")
def test_provider_outage(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login()
        await town.break_("provider-outage")
        assert (await town.ask()).status_code in {502, 503}
        assert (await town.ask_for_stream()).status_code in {502, 503}
        assert (await town.ask(intent="smalltalk")).status_code in {502, 503}
        assert town.events("complex", "bad") == 3
        assert town.events("simple", "bad") == 0
        failed = [town.wk.m.llm_requests_total.value("anthropic", SONNET, end) for end in ("overloaded", "other")]
        assert sum(failed) == 2
        assert {line["provider"] for line in said(town.log, "llm.request.failed")} == {"anthropic", "openai"}
        await town.heal()
        assert (await town.ask()).status_code == 200

    in_town(tmp_path, scenario)


def test_a_single_refusal_is_tried_again(tmp_path: Path) -> None:
    """The healthy weather of a provider: users notice nothing, and it is counted."""

    async def scenario(town: Town) -> None:
        refusals = iter([Fate.RATE_LIMITED])
        town.emulator.weather = lambda *_: next(refusals, Fate.ANSWER)
        assert (await town.ask()).status_code == 200
        assert town.wk.m.llm_retries_total.value("anthropic", SONNET) == 1
        assert town.events("complex", "bad") == 0

    in_town(tmp_path, scenario)


def test_provider_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "SLOW_SECONDS", 0.6)

    async def scenario(town: Town) -> None:
        await town.break_("provider-slow")
        assert (await town.ask()).status_code == 200
        assert town.wk.m.llm_request_duration_seconds.total("anthropic", SONNET) > 0.6

    in_town(tmp_path, scenario)


def test_database_down(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        conversation = await town.conversation()
        await town.break_("database-down")
        assert (await town.login()).status_code == 503
        assert (await town.get(conversation)).status_code == 503
        assert (await town.post(f"{conversation}/messages", text="Why?")).status_code == 503
        assert (await town.http.get("/ready")).status_code == 503
        assert (await town.http.get("/health")).status_code == 200
        assert town.events("simple", "bad") == 3  # login, history, readiness
        assert town.events("complex", "bad") == 1
        await town.heal()
        assert (await town.get(conversation)).status_code == 200

    in_town(tmp_path, scenario)


def test_the_agent_starts_without_database_and_cache_and_finds_them_later(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await until(lambda: 'dependency_up{dependency="database"} 0' in town.wk.page().decode())
        await until(lambda: 'dependency_up{dependency="cache"} 0' in town.wk.page().decode())
        assert (await town.login()).status_code == 503
        await town.heal()
        await until_made(tmp_path / "copilot.db")
        assert (await town.ask()).status_code == 200

    in_town(tmp_path, scenario, "database-down", "redis-down")


async def until_made(file: Path) -> None:
    """The tables are made within a second of the database's return."""
    await until(lambda: file.exists() and b"CREATE TABLE messages" in _everything(file))


def _everything(file: Path) -> bytes:
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))


def test_redis_down_is_not_felt(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        conversation = await town.conversation()
        await town.post(f"{conversation}/messages", text="one")
        await town.break_("redis-down")
        answer = await town.post(f"{conversation}/messages", text="two")
        assert answer.status_code == 200
        assert len((await town.get(conversation)).json()["messages"]) == 4
        assert town.wk.m.log_events_total.value("cache.failed", "warn", "cache") >= 2
        ready = await town.http.get("/ready")
        assert (ready.status_code, ready.json()["cache"]) == (200, False)
        assert town.events("complex", "bad") == 0

    in_town(tmp_path, scenario)


def test_module_down_makes_answers_poorer(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.break_("module-down", "incident-manager")
        answer = await town.ask("Open an incident.")
        assert answer.status_code == 200
        assert answer.json()["missing"] == ["incident-manager"]
        assert (await town.ask("How is the latency?")).json()["missing"] == []
        assert town.wk.m.module_requests_total.value("incident-manager", "bad") == 1
        assert town.wk.m.module_requests_total.value("observatory", "good") == 1
        streamed = await town.ask_for_stream("Open an incident.")
        assert streamed.text.endswith('event: done\ndata: {"missing":["incident-manager"]}\n\n')
        assert town.events("complex", "bad") == 0
        await town.heal()
        await until_well(town)

    in_town(tmp_path, scenario)


async def until_well(town: Town) -> None:
    """gRPC connects again within two seconds."""
    async with asyncio.timeout(10):
        while (await town.ask("Open an incident.")).json()["missing"]:  # noqa: ASYNC110  asking is how one finds out
            await asyncio.sleep(0.1)


def test_no_workflow_without_the_orchestrator(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login()
        await town.break_("module-down", "orchestrator")
        run = await town.post("workflows", name="release-notes")
        assert (run.status_code, run.json()["detail"]) == (503, "orchestrator does not answer")
        assert town.wk.m.workflow_executions_total.value("failure") == 1
        assert town.wk.m.module_requests_total.value("orchestrator", "bad") == 1
        assert town.events("complex", "bad") == 1

    in_town(tmp_path, scenario)


def test_error_rate(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        conversation = await town.conversation()
        await town.break_("error-rate", "0.5")
        statuses = [(await town.get(conversation)).status_code for _ in range(60)]
        assert 15 <= statuses.count(500) <= 45
        assert set(statuses) == {200, 500}
        await town.break_("error-rate", "100%")
        assert (await town.get(conversation)).status_code == 500
        assert (await town.http.get("/health")).status_code == 200
        assert town.events("simple", "bad") == statuses.count(500) + 1
        route = "/api/v1/conversations/{conversation_id}"
        assert town.wk.m.http_requests_total.value("GET", route, "500") == statuses.count(500) + 1

    in_town(tmp_path, scenario)


@pytest.mark.parametrize("fault", [Fault.LATENCY, Fault.HANG])
def test_waiting(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sabotage.DELAY_SECONDS == {Fault.LATENCY: 3, Fault.HANG: 8}
    monkeypatch.setitem(sabotage.DELAY_SECONDS, fault, 1.1)

    async def scenario(town: Town) -> None:
        await town.break_(fault)
        await town.login()
        assert town.wk.m.sli_events_total.value("latency-simple", "simple", "bad") == 1
        assert town.events("simple", "good") == 1

    in_town(tmp_path, scenario)


def test_stream_death(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.break_("stream-death")
        for intent in ("code_help", "smalltalk"):  # one provider each
            answer = await town.ask_for_stream(intent=intent)
            assert answer.status_code == 200
            assert "data: " in answer.text
            assert answer.text.endswith('event: error\ndata: {"detail":"the model broke off"}\n\n')
        assert town.events("complex", "bad") == 2
        assert town.wk.m.llm_requests_total.value("anthropic", SONNET, "cut") == 1
        assert town.wk.m.llm_usage_missing_total.value("anthropic", SONNET) == 1
        assert town.wk.m.messages_total.value("code_help") == 0
        assert (await town.ask()).status_code == 200

    in_town(tmp_path, scenario)


def test_database_lost_in_mid_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "SLOW_SECONDS", 0.3)

    async def scenario(town: Town) -> None:
        conversation = await town.conversation()
        await town.break_("provider-slow")
        asking = asyncio.ensure_future(town.post(f"{conversation}/messages/stream", text="Why?"))
        await until(lambda: town.wk.m.http_requests_in_flight.value() == 1)
        await asyncio.wait((asking,), timeout=0.15)
        await town.break_("database-down")
        assert (await asking).text.endswith('event: error\ndata: {"detail":"the answer could not be kept"}\n\n')
        assert town.events("complex", "bad") == 1

    in_town(tmp_path, scenario)


def test_loop_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sabotage, "BLOCK_SECONDS", 0.3)

    async def scenario(town: Town) -> None:
        stop = asyncio.Event()
        blocking = asyncio.ensure_future(block_loop(town.watch, stop))
        await town.http.get("/health")
        await town.break_("loop-block")
        lag = town.wk.m.eventloop_lag_seconds
        before = lag.total("python")
        await until(lambda: lag.total("python") > before + 0.2)
        stop.set()
        await blocking

    in_town(tmp_path, scenario)


def test_cost_spike(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask("Why?", intent="explain")
        plain = town.tokens("claude-haiku-4-5", "input") + town.tokens("claude-haiku-4-5", "cache_write")
        await town.break_("cost-spike")
        await town.ask("Why?", intent="explain")
        both = town.tokens("claude-haiku-4-5", "input") + town.tokens("claude-haiku-4-5", "cache_write")
        read = town.tokens("claude-haiku-4-5", "cache_read")
        assert both + read == 9 * plain  # 1 + 8 times the same prompt

    in_town(tmp_path, scenario)


def test_deploy_is_seen_and_rolled_back(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"

    async def scenario() -> None:
        waiting = asyncio.ensure_future(await_deploy(FaultWatch(file), "1.0.0", "1.0.0"))
        faults.break_(file, "latency", ())
        done, _ = await asyncio.wait((waiting,), timeout=0.6)
        assert not done
        faults.break_(file, "deploy", ["1.1.0"])
        await asyncio.wait_for(waiting, timeout=10)
        back = asyncio.ensure_future(await_deploy(FaultWatch(file), "1.1.0", "1.0.0"))
        faults.heal(file, "deploy")
        await asyncio.wait_for(back, timeout=10)

    asyncio.run(scenario())


def test_the_version_wanted() -> None:
    assert version_wanted(Faults(), "1.0.0") == "1.0.0"
    assert version_wanted(Faults((Active(Fault.DEPLOY, 0.0, {"version": "2.0"}),)), "1.0.0") == "2.0"
