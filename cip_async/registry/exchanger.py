"""One exchange with a host: inside its gate, redirects followed, the body read within its bounds, all of it counted.

What a host's answers and silences teach of its health and its quota is kept here.
"""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Final

import aiohttp
import anyio
import attrs
import msgspec
from yarl import URL

from cip_async.errors import HostGivenUp, RegistryError, Throttled, Unavailable, UntrustedAnswer
from cip_async.events import HostFailing, HostPaused, Listener, RequestDone
from cip_async.model.report import RequestClass
from cip_async.reference import Host
from cip_async.registry.breakage import BREAKAGES, may_pass, most_tries, told, why_it_stalled
from cip_async.registry.classify import failure
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.gate import Gates, HostGate, Passage
from cip_async.registry.health import ClassHealth, HostHealth
from cip_async.registry.ledger import Ledger
from cip_async.registry.origins import is_stranger, objection_to_redirect, same_origin, supplied
from cip_async.registry.quota_headers import remaining
from cip_async.registry.session import HttpSession
from cip_async.registry.upload_body import UploadBody
from cip_async.registry.wire import retry_after_s
from cip_async.settings import Settings

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_GIVEN_UP: Final = "the host did not answer for too long and was given up (at last: {}); run again when it does"
_PERHAPS_THROTTLED: Final = frozenset({429, 503})
_THROTTLED: Final = HTTPStatus.TOO_MANY_REQUESTS
_SERVER_FAILURE: Final = HTTPStatus.INTERNAL_SERVER_ERROR
"""Looked up once: in Python 3.11 a member of an enumeration costs as much as a call."""
_CLASS_GIVEN_UP: Final = "the host failed or throttled every {} request for too long, and gets no more; run again later"


@attrs.frozen(kw_only=True)
class BodyStream:
    """An answer whose body is read piece by piece while its exchange goes on.

    Reading raises `Unavailable` where the connection broke or stood still, and `UntrustedAnswer` where the body is
    larger than it may be.
    """

    answer: Answer
    pieces: AsyncIterator[bytes]


class _Leg(msgspec.Struct):
    """One request on the wire, the first or one after a redirect, and what it cost so far."""

    request_class: RequestClass
    body: UploadBody | bytes | None = None
    sends: int = 0
    status: int = 0
    received_bytes: int = 0

    def sent(self) -> None:
        self.sends += 1

    @property
    def sent_bytes(self) -> int:
        """Of each send; what has a body is sent once."""
        if self.body is None:
            return 0
        return self.body.sent_bytes if isinstance(self.body, UploadBody) else len(self.body)


class _Open(msgspec.Struct):
    """An exchange of which the status line and the headers are in."""

    request: Request
    leg: _Leg
    url: URL
    response: aiohttp.ClientResponse
    again: bool
    gate: HostGate
    passage: Passage


