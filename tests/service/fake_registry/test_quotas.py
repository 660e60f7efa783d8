"""Quotas, over the wire and in virtual time."""

import pytest

from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.quotas import Bucket, Quotas
from cip_async.fake_registry.tokens import TokenAuth
from tests.service.fake_registry.conftest import Client

pytestmark = pytest.mark.anyio


async def test_one_request_too_many_is_told_when_to_come_back(client: Client) -> None:
    now = 1_700_000_000.0
    client.host.clock = lambda: now
    client.host.quotas = Quotas(reads=Bucket(per_second=0.5, burst=2))
    answers = [await client("GET", "/v2/") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "2"
    now += 2
    assert (await client("GET", "/v2/")).status == 200


async def test_writes_go_on_when_reads_are_used_up(client: Client) -> None:
    client.host.clock = lambda: 1_700_000_000.0
    client.host.quotas = Quotas(reads=Bucket(per_second=1, burst=1))
    assert [(await client("GET", "/v2/")).status for _ in range(2)] == [200, 429]
    assert (await client("POST", "/v2/app/blobs/uploads/")).status == 202


async def test_token_requests_use_up_reads_and_a_throttled_request_is_not_asked_who_it_is(client: Client) -> None:
    client.host.clock = lambda: 1_700_000_000.0
    client.host.auth = TokenAuth(Accounts(anonymous_pull=True))
    client.host.quotas = Quotas(reads=Bucket(per_second=1, burst=1))
    assert (await client("GET", "/token?service=gcr.io")).status == 200
    assert (await client("GET", "/v2/")).status == 429
