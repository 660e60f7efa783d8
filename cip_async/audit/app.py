"""The auditor as an aiohttp application: push requests, health, metrics."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import anyio
from aiohttp import web
from aiohttp.http import HttpProcessingError

from cip_async.audit.auditor import Auditor
from cip_async.audit.happenings import Deferred, PushRefused, Tell
from cip_async.audit.keeper import ManifestKeeper
from cip_async.audit.limits import AuditLimits
from cip_async.audit.messages import Delivery, Malformed, delivery
from cip_async.audit.metrics import CONTENT_TYPE, metrics
from cip_async.audit.tally import Tally
from cip_async.errors import TokenUnverified, Undecided

VerifyToken = Callable[[str], Awaitable[None]]
"""Checks the `Authorization` header of a push request. Raises TokenUnverified."""

_TRACE: Final = re.compile(r"(?:00-)?([0-9a-f]{32})(?:[-/;].*)?", re.ASCII)
"""The trace id in a `traceparent` (https://www.w3.org/TR/trace-context/) or an `X-Cloud-Trace-Context` header."""


def application(
    *,
    auditor: Auditor,
    keeper: ManifestKeeper,
    tally: Tally,
    tell: Tell,
    limits: AuditLimits,
    verify_token: VerifyToken | None = None,
) -> web.Application:
    """Make the application; whoever serves it keeps `keeper` going meanwhile."""
    handlers = _Handlers(auditor, keeper, tally, tell, limits, verify_token)
    app = web.Application()
    app.router.add_post("/", handlers.push)
    app.router.add_get("/healthz", handlers.health)
    app.router.add_get("/readyz", handlers.readiness)
    app.router.add_get("/metrics", handlers.metrics)
    return app


class _Handlers:
    def __init__(
        self,
        auditor: Auditor,
        keeper: ManifestKeeper,
        tally: Tally,
        tell: Tell,
        limits: AuditLimits,
        verify_token: VerifyToken | None,
    ) -> None:
        self._auditor = auditor
        self._keeper = keeper
        self._tally = tally
        self._tell = tell
        self._limits = limits
        self._verify_token = verify_token

    async def push(self, request: web.Request) -> web.Response:
        """Judge a pushed message. 200 ends its delivery, whatever the verdict; anything else has it delivered again."""
        with anyio.move_on_after(self._limits.request_s):
            try:
                if self._verify_token is not None:
                    await self._verify_token(request.headers.get("Authorization", ""))
                verdict = await self._auditor.receive(await self._delivery(request), trace=_trace(request))
            except TokenUnverified as error:
                self._tell(PushRefused(reason=str(error)))
                return _problem(HTTPStatus.SERVICE_UNAVAILABLE if error.retryable else HTTPStatus.UNAUTHORIZED, error)
            except Undecided as error:
                return _problem(HTTPStatus.SERVICE_UNAVAILABLE, error)
            except (web.RequestPayloadError, HttpProcessingError, OSError) as error:
                return _problem(HTTPStatus.BAD_REQUEST, error)
            return web.json_response({"verdict": verdict.finding.value if verdict else "duplicate"})
        late = Undecided("the time for one request is over")
        self._tell(Deferred(message_id="", reason=str(late), trace=_trace(request)))
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, late)

    async def health(self, request: web.Request) -> web.Response:
        """Say that the event loop turns."""
        del request
        return web.json_response({"alive": True})

    async def readiness(self, request: web.Request) -> web.Response:
        """Say whether events can be judged, and how good the promoter manifests at hand are."""
        del request
        keeper = self._keeper
        ready = keeper.manifests is not None
        told = {
            "ready": ready,
            "revision": keeper.manifests.revision if keeper.manifests else None,
            "manifests_age_s": keeper.age_s,
            "failure": keeper.failure,
        }
        return web.json_response(told, status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    async def metrics(self, request: web.Request) -> web.Response:
        """The metrics, for Prometheus."""
        del request
        text = metrics(self._tally, manifests_age_s=self._keeper.age_s, is_failing=self._keeper.failure is not None)
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _delivery(self, request: web.Request) -> Delivery:
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return Delivery(content=Malformed(reason="the body is compressed"))
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > self._limits.body_bytes:
                reason = f"the body is longer than {self._limits.body_bytes} bytes"
                return Delivery(content=Malformed(reason=reason))
        return delivery(bytes(body))


def _problem(status: HTTPStatus, error: Exception) -> web.Response:
    return web.json_response({"problem": str(error)}, status=status)


def _trace(request: web.Request) -> str:
    for name in ("traceparent", "X-Cloud-Trace-Context"):
        found = _TRACE.fullmatch(request.headers.get(name, ""))
        if found:
            return found[1]
    return ""
