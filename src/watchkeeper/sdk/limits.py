"""How much the process may use: the limits of its control groups, version 1 or 2, else those of the machine."""

import math
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """The groups this process belongs to. A group is bound by every group above it, so the tightest limit counts."""

    mount: Path = CGROUPS
    membership: Path = OWN_CGROUP

    def cpu_cores(self) -> float:
        """Processors' worth of time; infinite where nothing limits it."""
        return min(self._limits("cpu", _quota_of_v2, _quota_of_v1), default=math.inf)

    def memory_bytes(self) -> float:
        """Infinite where nothing limits it."""
        return min(self._limits("memory", _memory_of_v2, _memory_of_v1), default=math.inf)

    def _limits(
        self, controller: str, of_v2: Callable[[Path], float], of_v1: Callable[[Path], float]
    ) -> Iterator[float]:
        for line in _read(self.membership).splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                unified = self.mount / "unified"
                yield from map(of_v2, _upwards(unified if unified.is_dir() else self.mount, path))
            elif controller in controllers.split(","):
                yield from map(of_v1, _upwards(self.mount / controller, path))


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """The group and all above it. In a container the mount shows only the container's own, whatever the path says."""
    group = mount / path.lstrip("/")
    yield group
    yield from (parent for parent in group.parents if parent.is_relative_to(mount))


def _quota_of_v2(group: Path) -> float:
    """`200000 100000`: microseconds of processor time in microseconds of time; `max` for no limit."""
    quota, _, period = _read(group / "cpu.max").partition(" ")
    return int(quota) / int(period) if quota.isdigit() else math.inf


def _quota_of_v1(group: Path) -> float:
    quota, period = _read(group / "cpu.cfs_quota_us").strip(), _read(group / "cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else math.inf


def _memory_of_v2(group: Path) -> float:
    limit = _read(group / "memory.max").strip()
    return int(limit) if limit.isdigit() else math.inf


def _memory_of_v1(group: Path) -> float:
    """No limit is a number too large for any machine, so the machine's own is the tighter one."""
    limit = _read(group / "memory.limit_in_bytes").strip()
    return int(limit) if limit.isdigit() else math.inf


def _read(file: Path) -> str:
    """Empty when there is no such file, or it is not for us to read."""
    try:
        return file.read_text()
    except OSError:
        return ""


def cpu_cores(groups: ControlGroups) -> float:
    """Processors the process may use: its quota, else those that the scheduler lets it run on."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(groups.cpu_cores(), usable)


def memory_bytes(groups: ControlGroups) -> float:
    """Memory the process may hold."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(groups.memory_bytes(), machine)


def open_files() -> float:
    """File descriptors the process may have; infinite when nothing limits them."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft
