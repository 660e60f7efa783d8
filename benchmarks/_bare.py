"""The yardstick: a bare aiohttp session on uvloop that sends the very requests of somebody else, and nothing more.

It is what one writes first: nothing is checked, counted, tried again, or switched off.

    python -m benchmarks._bare REQUESTS IN_FLIGHT

`REQUESTS` has one JSON object a line, and `IN_FLIGHT` is how many may be under way to each host. What is printed are
the requests answered, and the seconds from the first to the last, without the start of the interpreter.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import anyio
import attrs
import uvloop


@attrs.frozen(kw_only=True)
class BareRequest:
    """One request, ready to be sent."""

    host: str
    method: str
    url: str
    headers: dict[str, str]
    body: str


def main() -> None:
    """Send what the file says."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    requests = [BareRequest(**json.loads(line)) for line in lines]
    started = time.perf_counter()
    uvloop.run(send(requests, int(sys.argv[2])))
    json.dump({"requests": len(requests), "seconds": time.perf_counter() - started}, sys.stdout)


async def send(requests: list[BareRequest], in_flight: int) -> None:
    """Send all, in order, as many at a time to each host as is allowed."""
    queues: dict[str, list[BareRequest]] = {}
    for request in requests:
        queues.setdefault(request.host, []).append(request)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        anyio.create_task_group() as tasks,
    ):
        for queue in queues.values():
            share = iter(queue)
            for _ in range(in_flight):
                tasks.start_soon(_work, session, share)


async def _work(session: aiohttp.ClientSession, queue: Iterator[BareRequest]) -> None:
    for request in queue:
        async with session.request(
            request.method, request.url, headers=request.headers, data=request.body or None
        ) as answer:
            await answer.read()


if __name__ == "__main__":
    main()
