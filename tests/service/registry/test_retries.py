"""What is tried again, how long, and what a failure costs the host it came from."""

import itertools
from email.utils import formatdate

import anyio
import attrs
import pytest
from msgspec.structs import replace

from cip_async.errors import CredentialError, HostGivenUp, RegistryError, Throttled, Unavailable, UntrustedAnswer
from cip_async.events import HostFailing, HostPaused, RequestDone
from cip_async.registry.endpoints import Endpoints
from tests.service.registry.conftest import FOO, HASTY, HOST, ONE_TRY, OTHER_HOST, V1, D, Open, Serve
from tests.service.registry.scripted import ABSENT, Reply, Seen

pytestmark = pytest.mark.anyio

FOUND = Reply(headers={"Docker-Content-Digest": D})


class First:
    """Answers with each of some replies once, and then for ever with the last."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)

    def __call__(self, seen: Seen) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_failure_that_may_pass_is_tried_again(serve: Serve, reach: Open, status: int) -> None:
    registry = await serve(First(Reply(status), Reply(status), FOUND))
    reached = await reach(registry)
    assert await reached.client.head_manifest(FOO, V1) is not None
    assert [(line.status, line.requests, line.retries) for line in reached.transport.ledger.lines()] == [
        (200, 1, 1),
        (status, 2, 1),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 405, 416, 501])
async def test_a_refusal_is_not_tried_again(serve: Serve, reach: Open, status: int) -> None:
    registry = await serve(lambda _: Reply(status))
    with pytest.raises(RegistryError):
        await (await reach(registry)).client.head_manifest(FOO, V1)
    assert len(registry.seen) == 1


async def test_a_connection_closed_without_an_answer_is_tried_again(serve: Serve, reach: Open) -> None:
    cut = Reply(break_off=0)
    registry = await serve(First(cut, cut, cut, FOUND))
    reached = await reach(registry)
    assert await reached.client.head_manifest(FOO, V1) is not None
    assert reached.count() == len(registry.seen) == 4
    assert reached.count(status=0) == 3


async def test_a_host_that_keeps_failing_is_told_once_while_it_is_tried_again(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(First(*[Reply(500)] * 5, FOUND)))
    assert await reached.client.head_manifest(FOO, V1) is not None
    told = [event for event in reached.events if isinstance(event, HostFailing)]
    assert told == [HostFailing(host=HOST, reason="status 500")]


async def test_a_refused_connection_costs_no_request(reach: Open, nobody: str) -> None:
    reached = await reach(endpoints={HOST: f"http://{nobody}"}, retries=ONE_TRY)
    with pytest.raises(Unavailable, match="no connection") as failed:
        await reached.client.head_manifest(FOO, V1)
    assert failed.value.retryable
    assert reached.count() == 0


async def test_failures_end_when_their_time_is_up(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(500))
    with pytest.raises(Unavailable, match="status 500"):
        await (await reach(registry, retries=attrs.evolve(HASTY, request_s=0.2))).client.head_manifest(FOO, V1)
    assert len(registry.seen) > 1


NO_PAGES = [b"", b"<html>", b'{"tags":["v1"', b'{"name":"prod/foo"}', b"[]", b'{"tags":[1]}']


@pytest.mark.parametrize("body", NO_PAGES)
async def test_a_page_that_is_none_is_asked_for_three_times(serve: Serve, reach: Open, body: bytes) -> None:
    registry = await serve(lambda _: Reply(body=body))
    with pytest.raises(UntrustedAnswer, match="not a tag list"):
        await (await reach(registry)).client.tags_page(FOO, n=9)
    assert len(registry.seen) == 3


@pytest.mark.parametrize("body", NO_PAGES)
async def test_a_page_that_is_none_twice_may_have_been_damaged_on_the_way(
    serve: Serve, reach: Open, body: bytes
) -> None:
    registry = await serve(First(Reply(body=body), Reply(body=body), Reply(body=b'{"tags":["v1"]}')))
    assert (await (await reach(registry)).client.tags_page(FOO, n=9)).tags == ("v1",)


async def test_a_catalog_that_is_none_is_asked_for_three_times(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(body=b"<html>"))
    with pytest.raises(UntrustedAnswer, match="not a catalog"):
        await (await reach(registry)).client.catalog_page(HOST, n=9)
    assert len(registry.seen) == 3


@pytest.mark.parametrize("link", ["https://elsewhere.example/v2/prod/foo/tags/list", "/v2/prod/bar/tags/list", "[]"])
async def test_a_page_that_leads_elsewhere_is_not_asked_for_again(serve: Serve, reach: Open, link: str) -> None:
    registry = await serve(lambda _: Reply(headers={"Link": f'<{link}>; rel="next"'}, body=b'{"tags":["v1"]}'))
    with pytest.raises(UntrustedAnswer):
        await (await reach(registry)).client.tags_page(FOO, n=9)
    assert len(registry.seen) == 1


@pytest.mark.parametrize(("damaged", "bought"), [(2, 3), (1_000_000, 3)])
async def test_an_answer_without_a_token_is_asked_for_again(
    serve: Serve, reach: Open, damaged: int, bought: int
) -> None:
    asked: list[Seen] = []

    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            asked.append(seen)
            return Reply(body=b'{"tok' if len(asked) <= damaged else b'{"token":"t"}')
        return FOUND if seen.authorization else Reply(401, {"WWW-Authenticate": 'Bearer realm="/token"'})

    reached = await reach(await serve(answer))
    if damaged < bought:
        assert await reached.client.head_manifest(FOO, V1) is not None
    else:
        with pytest.raises(CredentialError, match="did not answer with a token"):
            await reached.client.head_manifest(FOO, V1)
    assert len(asked) == bought


@pytest.mark.parametrize("retry_after", ["1", formatdate(2**33, usegmt=True), "99999999"])
async def test_a_host_that_asks_for_a_pause_gets_it(serve: Serve, reach: Open, retry_after: str) -> None:
    registry = await serve(First(Reply(429, {"Retry-After": retry_after}), FOUND))
    reached = await reach(registry)
    assert await reached.client.head_manifest(FOO, V1) is not None
    paused = [event for event in reached.events if isinstance(event, HostPaused)]
    assert paused == [HostPaused(host=HOST, pause_s=HASTY.longest_retry_after_s)]


async def test_a_429_does_not_use_up_the_patience_for_failures(serve: Serve, reach: Open) -> None:
    throttled = Reply(429, {"Retry-After": "1"})
    registry = await serve(First(*[throttled] * 5, Reply(500), FOUND))
    reached = await reach(registry, retries=attrs.evolve(HASTY, longest_retry_after_s=0.001))
    assert await reached.client.head_manifest(FOO, V1) is not None
    assert reached.count(status=429) == 5


@pytest.mark.parametrize("retry_after", ["0", "-1", "soon", "Sun, 06 Nov 1994 08:49:37 GMT"])
async def test_a_host_that_asks_for_no_pause_is_paused_all_the_same(
    serve: Serve, reach: Open, retry_after: str
) -> None:
    registry = await serve(First(Reply(429, {"Retry-After": retry_after}), FOUND))
    reached = await reach(registry)
    await reached.client.head_manifest(FOO, V1)
    assert [event.pause_s for event in reached.events if isinstance(event, HostPaused)] == [HASTY.longest_retry_after_s]


async def test_throttling_ends_when_the_time_is_up_too(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(429))
    with pytest.raises(Throttled):
        await (await reach(registry, retries=ONE_TRY)).client.head_manifest(FOO, V1)


async def test_a_paused_host_holds_back_no_other(serve: Serve, reach: Open) -> None:
    paused = await serve(First(Reply(429, {"Retry-After": "600"}), FOUND))
    other = await serve(lambda _: FOUND)
    reached = await reach(paused, other, retries=attrs.evolve(HASTY, request_s=600.0, longest_retry_after_s=600.0))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reached.client.head_manifest, FOO, V1)
        while not any(isinstance(event, HostPaused) for event in reached.events):
            await anyio.lowlevel.checkpoint()
        assert await reached.client.head_manifest(replace(FOO, host=OTHER_HOST), V1) is not None
        tasks.cancel_scope.cancel()
    assert len(paused.seen) == 1


async def test_a_dead_host_is_given_up_and_asked_no_more(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(500))
    reached = await reach(registry, retries=attrs.evolve(HASTY, host_failures=3, host_silence_s=0.0))
    with pytest.raises(HostGivenUp, match=r"given up \(at last: status 500\); run again when it does"):
        await reached.client.head_manifest(FOO, V1)
    assert len(registry.seen) == 3
    with pytest.raises(HostGivenUp):
        await reached.client.tags_page(FOO, n=9)
    assert len(registry.seen) == 3


@pytest.mark.parametrize("failing", [Reply(429, {"Retry-After": "1"}), Reply(500)], ids=["429", "500"])
async def test_a_class_of_requests_that_never_succeeds_is_given_up_alone(
    serve: Serve, reach: Open, failing: Reply
) -> None:
    registry = await serve(lambda seen: Reply(body=b'{"tags":["v1"]}') if seen.method == "GET" else failing)
    reached = await reach(registry, retries=attrs.evolve(HASTY, request_s=0.5, host_silence_s=0.0, host_failures=10**9))

    async def ask(number: int) -> tuple[RegistryError, int]:
        """How a request to a repository that was never asked fails, and how often it was sent."""
        before = len(registry.seen)
        with pytest.raises(RegistryError) as failed:
            await reached.client.head_manifest(replace(FOO, path=f"prod/{number}"), V1)
        return failed.value, len(registry.seen) - before

    numbers = itertools.count()
    while (await ask(next(numbers)))[1]:
        pass
    for _ in range(10):
        error, sent = await ask(next(numbers))
        assert (type(error), sent) == (HostGivenUp, 0)
        assert "every manifest-head request" in str(error)
        assert (await reached.client.tags_page(FOO, n=9)).tags == ("v1",)

    reached.transport.begin_run([])
    sent = len(registry.seen)
    with pytest.raises(RegistryError):
        await reached.client.head_manifest(FOO, V1)
    assert len(registry.seen) > sent


async def test_requests_that_queue_when_a_host_is_given_up_are_not_sent(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(500))
    reached = await reach(registry, retries=attrs.evolve(ONE_TRY, host_failures=2, host_silence_s=0.0))
    reached.transport._met.update({(HOST, False)})
    failures: list[type[BaseException]] = []

    async def ask() -> None:
        try:
            await reached.client.head_manifest(FOO, V1)
        except RegistryError as error:
            failures.append(type(error))

    async with anyio.create_task_group() as tasks:
        for _ in range(30):
            tasks.start_soon(ask)
    assert len(registry.seen) <= 8
    assert failures.count(HostGivenUp) == 30 - len(registry.seen)


async def test_an_answer_of_any_kind_restores_the_trust_in_a_host(serve: Serve, reach: Open) -> None:
    replies = First(Reply(500), ABSENT, Reply(500), ABSENT, Reply(500), ABSENT)
    reached = await reach(await serve(replies), retries=attrs.evolve(HASTY, host_failures=2, host_silence_s=0.0))
    for _ in range(3):
        assert await reached.client.head_manifest(FOO, V1) is None


async def test_every_request_on_the_wire_is_told_and_counted(serve: Serve, reach: Open) -> None:
    registry = await serve(First(Reply(500), FOUND))
    reached = await reach(registry)
    await reached.client.head_manifest(FOO, V1)
    told = [event.status for event in reached.events if isinstance(event, RequestDone)]
    assert told == [500, 200]
    assert reached.count() == 2


async def test_one_endpoint_may_stand_for_several_hosts(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: FOUND)
    reached = await reach(endpoints={HOST: registry.url, OTHER_HOST: registry.url})
    await reached.client.head_manifest(FOO, V1)
    await reached.client.head_manifest(replace(FOO, host=OTHER_HOST), V1)
    assert [line.host for line in reached.transport.ledger.lines()] == [OTHER_HOST, HOST]
    assert Endpoints({HOST: registry.url}).origin(HOST).port == registry.port
