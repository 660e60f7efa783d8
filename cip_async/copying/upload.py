"""Puts the bytes of relayed blobs into repositories, and leaves no upload open where that can be helped."""

from functools import partial
from http import HTTPStatus
from typing import Final

import anyio

from cip_async.copying.graph import BlobNode
from cip_async.copying.spool import Spool
from cip_async.errors import CipError, HostGivenUp, RegistryError, Unavailable
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry
from cip_async.registry.uploads import UploadSession

_AT_ONCE_S: Final = 6.0
"""How long giving up one upload may hold up what comes next: a little longer than the pauses that we make ourselves
where a host throttles. What takes longer is left for the end of the run."""
_AT_THE_END_S: Final = 20.0
_PASSES: Final = 2
"""How long, and how often, the uploads that are left are given up at the end of a run that came to its end."""
_INTERRUPTED_S: Final = 3.0
"""How long that may take where nobody waits any more: an interrupted run is to end within 10 s."""


class Uploads:
    """Uploads blobs: into the session that a refused mount opened where there is one, else into a new one."""

    def __init__(self, client: RegistryClient, retry: Retry) -> None:
        self._client = client
        self._retry = retry
        self._sessions: dict[BlobNode, UploadSession] = {}
        self._left: dict[UploadSession, None] = {}

    def opened(self, node: BlobNode, session: UploadSession) -> None:
        """Keep a session that the registry opened instead of a mount, for the upload that follows or for `abandon`."""
        self._sessions[node] = session

    async def upload(self, node: BlobNode, spool: Spool) -> None:
        """Send the blob. It was sent unless this raises, or the spool failed (`Spool.failure`).

        Raises:
            CipError: the registry did not take it, after all retries.
        """
        try:
            await self._retry.run(partial(self._once, node, spool))
        finally:
            await self.abandon(node)

    async def abandon(self, node: BlobNode) -> None:
        """Give up the open session of a blob, if it has one; where that takes long or fails, `close` tries again."""
        session = self._sessions.pop(node, None)
        if session is not None:
            self._left[session] = None
            with anyio.move_on_after(_AT_ONCE_S):
                await self._give_up(session)

    async def close(self, *, interrupted: bool) -> None:
        """Give up all that is left, at the end of a run however it ended.

        The last try goes also to hosts that were given up: some are back by then.
        """
        self._left.update(dict.fromkeys(self._sessions.values()))
        self._sessions.clear()
        try:
            if not interrupted:
                with anyio.move_on_after(_AT_THE_END_S):
                    for _ in range(_PASSES):
                        await self._give_up_all(even_if_given_up=False)
        finally:
            with anyio.move_on_after(_INTERRUPTED_S, shield=True):
                await self._give_up_all(even_if_given_up=True)

    async def _once(self, node: BlobNode, spool: Spool, again: bool) -> None:
        """One attempt; after a failure the next one starts over from its POST, when all the bytes are here.

        The upload that failed is given up first, or a registry that keeps it would come to keep one for each attempt.
        """
        if again:
            await self.abandon(node)
            await spool.ended()
        if spool.failure() is not None:
            return
        session = self._sessions.get(node)
        if session is None:
            session = self._sessions[node] = await self._client.start_upload(node.repository)
        try:
            await self._client.upload(session, node.digest, spool, again=again)
        except CipError as error:
            if spool.failure() is not None:
                return
            if isinstance(error, RegistryError) and _must_start_over(error):
                if error.status == HTTPStatus.NOT_FOUND and error.code != "BLOB_UPLOAD_INVALID":
                    del self._sessions[node]
                raise Unavailable(error.host, error.where, error.reason, status=error.status, retryable=True) from error
            raise
        del self._sessions[node]

    async def _give_up_all(self, *, even_if_given_up: bool) -> None:
        async with anyio.create_task_group() as tasks:
            for session in list(self._left):
                tasks.start_soon(partial(self._give_up, session, even_if_given_up=even_if_given_up))

    async def _give_up(self, session: UploadSession, *, even_if_given_up: bool = False) -> None:
        try:
            await self._client.cancel_upload(session, even_if_given_up=even_if_given_up)
        except CipError as error:
            if error.retryable or isinstance(error, HostGivenUp):
                return  # it is left
        self._left.pop(session, None)


def _must_start_over(error: RegistryError) -> bool:
    """Whether an upload must start over: its session vanished, or is not where we think it is."""
    gone = error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return gone or error.code in ("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID")