class Exchanger:
    """Makes exchanges, as they are asked for: it repeats none and knows of no credentials but those it is given."""

    def __init__(
        self,
        *,
        session: HttpSession,
        endpoints: Endpoints,
        gates: Gates,
        settings: Settings,
        ledger: Ledger,
        listener: Listener,
    ) -> None:
        self._session = session
        self._endpoints = endpoints
        self._gates = gates
        self._settings = settings
        self._ledger = ledger
        self._listener = listener
        self._health: defaultdict[Host, HostHealth] = defaultdict(HostHealth)
        self._class_health: defaultdict[tuple[Host, RequestClass], ClassHealth] = defaultdict(ClassHealth)
        self._has_failed = False
        """While nothing has, there is no health to look at, which each request would do several times."""

    def trust_again(self) -> None:
        """Forget what hosts failed in before: a new run finds out for itself which of them answer."""
        self._health.clear()
        self._class_health.clear()
        self._has_failed = False

    async def exchange(self, request: Request, authorization: str | None, *, again: bool) -> Answer:
        """Send a request and read its answer, whatever it is; `again` if it repeats one that failed.

        Raises:
            Unavailable: there was no answer, or not all of it.
            UntrustedAnswer: a redirect may not be followed, or the body is too large.
            HostGivenUp: the host did not answer for too long, or failed all requests of this class.
        """
        opened = await self._open(request, authorization, again)
        try:
            return await self._whole(opened)
        finally:
            self._close(opened)

    @asynccontextmanager
    async def stream(
        self, request: Request, authorization: str | None, *, again: bool
    ) -> AsyncIterator[BodyStream | Answer]:
        """Send a request and give an expected answer piece by piece, any other one whole.

        The slot of the host's gate is held until the end.

        Raises:
            Unavailable, UntrustedAnswer, HostGivenUp: as `exchange`.
        """
        opened = await self._open(request, authorization, again)
        try:
            if opened.response.status not in request.expected:
                yield await self._whole(opened)
                return
            async with aclosing(self._pieces(opened)) as pieces:
                yield BodyStream(answer=_answer(opened, b""), pieces=pieces)
        finally:
            self._close(opened)

    def failure(self, request: Request, answer: Answer) -> RegistryError:
        """The error that an unexpected answer is; the host loses trust in its health if that is why."""
        error = _failure(request, answer)
        if isinstance(error, Throttled):
            self._has_failed = True
            self._class_health_of(request).failed(request.repository, time.monotonic(), self._settings.retries)
        elif answer.status >= _SERVER_FAILURE:
            self._failed(request, error.reason)
        return error

    async def _open(self, request: Request, authorization: str | None, again: bool) -> _Open:
        """One exchange from its place in the queue to the answer's headers; whoever gets it must `_close` it."""
        self._check_health(request)
        gate = self._gates.of(request.host)
        passage = await gate.enter(request.request_class, write=request.is_write)
        leg = _Leg(request.request_class)
        try:
            self._check_health(request)
            leg.body = self._body(request)
            url, response = await self._followed(request, authorization, leg, again)
            opened = _Open(request, leg, url, response, again, gate, passage)
            self._heed_headers(opened)
        except BaseException:
            self._account(request, leg, again)
            gate.leave(passage)
            raise
        return opened

    def _close(self, opened: _Open) -> None:
        """End an exchange: its connection is kept if the body was read to its end."""
        if not opened.response.content.at_eof():
            opened.response.close()
        self._account(opened.request, opened.leg, opened.again)
        opened.gate.leave(opened.passage)

    def _heed_headers(self, opened: _Open) -> None:
        """Learn of the host's quota before the body is there: that the request was granted, and how many more will be.

        A failure says nothing of a quota, and where a redirect led to may be somebody else.
        """
        if opened.response.status < _SERVER_FAILURE and opened.response.status not in _PERHAPS_THROTTLED:
            opened.gate.granted(opened.passage, is_typical=opened.response.status in opened.request.expected)
        if opened.leg.request_class is RequestClass.REDIRECT:
            return
        told = remaining(opened.response.headers, time.time())
        if told is not None:
            self._tell_pause(opened.request, opened.gate.told(opened.passage, told, self._settings.retries))

    def _heed_refusal(self, opened: _Open, answer: Answer) -> None:
        """Let the gate know of a refusal for quota while its slot is still held, so that nobody follows at once."""
        error = _failure(opened.request, answer)
        if isinstance(error, Throttled):
            self._tell_pause(
                opened.request, opened.gate.refused(opened.passage, error.retry_after_s, self._settings.retries)
            )

    def _tell_pause(self, request: Request, pause_s: float) -> None:
        if pause_s > 0:
            self._listener(HostPaused(host=request.host, pause_s=pause_s))

    async def _followed(
        self, request: Request, authorization: str | None, leg: _Leg, again: bool
    ) -> tuple[URL, aiohttp.ClientResponse]:
        """Send, and follow redirects to an answer that is none."""
        url = request.url or self._endpoints.url(request.host, request.target)
        response = await self._sent(request, url, authorization, leg)
        hops = 0
        while response.status in _REDIRECTS and response.status not in request.expected:
            response.release()
            hops += 1
            target = self._redirected(request, url, response, hops)
            authorization = authorization if same_origin(url, target) else None
            url = target
            self._account(request, leg, again)
            leg.request_class, leg.sends, leg.status, leg.received_bytes = RequestClass.REDIRECT, 0, 0, 0
            response = await self._sent(request, url, authorization, leg)
        if self._has_failed and response.status < _SERVER_FAILURE:
            self._health_of(request.host).answered()
            if response.status != _THROTTLED:
                self._class_health_of(request).succeeded(request.repository)
        return url, response

    async def _sent(self, request: Request, url: URL, authorization: str | None, leg: _Leg) -> aiohttp.ClientResponse:
        """Send once, or where a kept connection was dead twice, unless it is a PUT.

        The first PUT may have arrived: a tag may be somebody else's by now, an upload begins anew in a session of its
        own, and distribution 2.8.2 damages a document that comes twice at once. So that is left to whoever waits
        before another try.
        """
        supplied_by_host = request.url is not None or leg.request_class is RequestClass.REDIRECT
        try:
            response = await self._session.request(
                request.method,
                url,
                headers=_headers(request, authorization),
                data=leg.body,
                to_stranger=supplied_by_host and is_stranger(self._endpoints.origin(request.host), url),
                resend=request.method != "PUT",
                on_send=leg.sent,
            )
        except BREAKAGES as error:
            raise self._broken(request, leg, error) from None
        leg.status = response.status
        return response

    def _body(self, request: Request) -> UploadBody | bytes | None:
        if request.body is None or isinstance(request.body, bytes):
            return request.body
        return UploadBody(request.body, self._settings.timeouts.stall_s)

    def _redirected(self, request: Request, url: URL, response: aiohttp.ClientResponse, hops: int) -> URL:
        if request.is_write or request.request_class is RequestClass.TOKEN:
            what = "a token request" if request.request_class is RequestClass.TOKEN else "a write"
            raise _untrusted(request, f"{what} was redirected, which no registry may do")
        if hops > _MOST_REDIRECTS:
            raise _untrusted(request, f"more than {_MOST_REDIRECTS} redirects")
        try:
            target = self._endpoints.map_back(request.host, supplied(url, response.headers.get("Location", "")))
        except ValueError as error:
            raise _untrusted(request, "redirected to something that is not a URL") from error
        objection = objection_to_redirect(url, target)
        if objection is not None:
            raise _untrusted(request, f"redirect refused: {objection}")
        return target

    async def _whole(self, opened: _Open) -> Answer:
        """The whole body of an expected answer, the beginning of any other."""
        expected = opened.response.status in opened.request.expected
        most = opened.request.most_bytes if expected else self._settings.bodies.error_bytes
        body = bytearray()
        while len(body) <= most and (piece := await self._piece(opened)):
            body += piece
        if expected and len(body) > most:
            raise _untrusted(opened.request, f"the answer is larger than {most} bytes")
        answer = _answer(opened, bytes(body[:most]))
        if answer.status in _PERHAPS_THROTTLED:
            self._heed_refusal(opened, answer)
        return answer

    async def _pieces(self, opened: _Open) -> AsyncGenerator[bytes, None]:
        most = opened.request.most_bytes
        while piece := await self._piece(opened):
            if opened.leg.received_bytes > most:
                raise _untrusted(opened.request, f"the body is larger than {most} bytes")
            yield piece

    async def _piece(self, opened: _Open) -> bytes:
        content = opened.response.content
        if content.at_eof():
            return b""
        try:
            if content.is_eof():
                piece = await content.readany()  # all is here, so there is no wait to bound
            else:
                with anyio.fail_after(self._settings.timeouts.stall_s):
                    piece = await content.readany()
        except BREAKAGES as error:
            raise self._broken(opened.request, opened.leg, why_it_stalled(opened.response, error)) from None
        opened.leg.received_bytes += len(piece)
        return piece

    def _broken(self, request: Request, leg: _Leg, error: Exception) -> Exception:
        """A failure of aiohttp in our own terms, and whose it is.

        It is raised `from None`: aiohttp's words, which a traceback would show, may hold secrets.
        """
        if isinstance(leg.body, UploadBody) and leg.body.failure is not None:
            return leg.body.failure
        reason = told(error)
        self._failed(request, reason)
        where = f"{request.method} {request.where}"
        return Unavailable(request.host, where, reason, retryable=may_pass(error), most_tries=most_tries(error))

    def _check_health(self, request: Request) -> None:
        if request.even_if_given_up or not self._has_failed:
            return
        health = self._health_of(request.host)
        if health.given_up:
            raise HostGivenUp(request.host, f"{request.method} {request.where}", _GIVEN_UP.format(health.cause))
        if self._class_health_of(request).given_up(request.repository):
            reason = _CLASS_GIVEN_UP.format(request.request_class.value)
            raise HostGivenUp(request.host, f"{request.method} {request.where}", reason)

    def _failed(self, request: Request, reason: str) -> None:
        now = time.monotonic()
        self._has_failed = True
        health = self._health_of(request.host)
        health.failed(now, self._settings.retries, reason)
        if health.is_worth_telling:
            self._listener(HostFailing(host=request.host, reason=reason))
        self._class_health_of(request).failed(request.repository, now, self._settings.retries)

    def _class_health_of(self, request: Request) -> ClassHealth:
        return self._class_health[request.host, request.request_class]

    def _health_of(self, host: Host) -> HostHealth:
        return self._health[host]

    def _account(self, request: Request, leg: _Leg, again: bool) -> None:
        """Count what was put on the wire; a request that never was cost the registry nothing."""
        for send in range(leg.sends):
            last = send == leg.sends - 1
            status, received_bytes = (leg.status, leg.received_bytes) if last else (0, 0)
            self._ledger.record(
                request.host,
                leg.request_class,
                request.method,
                status,
                again=again or send > 0,
                sent_bytes=leg.sent_bytes,
                received_bytes=received_bytes,
            )
            self._listener(
                RequestDone(host=request.host, status=status, sent_bytes=leg.sent_bytes, received_bytes=received_bytes)
            )


def _headers(request: Request, authorization: str | None) -> dict[str, str]:
    headers = {}
    if authorization is not None:
        headers["Authorization"] = authorization
    if request.accept is not None:
        headers["Accept"] = request.accept
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
    if request.byte_range is not None:
        headers["Range"] = request.byte_range
    return headers


def _answer(opened: _Open, body: bytes) -> Answer:
    return Answer(status=opened.response.status, headers=opened.response.headers, body=body, url=opened.url)


def _failure(request: Request, answer: Answer) -> RegistryError:
    asked_s = retry_after_s(answer.headers.get("Retry-After"), time.time())
    return failure(request.host, request.method, request.where, answer.status, answer.body, asked_s)


def _untrusted(request: Request, reason: str) -> UntrustedAnswer:
    return UntrustedAnswer(request.host, f"{request.method} {request.where}", reason)
