"""What a process may use, from control groups of both versions as the kernel shows them, and from this machine."""

import math
import os
import resource
from pathlib import Path

import pytest

from sdk_bench import samples, watched
from watchkeeper.sdk import limits
from watchkeeper.sdk.limits import ControlGroups

MIB = 1 << 20


def groups(root: Path, membership: str, files: dict[str, str]) -> ControlGroups:
    """The files of a `/sys/fs/cgroup`, and the line or lines of `/proc/self/cgroup`."""
    for name, text in files.items():
        (root / "mount" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "mount" / name).write_text(text)
    (root / "membership").write_text(membership)
    return ControlGroups(root / "mount", root / "membership")


def test_version_2_in_a_container(tmp_path: Path) -> None:
    made = groups(tmp_path, "0::/\n", {"cpu.max": "150000 100000\n", "memory.max": f"{512 * MIB}\n"})
    assert made.cpu_cores() == 1.5
    assert made.memory_bytes() == 512 * MIB


def test_the_tightest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    files = {
        "a/cpu.max": "100000 50000\n",  # 2 cores for everything in it
        "a/memory.max": "max\n",
        "a/b/cpu.max": "max 100000\n",
        "a/b/memory.max": f"{64 * MIB}\n",
        "a/b/c/memory.max": f"{256 * MIB}\n",
        "other/memory.max": "1\n",
    }
    made = groups(tmp_path, "0::/a/b/c\n", files)
    assert made.cpu_cores() == 2
    assert made.memory_bytes() == 64 * MIB


def test_version_1_with_its_controllers_apart(tmp_path: Path) -> None:
    files = {
        "cpu/pod/cpu.cfs_quota_us": "25000\n",
        "cpu/pod/cpu.cfs_period_us": "100000\n",
        "memory/pod/memory.limit_in_bytes": f"{128 * MIB}\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    made = groups(tmp_path, "5:memory:/pod\n4:cpuacct,cpu:/pod\n1:name=systemd:/x\n", files)
    assert made.cpu_cores() == 0.25
    assert made.memory_bytes() == 128 * MIB


def test_version_1_in_a_container_that_shows_only_its_own_group(tmp_path: Path) -> None:
    files = {"memory/memory.limit_in_bytes": f"{128 * MIB}\n", "cpu/cpu.cfs_quota_us": "-1\n"}
    made = groups(tmp_path, "4:memory:/docker/0123\n3:cpu:/docker/0123\n", files)
    assert made.memory_bytes() == 128 * MIB
    assert made.cpu_cores() == math.inf


def test_both_versions_at_once(tmp_path: Path) -> None:
    files = {"unified/cpu.max": "300000 100000\n", "memory/memory.limit_in_bytes": "4096\n"}
    made = groups(tmp_path, "2:memory:/\n0::/\n", files)
    assert (made.cpu_cores(), made.memory_bytes()) == (3, 4096)


@pytest.mark.parametrize("membership", ["", "0::/\n", "7:memory:/gone\n"])
def test_where_nothing_limits_it_the_machine_does(tmp_path: Path, membership: str) -> None:
    made = groups(tmp_path, membership, {})
    assert (made.cpu_cores(), made.memory_bytes()) == (math.inf, math.inf)
    assert limits.cpu_cores(made) == len(os.sched_getaffinity(0))
    assert limits.memory_bytes(made) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_limit_above_the_machine_is_none(tmp_path: Path) -> None:
    made = groups(tmp_path, "0::/\n", {"cpu.max": "100000000 1000\n", "memory.max": f"{1 << 62}\n"})
    assert limits.cpu_cores(made) == len(os.sched_getaffinity(0))
    assert limits.memory_bytes(made) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_where_there_is_no_proc(tmp_path: Path) -> None:
    assert ControlGroups(tmp_path, tmp_path / "missing").memory_bytes() == math.inf


def test_a_process_shows_its_limits_and_keeps_within_them() -> None:
    with watched() as wk:
        found = samples(wk)
        assert found["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert found["process_open_fds"] < found["process_max_fds"]
        assert 0 < found["process_cpu_limit_cores"] <= (os.cpu_count() or 1)
        assert found["process_resident_memory_bytes"] < found["process_memory_limit_bytes"]
