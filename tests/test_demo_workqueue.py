"""The queue before the workflows: who waits, for how long, and in which order."""

import asyncio
from pathlib import Path

import pytest

from demo_bench import until
from demo_town import Town, in_town
from watchkeeper.demo.agent.workqueue import WorkQueue
from watchkeeper.demo.modules.services import Workload


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_whoever_finds_a_free_hand_does_not_wait() -> None:
    async def scene() -> None:
        queue = WorkQueue(asyncio.Semaphore(2), Clock())
        async with queue.turn(), queue.turn():
            assert (queue.depth, queue.oldest_age) == (0, 0)

    asyncio.run(scene())


def test_the_others_wait_and_come_in_order() -> None:
    clock = Clock()
    order: list[int] = []

    async def work(queue: WorkQueue, number: int, release: asyncio.Event) -> None:
        async with queue.turn():
            order.append(number)
            await release.wait()

    async def scene() -> None:
        queue = WorkQueue(asyncio.Semaphore(1), clock)
        releases = [asyncio.Event() for _ in range(3)]
        tasks = []
        for number, release in enumerate(releases):
            tasks.append(asyncio.ensure_future(work(queue, number, release)))
            await asyncio.sleep(0)
            clock.now += 10
        assert (order, queue.depth, queue.oldest_age) == ([0], 2, 20)  # the second came at 110, it is 130 now
        releases[0].set()
        await until(lambda: order == [0, 1])
        assert (queue.depth, queue.oldest_age) == (1, 10)
        for release in releases:
            release.set()
        await asyncio.gather(*tasks)
        assert (queue.depth, queue.oldest_age) == (0, 0)

    asyncio.run(scene())
    assert order == [0, 1, 2]


def test_who_leaves_the_queue_is_not_in_it_any_more() -> None:
    async def wait(queue: WorkQueue) -> None:
        async with queue.turn():
            raise AssertionError("it was not its turn")

    async def scene() -> None:
        queue = WorkQueue(asyncio.Semaphore(1), Clock())
        async with queue.turn():
            waiting = asyncio.ensure_future(wait(queue))
            await asyncio.sleep(0)
            assert queue.depth == 1
            waiting.cancel()
            await asyncio.wait((waiting,))
            assert queue.depth == 0
        async with asyncio.timeout(1), queue.turn():
            pass  # its place went to nobody

    asyncio.run(scene())


def test_work_that_fails_frees_its_hand() -> None:
    async def scene() -> None:
        queue = WorkQueue(asyncio.Semaphore(1), Clock())
        for _ in range(2):
            async with asyncio.timeout(1):
                try:
                    async with queue.turn():
                        raise LookupError
                except LookupError:
                    pass

    asyncio.run(scene())


def test_the_agents_queue_is_on_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = asyncio.Event()

    async def slow(_: Workload) -> None:
        await finish.wait()

    monkeypatch.setattr(Workload, "do", slow)

    async def scenario(town: Town) -> None:
        page = town.wk.page().decode()
        assert 'queue_depth{queue="workflows"} 0.0' in page
        assert 'queue_oldest_age_seconds{queue="workflows"} 0.0' in page
        await town.login()
        runs = [asyncio.ensure_future(town.post("workflows", name="release-notes")) for _ in range(6)]
        await until(lambda: 'queue_depth{queue="workflows"} 2.0' in town.wk.page().decode())  # six, and four hands
        assert town.wk.m.queue_oldest_age_seconds.value("workflows") > 0
        finish.set()
        assert {run.status_code for run in await asyncio.gather(*runs)} == {200}
        assert 'queue_depth{queue="workflows"} 0.0' in town.wk.page().decode()

    in_town(tmp_path, scenario)
