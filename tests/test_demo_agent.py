"""The agent as its users see it, and as Watchkeeper sees it, while all is well."""

import sqlite3
from pathlib import Path

import pytest

from demo_bench import until
from demo_town import Town, in_town, said
from watchkeeper.demo.agent.app import KEEP_SECONDS
from watchkeeper.demo.agent.database import Store, connect
from watchkeeper.demo.agent.identity import InvalidTokenError, Presence, Tokens, signing_key
from watchkeeper.demo.agent.intents import PLANS, Intent, guess

SONNET = "claude-sonnet-5"


def test_a_message_from_login_to_answer(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        assert (await town.login("ada")).status_code == 200
        conversation = await town.conversation()
        answer = await town.post(f"{conversation}/messages", text="Why does this loop never end?")
        assert answer.status_code == 200
        assert answer.json()["intent"] == "code_help"
        assert answer.json()["missing"] == []
        history = (await town.get(conversation)).json()["messages"]
        assert [line["role"] for line in history] == ["user", "assistant"]
        assert history[0]["text"] == "Why does this loop never end?"
        assert history[1]["text"] == answer.json()["reply"]
        assert town.wk.m.conversations_total.value() == 1
        assert town.wk.m.messages_total.value("code_help") == 1
        assert town.wk.m.sessions_active.value() == 1
        assert town.events("complex", "good") == 1
        assert town.events("simple", "good") == 3  # login, conversation, history
        assert len(said(town.log, "message.answered")) == 1

    in_town(tmp_path, scenario)


def test_tokens_and_cost_agree_with_the_provider(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask(intent="code_help")
        await town.ask_for_stream(intent="code_help")
        (total,) = town.emulator.ledger
        assert (total.model, total.delivered) == (SONNET, 2)
        usage = total.usage
        assert town.tokens(SONNET, "input") == usage.input
        assert town.tokens(SONNET, "cache_read") == usage.cache_read > 0
        assert town.tokens(SONNET, "cache_write") == usage.cache_write > 0
        assert town.tokens(SONNET, "output") == usage.output
        assert town.wk.m.llm_cost_usd_total.value("anthropic", SONNET) > 0
        assert town.wk.m.llm_requests_total.value("anthropic", SONNET, "ok") == 2

    in_town(tmp_path, scenario)


def test_every_intent_is_answered_by_its_model_and_module(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        for intent, plan in PLANS.items():
            answer = await town.ask("Please.", intent=intent)
            assert answer.json()["intent"] == intent
            assert town.emulator.ledger.last is not None
            assert town.emulator.ledger.last.model == plan.model
        for module in ("test-bench", "observatory", "incident-manager"):
            assert town.wk.m.module_requests_total.value(module, "good") == 1

    in_town(tmp_path, scenario)


def test_a_streamed_answer(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        answer = await town.ask_for_stream(intent="smalltalk")
        assert answer.headers["content-type"].startswith("text/event-stream")
        *pieces, done = answer.text.strip().split("\n\n")
        assert len(pieces) > 3
        assert all(piece.startswith('data: {"text":') for piece in pieces)
        assert done == 'event: done\ndata: {"missing":[]}'
        assert town.events("complex", "good") == 1
        assert town.wk.m.messages_total.value("smalltalk") == 1

    in_town(tmp_path, scenario)


def test_a_conversation_is_remembered(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        conversation = await town.conversation()
        for text in ("one", "two", "three"):
            await town.post(f"{conversation}/messages", text=text)
        first, *_, last = (await town.get(conversation)).json()["messages"]
        assert (first["text"], last["role"]) == ("one", "assistant")
        assert len((await town.get(conversation)).json()["messages"]) == 6

    in_town(tmp_path, scenario)


def test_a_workflow(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login()
        run = await town.post("workflows", name="release-notes")
        assert run.json()["id"].startswith("RUN-")
        assert town.wk.m.workflow_executions_total.value("success") == 1
        assert town.events("complex", "good") == 1

    in_town(tmp_path, scenario)


def test_the_caller_chooses_the_model(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask(intent="code_help", model="gpt-5-mini")
        assert town.emulator.ledger.last is not None
        assert town.emulator.ledger.last.model == "gpt-5-mini"

    in_town(tmp_path, scenario)


def test_the_caller_s_mistakes_are_excluded(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        assert (await town.post("conversations")).status_code == 401
        await town.login()
        assert (await town.get("conversations/nobody-s")).status_code == 404
        assert (await town.ask(model="gpt-1")).status_code == 422
        assert (await town.ask("")).status_code == 422
        wrong = await town.post("workflows", name="world-peace")
        assert (wrong.status_code, "release-notes" in wrong.text) == (422, True)
        assert town.events("simple", "excluded") == 2
        assert town.events("complex", "excluded") == 3
        assert town.events("complex", "bad") + town.events("simple", "bad") == 0

    in_town(tmp_path, scenario)


def test_nobody_reads_other_people_s_conversations(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.login("ada")
        conversation = await town.conversation()
        await town.login("bob")
        assert (await town.get(conversation)).status_code == 404

    in_town(tmp_path, scenario)


def test_the_probe_comes_as_far_as_the_model_s_door(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        assert (await town.login("probe")).status_code == 403
        assert (await town.login("probe", **{"X-Watchkeeper-Probe": "guessed"})).status_code == 403
        assert (await town.login("probe", **{"X-Watchkeeper-Probe": "probe-secret"})).status_code == 200
        answer = await town.ask("Are you there?")
        assert answer.json()["reply"] == "as far as the model's door"
        assert town.emulator.ledger.last is None
        assert town.wk.m.sessions_active.value() == 0

    in_town(tmp_path, scenario)


def test_health_readiness_and_dependencies(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        assert (await town.http.get("/health")).json() == {"status": "ok", "version": "1.0.0"}
        ready = await town.http.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"database": True, "cache": True})
        names = ("database", "cache", *(f"module-{name}" for name in town.config.module_ports))
        await until(lambda: all(f'dependency_up{{dependency="{name}"}} 1' in page(town) for name in names))
        await until(lambda: page(town).count('module_health_status{module="') == 4)

    in_town(tmp_path, scenario)


def page(town: Town) -> str:
    return town.wk.page().decode()


def test_lines_of_one_request_share_its_correlation_id(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        answer = await town.ask()
        (line,) = said(town.log, "message.answered")
        assert line["correlation_id"] == answer.headers["x-correlation-id"]

    in_town(tmp_path, scenario)


def test_nothing_is_counted_under_other(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        for intent in Intent:
            await town.ask(intent=intent)
        await town.post("workflows", name="release-notes")
        assert '"__other__"' not in page(town)
        assert "watchkeeper_internal_errors_total{" not in page(town)

    in_town(tmp_path, scenario)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Why does this loop never end?", Intent.CODE_HELP),
        ("Explain this", Intent.EXPLAIN),
        ("Write TESTS for the parser", Intent.TEST_GENERATION),
        ("How is the latency today?", Intent.TELEMETRY),
        ("Open an incident: tests are failing", Intent.INCIDENT),
        ("Thanks!", Intent.SMALLTALK),
    ],
)
def test_intents_are_guessed_from_words(text: str, intent: Intent) -> None:
    assert guess(text) is intent


def test_tokens() -> None:
    now = 1000.0
    tokens = Tokens(b"key", lambda: now)
    token = tokens.issue("ada|x")
    assert tokens.read(token) == "ada|x"
    claims, signature = token.split(".")
    for forged in ("", ".", claims, f"{claims}.", f"{claims}x.{signature}", f"x{token}"):
        with pytest.raises(InvalidTokenError):
            tokens.read(forged)
    with pytest.raises(InvalidTokenError):
        Tokens(b"another key", lambda: now).read(token)
    now += 12 * 3600 + 1
    with pytest.raises(InvalidTokenError):
        tokens.read(token)


def test_the_signing_key_is_kept_and_private(tmp_path: Path) -> None:
    file = tmp_path / "signing-key"
    key = signing_key(file)
    assert len(key) == 64
    assert signing_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600


def test_presence_counts_the_last_five_minutes() -> None:
    now = 0.0
    counts: list[float] = []
    presence = Presence(counts.append, lambda: now)
    for moment, user in ((0.0, "ada"), (100.0, "bob"), (200.0, "ada"), (401.0, "eve"), (900.0, "eve")):
        now = moment
        presence.note(user)
    assert counts == [1, 2, 2, 2, 1]  # at 401 bob is gone, ada was seen at 200; at 900 only eve is left


def test_old_conversations_are_forgotten(tmp_path: Path) -> None:
    async def scenario(town: Town) -> None:
        await town.ask()
        with sqlite3.connect(tmp_path / "copilot.db") as reader:
            (started,) = reader.execute("SELECT started FROM conversations").fetchone()
        store = Store(connect(tmp_path / "copilot.db"))
        await store.forget(started + KEEP_SECONDS)
        await store.close()
        with sqlite3.connect(tmp_path / "copilot.db") as reader:
            assert reader.execute("SELECT count(*) FROM messages").fetchone() == (0,)
        reader.close()

    in_town(tmp_path, scenario)
