"""The machine and the processes under measurement, read from /proc."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def description() -> dict[str, str]:
    """Processor, cores, memory, kernel, system and Python, as far as this machine tells."""
    processor = _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    memory = _first("/proc/meminfo", "MemTotal").split()
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "memory": f"{int(memory[0]) / 1024 / 1024:.0f} GiB" if memory else "unknown",
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _first(path: str, key: str) -> str:
    with contextlib.suppress(OSError):
        for line in Path(path).read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def _system() -> str:
    with contextlib.suppress(OSError, KeyError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return platform.system()


def cores() -> tuple[set[int], set[int]]:
    """(core of the two ends, core of Gatehouse); the same one where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[1] if len(usable) > 1 else usable[0]}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
