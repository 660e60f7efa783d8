"""The machine that figures are from: what makes them comparable, and nothing that says whose it is."""

import json
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_LIBRARIES: Final = ("aiohttp", "anyio", "attrs", "google-auth", "msgspec", "ruamel.yaml", "uvloop", "yarl")
_CPUS: Final = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Processors, memory, system, Python, and the versions of the libraries that matter."""
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": _cpu(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "platform": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cip_async": version("cip-async"),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def tool_version(program: str) -> str:
    """What an installed tool says of its version, in a line; empty if it says nothing."""
    if shutil.which(program) is None:
        return ""
    for word in ("--version", "version"):
        done = subprocess.run([program, word], capture_output=True, text=True, check=False, timeout=10)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().splitlines()[0]
    return ""


def print_result(result: dict[str, Any]) -> None:
    """Print a result as JSON, with the machine it is from."""
    json.dump({"machine": machine(), **result}, sys.stdout, indent=2)
    print()


def _cpu() -> str:
    """The processor's name, where the system tells it."""
    if not _CPUS.exists():
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in _CPUS.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
