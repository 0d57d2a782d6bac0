"""What the process does: loop lag, collections, /proc."""

import asyncio
import gc
import os
import threading
import time

import pytest

from sdk_bench import of, samples, until, watched


def test_a_blocked_loop_is_seen() -> None:
    async def service() -> None:
        wk._loop_seen(asyncio.get_running_loop())
        await asyncio.sleep(0.3)
        threading.Event().wait(0.6)
        await asyncio.sleep(0)
        await asyncio.sleep(0.3)

    with watched() as wk:
        asyncio.run(service())
        found = samples(wk)
        count = found['eventloop_lag_seconds_count{runtime="python"}']
        assert count >= 2
        assert count - found['eventloop_lag_seconds_bucket{le="0.25",runtime="python"}'] == 1


def test_the_sampler_follows_the_loop_and_ends_with_it() -> None:
    async def service() -> None:
        wk._loop_seen(asyncio.get_running_loop())
        wk._loop_seen(asyncio.get_running_loop())
        await asyncio.sleep(0.3)

    with watched() as wk:
        for _ in range(2):
            asyncio.run(service())
        assert samples(wk)['eventloop_lag_seconds_count{runtime="python"}'] == 2


def test_collections_are_timed_until_the_end() -> None:
    before = len(gc.callbacks)
    with watched() as wk:
        assert len(gc.callbacks) == before + 1
        gc.collect()
        assert of(wk, "gc_duration_seconds_count")['{generation="2"}'] >= 1
        assert of(wk, "gc_duration_seconds_sum")['{generation="2"}'] > 0
    assert len(gc.callbacks) == before


def test_a_collection_inside_any_lock_of_ours_does_not_hang() -> None:
    with watched() as wk:
        with wk._registry.creation, wk._registry._draining:
            gc.collect()
        assert of(wk, "gc_duration_seconds_count")['{generation="2"}'] >= 1


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="no /proc on this system")  # noqa: PTH112 - at import
def test_the_process_as_the_kernel_sees_it() -> None:
    with watched() as wk:
        found = samples(wk)
        assert 5e6 < found["process_resident_memory_bytes"] < 5e9
        assert 0 <= time.time() - found["process_start_time_seconds"] < 86400
        held = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
        assert samples(wk)["process_open_fds"] == found["process_open_fds"] + 5
        for handle in held:
            os.close(handle)


def test_processor_time_only_grows() -> None:
    with watched() as wk:
        first = samples(wk)["process_cpu_seconds_total"]
        assert first == pytest.approx(sum(os.times()[:2]), abs=0.5)
        until(lambda: sum(os.times()[:2]) > first + 0.05 or not sum(range(100_000)), "some work")
        assert samples(wk)["process_cpu_seconds_total"] > first


def test_the_build_is_named() -> None:
    with watched() as wk:
        assert of(wk, "service_build_info") == {'{version="1.2.3"}': 1}


def test_sessions() -> None:
    with watched() as wk:
        assert samples(wk)["sessions_active"] == 0
        wk.session_started()
        wk.session_started()
        wk.session_ended()
        assert samples(wk)["sessions_active"] == 1
