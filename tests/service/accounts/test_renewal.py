"""How long a token is used, and who asks for the next one."""

import time
from pathlib import Path

import anyio
import attrs
import pytest

from cip_async.errors import AccountError
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.accounts import GoogleAccounts
from tests.service.accounts.conftest import PROMOTER, READER, KeyFile, Open, write_program
from tests.service.accounts.google import FakeGoogle
from tests.service.registry.scripted import Reply, Seen

pytestmark = pytest.mark.anyio


@attrs.define
class Clock:
    """Stands still until a test moves it."""

    now: float = attrs.field(factory=time.time)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def accounts(key_file: KeyFile, open_accounts: Open, clock: Clock) -> GoogleAccounts:
    return await open_accounts(await key_file(PROMOTER), await key_file(READER), clock=clock)


async def test_a_token_is_used_until_shortly_before_it_expires(
    google: FakeGoogle, accounts: GoogleAccounts, clock: Clock
) -> None:
    first = await accounts.token(PROMOTER)
    clock.now = first.expires_at_s - 226
    assert await accounts.token(PROMOTER) == first
    clock.now = first.expires_at_s - 224
    assert await accounts.token(PROMOTER) != first
    assert len(google.asked) == 2


async def test_a_token_with_little_left_is_not_asked_for_on_each_request(
    google: FakeGoogle, accounts: GoogleAccounts
) -> None:
    google.token_s = 100.0
    assert await accounts.token(PROMOTER) == await accounts.token(PROMOTER)
    assert len(google.asked) == 1


async def test_fifty_tasks_ask_for_one_token(google: FakeGoogle, accounts: GoogleAccounts) -> None:
    found: list[AccessToken] = []

    async def ask() -> None:
        found.append(await accounts.token(PROMOTER))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert len(found) == 50
    assert len(set(found)) == 1
    assert google.asked == ["POST /token"]


async def test_a_refused_token_is_replaced_once_by_all_who_used_it(
    google: FakeGoogle, accounts: GoogleAccounts
) -> None:
    old = await accounts.token(PROMOTER)
    found = set()

    async def ask() -> None:
        found.add(await accounts.token(PROMOTER, refused=old.value))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(ask)
    assert len(found) == 1
    assert old not in found
    assert len(google.asked) == 2


async def test_two_accounts_have_two_tokens(google: FakeGoogle, accounts: GoogleAccounts) -> None:
    one, other = await accounts.token(PROMOTER), await accounts.token(READER)
    assert [google.issued[one.value], google.issued[other.value]] == [PROMOTER, READER]


async def test_an_old_token_serves_until_it_expires_if_no_new_one_is_to_be_had(
    google: FakeGoogle, accounts: GoogleAccounts, clock: Clock
) -> None:
    first = await accounts.token(PROMOTER)
    google.failing = Reply(break_off=0)
    clock.now = first.expires_at_s - 20
    assert await accounts.token(PROMOTER) == first
    asked = len(google.asked)
    assert await accounts.token(PROMOTER) == first
    assert len(google.asked) == asked, "it is not tried again at once"
    clock.now = first.expires_at_s + 1
    with pytest.raises(AccountError) as caught:
        await accounts.token(PROMOTER)
    assert caught.value.retryable
    google.failing = None
    assert await accounts.token(PROMOTER) != first


async def test_a_refusal_is_remembered_for_a_minute(google: FakeGoogle, accounts: GoogleAccounts, clock: Clock) -> None:
    google.failing = Reply(400, {"Content-Type": "application/json"}, b'{"error":"invalid_grant"}')
    for _ in range(3):
        with pytest.raises(AccountError, match="invalid_grant"):
            await accounts.token(PROMOTER)
    assert len(google.asked) == 1
    google.failing = None
    clock.now += 61
    assert google.issued[(await accounts.token(PROMOTER)).value] == PROMOTER


async def test_whoever_waits_takes_over_when_the_one_who_asks_is_cancelled(
    google: FakeGoogle, accounts: GoogleAccounts
) -> None:
    asked, go_on = anyio.Event(), anyio.Event()
    assert google.server is not None

    async def answer(seen: Seen) -> Reply:
        asked.set()
        await go_on.wait()
        return google.answer(seen)

    google.server.answering = answer
    found: list[AccessToken] = []

    async def wait() -> None:
        found.append(await accounts.token(PROMOTER))

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as first:
                first.start_soon(accounts.token, PROMOTER)
                await asked.wait()
                tasks.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        go_on.set()
    assert len(found) == 1
    assert len(google.asked) == 2


async def test_gcloud_is_asked_again_after_five_minutes(programs: Path, open_accounts: Open, clock: Clock) -> None:
    token = anyio.Path(programs / "token")
    await anyio.to_thread.run_sync(write_program, programs, "gcloud", f"print(open({str(token)!r}).read())")
    await token.write_text("one")
    accounts = await open_accounts(clock=clock)
    assert (await accounts.ambient_token()).value == "one"
    await token.write_text("two")
    clock.now += 200
    assert (await accounts.ambient_token()).value == "one"
    clock.now += 100
    assert (await accounts.ambient_token()).value == "two"
