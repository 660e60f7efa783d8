"""Tokens of one registry are of no use to another, even where both have the same repositories."""

import pytest

from cip_async.reference import Repository
from tests.service.registry.conftest import FOO, HOST, OTHER_HOST, Open, Serve
from tests.service.registry.test_auth import ME, TokenRegistry

pytestmark = pytest.mark.anyio


async def test_a_token_is_shown_to_its_own_host_alone(serve: Serve, reach: Open) -> None:
    rules = {HOST: TokenRegistry(), OTHER_HOST: TokenRegistry()}
    servers = {host: await serve(answering) for host, answering in rules.items()}
    reached = await reach(endpoints={host: server.url for host, server in servers.items()}, credential=ME)
    await reached.client.tags_page(FOO, n=9)
    await reached.client.tags_page(Repository(OTHER_HOST, FOO.path), n=9)
    assert {host: len(each.bought) for host, each in rules.items()} == {HOST: 1, OTHER_HOST: 1}
    assert [each.bought[0].authorization is None for each in rules.values()] == [False, True]
