"""What it takes to run other programs: every client is measured in this one way."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

_LAUNCH: Final = Path(__file__).with_name("_launch.py")
_ROOT: Final = Path(__file__).parents[1]


@attrs.frozen(kw_only=True)
class Usage:
    """What some commands took together. `peak_bytes` is the most memory that any one of them had."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: tuple[str, ...]
    failures: tuple[str, ...]


def run(commands: Sequence[Sequence[str]], *, home: Path, at_once: int = 1, timeout_s: float = 300.0) -> Usage:
    """Run `commands`, so many at a time, as somebody whose home is `home` and who has no credentials."""
    order = {"commands": [list(command) for command in commands], "at_once": at_once, "timeout_s": timeout_s}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCH)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        env=_environment(home),
        cwd=_ROOT,
    )
    told = json.loads(done.stdout)
    return Usage(**{**told, "output": tuple(told["output"]), "failures": tuple(told["failures"])})


def _environment(home: Path) -> Mapping[str, str]:
    """Nobody's accounts are found, and no proxy is between us and loopback."""
    hidden = ("GOOGLE_APPLICATION_CREDENTIALS", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in hidden and "proxy" not in name.lower()}
    return {**kept, "HOME": str(home), "NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": os.devnull}
