"""`python -m watchkeeper.demo.ingress --config PATH`: the front door, which waits for an agent that restarts."""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass, field

from watchkeeper.demo.config import DemoConfig
from watchkeeper.demo.faults import Fault, Faults, FaultWatch
from watchkeeper.demo.process import run

_log = logging.getLogger(__name__)

PATIENCE_SECONDS = 15.0
_RETRY_SECONDS = (0.05, 1.5)
_CHUNK = 65536


@dataclass(slots=True)
class Passage:
    """One client's way in. What it said is kept until somebody answers, to be said again to the agent's successor."""

    client: asyncio.StreamReader
    answer: asyncio.StreamWriter
    said: bytearray = field(default_factory=bytearray)
    answered: bool = False

    async def through(self, agent: asyncio.StreamReader, request: asyncio.StreamWriter) -> bool:
        """Copy both ways until one side ends; False when that was the agent, without a word."""
        request.write(bytes(self.said))
        up = asyncio.ensure_future(self._upwards(request))
        down = asyncio.ensure_future(self._downwards(agent))
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        client_left = up.done()
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        return self.answered or client_left

    async def _upwards(self, request: asyncio.StreamWriter) -> None:
        while data := await self.client.read(_CHUNK):
            if not self.answered:
                self.said += data
            request.write(data)
            await request.drain()

    async def _downwards(self, agent: asyncio.StreamReader) -> None:
        while data := await agent.read(_CHUNK):
            self.answered = True
            self.answer.write(data)
            await self.answer.drain()


@dataclass(slots=True)
class Ingress:
    """Forwards connections of `port` to `agent_port`."""

    port: int
    agent_port: int
    patience: float = PATIENCE_SECONDS
    dice: random.Random = field(default_factory=random.Random)
    _server: asyncio.Server | None = None
    _inside: set[asyncio.Task[None]] = field(default_factory=set)

    async def apply(self, faults: Faults) -> None:
        broken = Fault.INGRESS_DOWN in faults
        if broken and self._server is not None:
            await self.close()
            _log.info("ingress closed")
        elif not broken and self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            _log.info("ingress listens on port %d", self.port)

    async def close(self) -> None:
        """Close the door and drop everybody inside."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for visit in self._inside:
            visit.cancel()
        await asyncio.gather(*self._inside, return_exceptions=True)

    async def _accept(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        visit = asyncio.ensure_future(self._forward(Passage(client, answer)))
        self._inside.add(visit)
        try:
            await visit
        except OSError as error:
            _log.warning("connection dropped: %s", error)
        except asyncio.CancelledError:
            answer.transport.abort()
        finally:
            self._inside.discard(visit)
            await _hang_up(answer)

    async def _forward(self, passage: Passage) -> None:
        """A closing agent may accept a connection and hang up on it at once; that is tried again, too."""
        passage.said += await passage.client.read(_CHUNK)
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.patience
        while passage.said:
            agent, request = await self._connect(deadline)
            try:
                ended = await passage.through(agent, request)
            finally:
                await _hang_up(request)
            if ended or clock() > deadline:
                return
            await self._pause()

    async def _connect(self, deadline: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", self.agent_port)
            except ConnectionError:
                if clock() > deadline:
                    raise
            await self._pause()

    async def _pause(self) -> None:
        """Each waits for another while: all at once they would run the new agent down."""
        await asyncio.sleep(self.dice.uniform(*_RETRY_SECONDS))


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def main(config: DemoConfig, stop: asyncio.Event) -> None:
    ingress = Ingress(config.ingress_port, config.agent_port)
    try:
        await FaultWatch(config.faults).apply(ingress.apply, stop)
    finally:
        await ingress.close()


if __name__ == "__main__":
    run("ingress", main)
