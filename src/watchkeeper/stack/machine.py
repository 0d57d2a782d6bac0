"""This machine, under the names that Prometheus' node exporter uses: file systems, memory, processors, OOM kills."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from watchkeeper.stack.exits import oom_kills
from watchkeeper.stack.exposing import Sample

MODES = ("idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user")
_MOST_MOUNTS = 20


def samples(state: Path) -> Iterator[Sample]:
    """`state`: a directory whose file system is shown even where it is none of the machine's disks."""
    yield from _filesystems(state)
    yield from _memory()
    yield from _processors()
    kills = oom_kills()
    if kills is not None:
        # node exporter copies these fields of the kernel's as they are, without a type; the name is no counter's
        yield Sample("node_vmstat_oom_kill", "untyped", str(kills))


def mount_of(path: Path) -> str:
    """Where the file system that holds the path begins."""
    resolved = path.resolve()
    return str(next(place for place in (resolved, *resolved.parents) if place.is_mount()))


def _filesystems(state: Path) -> Iterator[Sample]:
    disks = (disk.mountpoint for disk in psutil.disk_partitions(all=False) if Path(disk.mountpoint).is_dir())
    mounts = tuple(dict.fromkeys(("/", mount_of(state), *disks)))[:_MOST_MOUNTS]
    kinds = {disk.mountpoint: disk.fstype for disk in psutil.disk_partitions(all=True)}
    seen = {(("fstype", kinds.get(mount, "")), ("mountpoint", mount)): os.statvfs(mount) for mount in mounts}
    for labels, found in seen.items():
        yield Sample("node_filesystem_avail_bytes", "gauge", str(found.f_bavail * found.f_frsize), labels)
    for labels, found in seen.items():
        yield Sample("node_filesystem_size_bytes", "gauge", str(found.f_blocks * found.f_frsize), labels)


def _memory() -> Iterator[Sample]:
    memory = psutil.virtual_memory()
    yield Sample("node_memory_MemAvailable_bytes", "gauge", str(memory.available))
    yield Sample("node_memory_MemTotal_bytes", "gauge", str(memory.total))


def _processors() -> Iterator[Sample]:
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        known = times._asdict()
        for mode in MODES:
            if mode in known:
                labels = (("cpu", str(number)), ("mode", mode))
                yield Sample("node_cpu_seconds_total", "counter", f"{known[mode]:.2f}", labels)
