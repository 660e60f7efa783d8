"""A stranger's name leads to no inner address, whatever it resolves to."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from cip_async.registry.addresses import PrivateAddress, PublicResolver

pytestmark = pytest.mark.anyio


class Resolving(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def resolved(*addresses: str) -> list[str]:
    resolver = PublicResolver(Resolving(*addresses))
    return [entry["host"] for entry in await resolver.resolve("storage.example", 443)]


async def test_public_addresses_are_kept_and_others_left_out() -> None:
    assert await resolved("10.0.0.1", "8.8.8.8", "::1", "2001:4860:4860::8888") == ["8.8.8.8", "2001:4860:4860::8888"]


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "192.168.1.1", "::ffff:10.0.0.1", "fd00::1"])
async def test_a_name_with_inner_addresses_alone_resolves_to_nothing(address: str) -> None:
    with pytest.raises(PrivateAddress, match=r"storage\.example has no public address"):
        await resolved(address)


async def test_the_resolver_underneath_is_closed() -> None:
    underneath = Resolving()
    await PublicResolver(underneath).close()
    assert underneath.closed
