"""Name resolution for origins that a public registry sends us to: only public addresses count.

A check of the name alone can be got around with a name that resolves to an inner address
(github.com/google/go-containerregistry issue 2440), so the check is made where the connection is.
"""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from cip_async.registry.origins import private_address


class PrivateAddress(OSError):
    """A name of none but private addresses: to connect there is refused, now and at every other try."""


class PublicResolver(AbstractResolver):
    """Resolves as `resolver` does, and leaves out private addresses."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of `host`.

        Raises:
            PrivateAddress: it has none but private ones.
            OSError: it has none at all.
        """
        everything = await self._resolver.resolve(host, port, family)
        found = [entry for entry in everything if not private_address(entry["host"])]
        if not found:
            raise PrivateAddress(f"{host} has no public address")
        return found

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()
