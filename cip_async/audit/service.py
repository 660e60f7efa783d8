"""The auditor with all its parts, going for as long as a block runs."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
from aiohttp import web
from aiohttp.http import HttpProcessingError

from cip_async.audit.app import VerifyToken, application
from cip_async.audit.auditor import Auditor
from cip_async.audit.children import Children, ReadDocument
from cip_async.audit.happenings import Happening, Heartbeat, Tell
from cip_async.audit.keeper import ManifestKeeper, ManifestSource
from cip_async.audit.limits import AuditLimits
from cip_async.audit.tally import Tally
from cip_async.errors import CipError, InvalidSettings

log = logging.getLogger(__name__)

_BACKLOG: Final = 1024
_KEEP_ALIVE_S: Final = 75.0
_LINGER_S: Final = 2.0
"""How long the rest of a body that is too long is read and dropped, so that its sender sees the answer."""


@asynccontextmanager
async def auditing(
    source: ManifestSource,
    read: ReadDocument,
    *,
    limits: AuditLimits,
    tell: Tell,
    verify_token: VerifyToken | None = None,
) -> AsyncIterator[web.Application]:
    """Keep the manifests of `source` fresh, and give the application that judges events by them."""
    tally = Tally()

    def tell_all(happening: Happening) -> None:
        tally(happening)
        tell(happening)

    keeper = ManifestKeeper(source, limits, tell_all)
    children = Children(read, limits, tell_all)
    auditor = Auditor(keeper=keeper, children=children, limits=limits, tell=tell_all)
    app = application(
        auditor=auditor, keeper=keeper, tally=tally, tell=tell_all, limits=limits, verify_token=verify_token
    )
    failure: CipError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.keep)
        tasks.start_soon(_beat, keeper, tally, limits.heartbeat_s, tell_all)
        try:
            yield app
        except CipError as error:  # comes out as it is, in no exception group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


@asynccontextmanager
async def served(app: web.Application, *, address: str, port: int, limits: AuditLimits) -> AsyncIterator[int]:
    """Serve the application until the block ends, and then let requests in flight end; gives the port.

    Raises:
        InvalidSettings: the port cannot be had.
    """
    try:
        listener = socket.create_server((address, port), backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise InvalidSettings("port", f"{address}:{port}", f"one that can be had ({reason})") from error
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_http_log(),
        auto_decompress=False,
        keepalive_timeout=_KEEP_ALIVE_S,
        lingering_time=_LINGER_S,
        shutdown_timeout=limits.stop_s,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        yield int(listener.getsockname()[1])
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
        listener.close()


def _http_log() -> logging.Logger:
    """Where aiohttp tells what went wrong inside. A client that breaks the rules of HTTP is only answered with 400."""
    http_log = log.getChild("http")
    http_log.addFilter(_is_ours)
    return http_log


def _is_ours(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


async def _beat(keeper: ManifestKeeper, tally: Tally, interval_s: float, tell: Tell) -> None:
    while True:
        await anyio.sleep(interval_s)
        tell(
            Heartbeat(
                verified=tally.verified,
                rejected=tally.rejected,
                deferred=tally.deferred,
                revision=keeper.manifests.revision if keeper.manifests else "",
                manifests_age_s=keeper.age_s,
            )
        )
