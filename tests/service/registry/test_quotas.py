"""What hosts say of their quotas, and what is learnt of them when they refuse."""

import time
from collections.abc import Callable

import anyio
import attrs
import pytest

from cip_async.errors import RegistryError
from cip_async.events import HostPaused
from cip_async.registry.pacing import FIRST_PER_S
from tests.service.registry.conftest import FOO, HASTY, HOST, ONE_TRY, V1, D, Open, Reach, Serve
from tests.service.registry.scripted import Reply, Seen

pytestmark = pytest.mark.anyio

TAGS = b'{"tags":["v1"]}'
PATIENT = attrs.evolve(HASTY, request_s=600.0, longest_retry_after_s=600.0)


def spent(headers: dict[str, str]) -> Callable[[Seen], Reply]:
    """Answers everything, and says in each HEAD that the quota is used up."""
    held = Reply(headers={**headers, "Docker-Content-Digest": D})
    return lambda seen: held if seen.method == "HEAD" else Reply(body=TAGS)


async def until(happened: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not happened():
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit": '"default";r=0;t=300'},
        {"RateLimit-Policy": '"default";q=100;w=600', "RateLimit": '"default";r=0;t=300'},
        {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "300"},
        {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": str(int(time.time()) + 3600)},
    ],
)
async def test_who_would_be_refused_waits_and_the_others_go_on(
    serve: Serve, reach: Open, headers: dict[str, str]
) -> None:
    registry = await serve(spent(headers))
    reached = await reach(registry, retries=PATIENT)
    assert await reached.client.head_manifest(FOO, V1) is not None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reached.client.head_manifest, FOO, V1)
        await until(lambda: reached.gates.of(HOST)._waiting == 1)
        assert (await reached.client.tags_page(FOO, n=9)).tags == ("v1",)
        tasks.cancel_scope.cancel()
    assert [seen.method for seen in registry.seen] == ["HEAD", "GET"]
    (paused,) = [event for event in reached.events if isinstance(event, HostPaused)]
    assert paused.host == HOST
    assert 299 < paused.pause_s <= 600


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"},
        {"RateLimit-Policy": '"default";q=1;w=600'},
        {"RateLimit-Limit": "1", "RateLimit-Remaining": "99", "RateLimit-Reset": "600"},
        {"RateLimit-Limit": "?", "RateLimit-Remaining": "none", "RateLimit-Reset": "never"},
    ],
)
async def test_nobody_waits_for_what_is_not_said(serve: Serve, reach: Open, headers: dict[str, str]) -> None:
    reached = await reach(await serve(spent(headers)), retries=PATIENT)
    for _ in range(3):
        assert await reached.client.head_manifest(FOO, V1) is not None
    assert not [event for event in reached.events if isinstance(event, HostPaused)]


async def test_a_quota_that_is_renewed_at_once_costs_no_request(serve: Serve, reach: Open) -> None:
    registry = await serve(spent({"RateLimit": '"default";r=0;t=300'}))
    reached = await reach(registry, retries=HASTY)
    for _ in range(3):
        assert await reached.client.head_manifest(FOO, V1) is not None
    assert reached.count() == 3


async def begin_uploads(reached: Reach, number: int) -> int:
    """Begin an upload and then so many at a time; returns how many failed."""
    failed: list[RegistryError] = []

    async def begin() -> None:
        try:
            await reached.client.start_upload(FOO)
        except RegistryError as error:
            failed.append(error)

    await begin()
    async with anyio.create_task_group() as tasks:
        for _ in range(number):
            tasks.start_soon(begin)
    return len(failed)


class After:
    """Answers so many requests in one way, and all others in another."""

    def __init__(self, number: int, before: Reply, then: Reply) -> None:
        self._left, self._before, self._then = number, before, then

    def __call__(self, seen: Seen) -> Reply:
        self._left -= 1
        return self._before if self._left >= 0 else self._then


OPENED = Reply(202, {"Location": "/v2/prod/foo/blobs/uploads/1"})


@pytest.mark.parametrize(
    "refusal",
    [
        Reply(429),
        Reply(429, {"Retry-After": "1"}),
        Reply(503, body=b'{"errors":[{"code":"UNAVAILABLE","message":"Quota exceeded"}]}'),
    ],
)
async def test_refusals_for_quota_lower_the_rate_of_their_kind(serve: Serve, reach: Open, refusal: Reply) -> None:
    registry = await serve(After(12, OPENED, refusal))
    reached = await reach(registry, retries=ONE_TRY)
    assert await begin_uploads(reached, 16) == 5
    assert reached.transport.settled_rates() == {}
    registry.answering = lambda _: OPENED
    assert await begin_uploads(reached, 0) == 0
    ((host, rate),) = reached.transport.settled_rates().items()
    assert (host, rate.reads_per_minute) == (HOST, None)
    assert rate.writes_per_minute is not None


@pytest.mark.parametrize("failure", [Reply(500), Reply(503), Reply(break_off=0)])
async def test_other_failures_lower_no_rate(serve: Serve, reach: Open, failure: Reply) -> None:
    reached = await reach(await serve(After(12, OPENED, failure)), retries=ONE_TRY)
    assert await begin_uploads(reached, 16) == 5
    assert reached.transport.settled_rates() == {}
    assert reached.gates.of(HOST)._writes.pace.rate >= FIRST_PER_S
