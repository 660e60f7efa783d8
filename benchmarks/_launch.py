"""Run commands and tell what they took; a small process of its own, as what is told of memory includes the parent's.

Reads a JSON object from standard input: `commands` as lists of words, `at_once`, `timeout_s`. Writes one: seconds of
the clock, CPU seconds of all commands together, the most memory that one of them had, and what failed.
"""

import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

_TOLD = 2000


def main() -> None:
    """Run what standard input says."""
    order = json.load(sys.stdin)
    deadline = time.monotonic() + order["timeout_s"]
    started = time.perf_counter()
    with ThreadPoolExecutor(order["at_once"]) as pool:
        outcomes = list(pool.map(partial(_run, deadline), order["commands"]))
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    json.dump(
        {
            "wall_seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "output": [output for output, _ in outcomes],
            "failures": [failure for _, failure in outcomes if failure],
        },
        sys.stdout,
    )


def _run(deadline: float, command: list[str]) -> tuple[str, str]:
    """What a command wrote to standard output, and how it failed, if it did."""
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        return "", "there was no time left"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=left_s, check=False)
    except subprocess.TimeoutExpired:
        return "", "took too long"
    except OSError as error:
        return "", f"cannot be run: {error.strerror}"
    if done.returncode:
        return done.stdout, f"exit code {done.returncode}: {done.stderr[-_TOLD:]}"
    return done.stdout, ""


if __name__ == "__main__":
    main()
