"""The front door: it forwards, waits for an agent that restarts, and slams when it is broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from demo_bench import listens, talking, until
from ports import free_ports
from watchkeeper.demo.faults import Active, Fault, Faults
from watchkeeper.demo.ingress import Ingress

BROKEN = Faults((Active(Fault.INGRESS_DOWN, 0.0),))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An agent that says what it hears, and hangs up when its client does."""
    while data := await reader.read(65536):
        writer.write(b"heard " + data)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An agent that is closing: it accepts and leaves without a word."""
    await reader.read(1)
    writer.close()


@asynccontextmanager
async def ingress_before(agent_port: int, *, patience: float = 5.0) -> AsyncIterator[Ingress]:
    (port,) = free_ports(1)
    ingress = Ingress(port, agent_port, patience)
    await ingress.apply(Faults())
    try:
        yield ingress
    finally:
        await ingress.close()


async def say(ingress: Ingress, text: bytes) -> bytes:
    """Say something and read the first answer; empty when hung up on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ingress.port)
    writer.write(text)
    try:
        return await reader.read(65536)
    except ConnectionResetError:
        return b""
    finally:
        await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def test_forwards_both_ways_and_ends_with_the_client() -> None:
    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with talking(echo, agent_port), ingress_before(agent_port) as ingress:
            reader, writer = await asyncio.open_connection("127.0.0.1", ingress.port)
            for word in (b"one", b"two"):
                writer.write(word)
                assert await reader.read(100) == b"heard " + word
            await close(writer)
            await until(lambda: not ingress._inside)

    asyncio.run(scenario())


def test_waits_for_an_agent_that_is_not_there_yet() -> None:
    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with ingress_before(agent_port) as ingress:
            answer = asyncio.ensure_future(say(ingress, b"hello"))
            done, _ = await asyncio.wait((answer,), timeout=0.2)
            assert not done
            async with talking(echo, agent_port):
                assert await asyncio.wait_for(answer, timeout=10) == b"heard hello"

    asyncio.run(scenario())


def test_tries_again_when_a_closing_agent_hangs_up_without_a_word() -> None:
    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with ingress_before(agent_port) as ingress:
            async with talking(hang_up, agent_port):
                answer = asyncio.ensure_future(say(ingress, b"hello"))
                done, _ = await asyncio.wait((answer,), timeout=0.2)
                assert not done
            async with talking(echo, agent_port):
                assert await asyncio.wait_for(answer, timeout=10) == b"heard hello"

    asyncio.run(scenario())


def test_gives_up_when_patience_is_over() -> None:
    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with ingress_before(agent_port, patience=0.1) as ingress:
            assert await asyncio.wait_for(say(ingress, b"hello"), timeout=10) == b""

    asyncio.run(scenario())


def test_an_answer_that_breaks_off_is_not_asked_for_again() -> None:
    asked = 0

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read(100)
        writer.write(b"half an ans")

    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with (
            talking(break_off, agent_port),
            ingress_before(agent_port) as ingress,
        ):
            assert await say(ingress, b"hello") == b"half an ans"
            await until(lambda: not ingress._inside)

    asyncio.run(scenario())
    assert asked == 1


def test_broken_it_drops_everybody_and_refuses_the_next() -> None:
    async def scenario() -> None:
        (agent_port,) = free_ports(1)
        async with talking(echo, agent_port), ingress_before(agent_port) as ingress:
            reader, writer = await asyncio.open_connection("127.0.0.1", ingress.port)
            writer.write(b"one")
            assert await reader.read(100) == b"heard one"
            await ingress.apply(BROKEN)
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await asyncio.wait_for(reader.readexactly(1), timeout=10)
            await close(writer)
            assert not listens(ingress.port)
            await ingress.apply(Faults())
            assert await say(ingress, b"again") == b"heard again"

    asyncio.run(scenario())
