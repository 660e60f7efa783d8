"""Brings the bytes of blobs that cannot be mounted: one read from one origin, for all who upload them.

An upload is started only when its read is under way, so no upload holds a connection while the read it depends on
waits for one.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

import attrs

from cip_async.copying.crew import Crew
from cip_async.copying.spool import Spool, SpoolRoom
from cip_async.errors import CipError, UntrustedAnswer
from cip_async.model.image import Descriptor
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry

Receiver = Callable[[Spool], None]
"""Is told of the spool once its bytes come in, or once it failed (`Spool.failure`) before any did."""


@attrs.define(eq=False, kw_only=True)
class _Relay:
    blob: Descriptor
    origin: Repository
    receivers: list[Receiver] = attrs.field(factory=list)
    spool: Spool | None = None
    in_memory: bool = False
    flowing: bool = False
    reading: bool = False
    released: bool = False


class Relays:
    """All relays of a run, by blob. `on_read(blob)` is called when a blob was read whole."""

    def __init__(
        self,
        *,
        client: RegistryClient,
        retry: Retry,
        room: SpoolRoom,
        readers: Callable[[Host], Crew],
        on_read: Callable[[Descriptor], None],
    ) -> None:
        self._client = client
        self._retry = retry
        self._room = room
        self._readers = readers
        self._on_read = on_read
        self._relays: dict[Digest, _Relay] = {}

    def bring(self, blob: Descriptor, origin: Repository, receiver: Receiver) -> None:
        """Have `receiver` told of the spool of `blob`, which is read from `origin` unless it is being read already."""
        relay = self._relays.get(blob.digest)
        if relay is None:
            relay = self._relays[blob.digest] = _Relay(blob=blob, origin=origin, receivers=[receiver])
            self._room.ask(blob.size_bytes, partial(self._admitted, relay))
        elif relay.flowing and relay.spool is not None:
            receiver(relay.spool)
        else:
            relay.receivers.append(receiver)

    def release(self, digest: Digest) -> None:
        """Free the spool of a blob that nobody will ask for any more."""
        relay = self._relays.pop(digest, None)
        if relay is not None:
            relay.released = True
            if relay.spool is not None and not relay.reading:
                self._close(relay, relay.spool)

    def close(self) -> None:
        """Free all spools, at the end of a run however it ended."""
        for digest in list(self._relays):
            self.release(digest)

    def _admitted(self, relay: _Relay, in_memory: bool) -> None:
        relay.in_memory = in_memory
        if relay.released:
            self._room.give_back(relay.blob.size_bytes, in_memory=in_memory)
            return
        relay.spool = Spool(relay.origin, relay.blob, in_memory=in_memory)
        relay.reading = True
        self._readers(relay.origin.host).add(partial(self._read, relay, relay.spool))

    async def _read(self, relay: _Relay, spool: Spool) -> None:
        try:
            await self._retry.run(partial(self._read_on, relay, spool))
        except CipError as error:
            spool.fail(error)
            self._flow(relay, spool)
        finally:
            relay.reading = False
            if relay.released:
                self._close(relay, spool)

    async def _read_on(self, relay: _Relay, spool: Spool, again: bool) -> None:
        """Read the rest of the blob; after a broken connection from where it broke, if the registry can."""
        offset = spool.received
        digest, size_bytes = relay.blob.digest, relay.blob.size_bytes
        async with self._client.blob(relay.origin, digest, size_bytes, offset=offset, again=again) as stream:
            skip = offset
            if stream.answer.status == HTTPStatus.PARTIAL_CONTENT:
                skip = 0
                if not stream.answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                    where = f"blob {digest} of {relay.origin.path}"
                    raise UntrustedAnswer(relay.origin.host, where, "another range came than was asked for")
            self._flow(relay, spool)
            async for piece in stream.pieces:
                if relay.released:
                    return
                fresh, skip = piece[skip:], max(0, skip - len(piece))
                if fresh:
                    await spool.append(fresh)
        await spool.finish()
        self._on_read(relay.blob)

    def _flow(self, relay: _Relay, spool: Spool) -> None:
        relay.flowing = True
        receivers, relay.receivers = relay.receivers, []
        for receiver in receivers:
            receiver(spool)

    def _close(self, relay: _Relay, spool: Spool) -> None:
        relay.spool = None
        spool.close()
        self._room.give_back(relay.blob.size_bytes, in_memory=relay.in_memory)
