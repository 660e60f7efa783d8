"""Puts the bytes of relayed blobs into repositories, and leaves no upload open where that can be helped."""

from functools import partial
from http import HTTPStatus
from typing import Final

import anyio

from cip_async.copying.graph import BlobNode
from cip_async.copying.spool import Spool
from cip_async.errors import CipError, RegistryError, Unavailable
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry
from cip_async.registry.uploads import UploadSession

_CLEANING_UP_S: Final = 3.0
"""How long a registry is given to take back an upload when nobody waits for it any more. At the end of a run that is
spent twice at most, and an interrupted one is to end within 10 s."""


class Uploads:
    """Uploads blobs: into the session that a refused mount opened where there is one, else into a new one."""

    def __init__(self, client: RegistryClient, retry: Retry) -> None:
        self._client = client
        self._retry = retry
        self._sessions: dict[BlobNode, UploadSession] = {}

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
        """Give up the open session of a blob, if it has one."""
        session = self._sessions.pop(node, None)
        if session is not None:
            with anyio.move_on_after(_CLEANING_UP_S, shield=True):
                await self._cancel(session)

    async def close(self) -> None:
        """Give up all sessions, at the end of a run however it ended."""
        with anyio.move_on_after(_CLEANING_UP_S, shield=True):
            async with anyio.create_task_group() as tasks:
                for node in list(self._sessions):
                    tasks.start_soon(self.abandon, node)

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
            if isinstance(error, RegistryError) and _session_is_gone(error):
                del self._sessions[node]
                raise Unavailable(error.host, error.where, error.reason, status=error.status, retryable=True) from error
            raise
        del self._sessions[node]

    async def _cancel(self, session: UploadSession) -> None:
        try:
            await self._client.cancel_upload(session)
        except CipError:
            return  # the registry cleans up by itself; nothing depends on it


def _session_is_gone(error: RegistryError) -> bool:
    """Whether an upload must start over: its session vanished, or is not where we think it is."""
    gone = error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return gone or error.code in ("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID")
