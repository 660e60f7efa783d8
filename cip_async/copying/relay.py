"""Brings the bytes of blobs that cannot be mounted: one read from one origin, for all who upload them.

An upload is started only when there is something to send, so that no upload of a small blob holds a connection while
the read it depends on waits for one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus

import attrs

from cip_async.copying.crew import Crew
from cip_async.copying.graph import BlobKey, blob_key
from cip_async.copying.spool import Spool, SpoolRoom
from cip_async.errors import CipError, DigestMismatch, FileProblem, Unavailable, UntrustedAnswer
from cip_async.model.image import Descriptor
from cip_async.reference import Host, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry
from cip_async.settings import GARBLED_TRIES

Receiver = Callable[[Spool], None]
"""Is told of the spool once it has something to read, or once it failed (`Spool.failure`) before it had."""


@attrs.define(eq=False, kw_only=True)
class _Relay:
    """`origins` are where the bytes may be had, in the order of preference."""

    blob: Descriptor
    origins: dict[Repository, None]
    receivers: list[Receiver] = attrs.field(factory=list)
    spool: Spool | None = None
    in_memory: bool = False
    reading: bool = False
    released: bool = False

    def has_failed_for(self, origins: Sequence[Repository]) -> bool:
        """Whether all of these were read, and could not give the bytes.

        Wrong bytes that came from several say nothing against any one of them.
        """
        failure = self.spool.failure() if self.spool is not None else None
        if self.spool is None or failure is None:
            return False
        if isinstance(failure, DigestMismatch) and len(self.spool.origins) > 1:
            return False
        return set(origins) <= set(self.spool.origins)

    @property
    def was_wrong(self) -> bool:
        """Whether other bytes came than those of the blob."""
        return self.spool is not None and isinstance(self.spool.failure(), DigestMismatch)

    @property
    def failed(self) -> bool:
        """Whether none of its origins could give the bytes."""
        return self.spool is not None and self.spool.failure() is not None


class Relays:
    """All relays of a run, by blob. `on_read(blob)` is called when a blob was read whole."""

    def __init__(
        self,
        *,
        client: RegistryClient,
        retry: Retry,
        room: SpoolRoom,
        stall_s: float,
        readers: Callable[[Host], Crew],
        on_read: Callable[[Descriptor], None],
    ) -> None:
        self._client = client
        self._retry = retry
        self._room = room
        self._stall_s = stall_s
        self._readers = readers
        self._on_read = on_read
        self._relays: dict[BlobKey, _Relay] = {}
        self._wrong_reads: Counter[BlobKey] = Counter()

    def may_be_read_again(self, blob: Descriptor) -> bool:
        """Whether wrong bytes, which came for a blob, may have been damaged on the way: not where they always are."""
        return self._wrong_reads[blob_key(blob)] < GARBLED_TRIES

    def bring(self, blob: Descriptor, origins: Sequence[Repository], receiver: Receiver) -> None:
        """Have `receiver` told of the spool of `blob`, which is read unless that is done already.

        It is read from the first of `origins`; from the next one where that fails.
        """
        key = blob_key(blob)
        relay = self._relays.get(key)
        if relay is not None and relay.failed and self._may_be_cured(relay, origins):
            self.release(key)
            relay = None
        if relay is None:
            relay = self._relays[key] = _Relay(blob=blob, origins=dict.fromkeys(origins), receivers=[receiver])
            self._room.ask(blob.size_bytes, partial(self._admitted, relay))
            return
        relay.origins.update(dict.fromkeys(origins))
        if relay.spool is not None and relay.spool.readable:
            receiver(relay.spool)
        else:
            relay.receivers.append(receiver)

    def release(self, key: BlobKey) -> None:
        """Free the spool of a blob that nobody will ask for any more."""
        relay = self._relays.pop(key, None)
        if relay is not None:
            relay.released = True
            if relay.spool is not None and not relay.reading:
                self._close(relay, relay.spool)

    def close(self) -> None:
        """Free all spools, at the end of a run however it ended, when no job runs any more."""
        for relay in self._relays.values():
            if relay.spool is not None:
                self._close(relay, relay.spool)
        self._relays.clear()

    def _may_be_cured(self, relay: _Relay, origins: Sequence[Repository]) -> bool:
        """Whether a failed relay is no reason not to read once more."""
        is_worth_a_try = relay.was_wrong and self.may_be_read_again(relay.blob)
        return is_worth_a_try or not relay.has_failed_for(origins)

    def _admitted(self, relay: _Relay, in_memory: bool) -> None:
        relay.in_memory = in_memory
        if relay.released:
            self._room.give_back(relay.blob.size_bytes, in_memory=in_memory)
            return
        origin = next(iter(relay.origins))
        relay.spool = Spool(
            origin, relay.blob, in_memory=in_memory, stall_s=self._stall_s, piece_bytes=self._room.piece_bytes
        )
        relay.reading = True
        self._readers(origin.host).add(partial(self._read, relay, relay.spool))

    async def _read(self, relay: _Relay, spool: Spool) -> None:
        try:
            failure = await self._read_somewhere(relay, spool)
            if isinstance(failure, DigestMismatch):
                self._wrong_reads[blob_key(relay.blob)] += 1
            if failure is not None:
                spool.fail(failure)
            self._tell(relay, spool)
        finally:
            relay.reading = False
            if relay.released:
                self._close(relay, spool)

    async def _read_somewhere(self, relay: _Relay, spool: Spool) -> CipError | None:
        """Read from each origin in turn until the blob is whole, and return why if no origin could give it."""
        failure: CipError | None = None
        tried: set[Repository] = set()
        while not relay.released:
            origin = next((origin for origin in relay.origins if origin not in tried), None)
            if origin is None:
                return failure
            tried.add(origin)
            spool.read_from(origin)
            try:
                await self._retry.run(partial(self._read_on, relay, spool))
            except (DigestMismatch, FileProblem) as error:
                return error  # what was spooled cannot be completed by anybody
            except CipError as error:
                failure = error
            else:
                return None
        return failure

    async def _read_on(self, relay: _Relay, spool: Spool, again: bool) -> None:
        """Read the rest of the blob: from where it broke, if the registry can."""
        offset, size_bytes = spool.received, relay.blob.size_bytes
        if relay.released:
            return
        if (not offset or offset < size_bytes) and not await self._receive(relay, spool, again):
            return
        if offset < spool.received < size_bytes:
            reason = f"the body ended after {spool.received} of {size_bytes} bytes"
            raise Unavailable(spool.origin.host, spool.where, reason, retryable=True)
        await spool.finish()
        self._on_read(relay.blob)

    async def _receive(self, relay: _Relay, spool: Spool, again: bool) -> bool:
        """Spool what one answer holds; False if nobody needs it any more."""
        offset, blob = spool.received, relay.blob
        reading = self._client.blob(spool.origin, blob.digest, blob.size_bytes, offset=offset, again=again)
        async with reading as stream:
            skip = offset
            if stream.answer.status == HTTPStatus.PARTIAL_CONTENT:
                skip = 0
                if not stream.answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
                    reason = "another range came than was asked for"
                    raise UntrustedAnswer(spool.origin.host, spool.where, reason)
            async for piece in stream.pieces:
                if relay.released:
                    return False
                fresh, skip = piece[skip:], max(0, skip - len(piece))
                if fresh:
                    await spool.append(fresh)
                if relay.receivers and spool.readable:
                    self._tell(relay, spool)
        return True

    def _tell(self, relay: _Relay, spool: Spool) -> None:
        receivers, relay.receivers = relay.receivers, []
        for receiver in receivers:
            receiver(spool)

    def _close(self, relay: _Relay, spool: Spool) -> None:
        relay.spool = None
        spool.close()
        self._room.give_back(relay.blob.size_bytes, in_memory=relay.in_memory)
