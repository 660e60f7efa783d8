"""Run `cip` and sample, every few milliseconds of its CPU time, which part of the program it is in.

    python -m benchmarks._sampled RESULT run --confirm …

A sample belongs to the innermost part of `PARTS` that is on the stack. Time in the event loop, which is C, counts with
what it calls next, and time of the kernel with what called it.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

_EVERY_S: Final = 0.001
"""Of CPU time; most kernels count it in steps of 4 ms, and do not sample more often."""
_LIBRARIES: Final = "aiohttp and the event loop"
PARTS: Final = {
    "importlib": "loading modules",
    "/aiohttp/": _LIBRARIES,
    "/yarl/": _LIBRARIES,
    "/multidict/": _LIBRARIES,
    "/asyncio/": _LIBRARIES,
    "/anyio/": _LIBRARIES,
    "/cip_async/registry/credentials/": "credentials",
    "/cip_async/registry/gate.py": "gate",
    "/cip_async/registry/pac": "gate",
    "/cip_async/registry/listing/": "listings and plan",
    "/cip_async/registry/": "requests and answers",
    "/cip_async/copying/": "placements",
    "/cip_async/inventory/": "listings and plan",
    "/cip_async/planning/": "listings and plan",
    "/cip_async/manifests/": "promoter manifests",
    "/cip_async/": "everything else",
}
"""What the name of a module's file has in it, and which part of the program that is; the first that fits counts."""


def main() -> None:
    """Do what the arguments say, and write how often each part was met."""
    result, *arguments = sys.argv[1:]
    met: Counter[str] = Counter()

    def sample(_: int, frame: FrameType | None) -> None:
        met[part_of(frame)] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    try:
        from cip_async.cli import main as cip  # noqa: PLC0415 - loading it is part of what is sampled

        sys.argv[1:] = arguments
        cip()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(result).write_text(json.dumps(met), encoding="utf-8")


def part_of(frame: FrameType | None) -> str:
    """The part of the program that a stack is in."""
    while frame is not None:
        name = frame.f_code.co_filename
        for piece, part in PARTS.items():
            if piece in name:
                return part
        frame = frame.f_back
    return "everything else"


if __name__ == "__main__":
    main()
