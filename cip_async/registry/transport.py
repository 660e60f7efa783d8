"""The one way to a registry.

Every request passes guard, endpoint, authorization, host gate, sending, redirects, classification and retry, in
this order, and the ledger counts every exchange.

Authorization comes before the gate, since fetching a token is a request of its own: a request that waited for
one inside the gate could wait for ever.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp
import anyio
import attrs
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from cip_async.errors import HostGivenUp, RegistryError, Throttled, Unavailable, UntrustedAnswer
from cip_async.events import HostPaused, Listener, RequestDone
from cip_async.reference import Host
from cip_async.registry.classify import failure
from cip_async.registry.credentials.provider import CredentialProvider
from cip_async.registry.credentials.tokens import Authorizer
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Replayable, Request
from cip_async.registry.gate import Gates
from cip_async.registry.guard import Guard
from cip_async.registry.health import HostHealth
from cip_async.registry.ledger import Ledger
from cip_async.registry.origins import objection_to_redirect, private_address, same_origin
from cip_async.registry.retry import Retry
from cip_async.registry.session import HttpSession
from cip_async.registry.wire import retry_after_s
from cip_async.settings import Settings

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5


@attrs.define
class _Exchange:
    """One exchange on its way through the gate: what it cost so far."""

    sends: int = 0
    status: int = 0
    received_bytes: int = 0

    def sent(self) -> None:
        self.sends += 1


@attrs.frozen(kw_only=True)
class BodyStream:
    """An answer whose body is read piece by piece while its exchange goes on."""

    answer: Answer
    pieces: AsyncIterator[bytes]


class Transport:
    """Sends requests, and keeps what is learnt of hosts: tokens, rates, health, the ledger."""

    def __init__(
        self,
        *,
        session: HttpSession,
        endpoints: Endpoints,
        provider: CredentialProvider,
        guard: Guard,
        gates: Gates,
        settings: Settings,
        listener: Listener,
        trusted_realms: frozenset[str] = frozenset(),
    ) -> None:
        self.endpoints = endpoints
        self.guard = guard
        self.ledger = Ledger()
        self.retry = Retry(settings.retries)
        self._session = session
        self._gates = gates
        self._settings = settings
        self._listener = listener
        self._health: dict[Host, HostHealth] = {}
        self._met: set[tuple[Host, bool]] = set()
        self._meetings: dict[tuple[Host, bool], anyio.Event] = {}
        self._authorizer = Authorizer(
            provider,
            endpoints,
            self._ask_token_service,
            time.monotonic,
            settings.bodies.token_bytes,
            trusted_realms,
        )

    async def __aenter__(self) -> Self:
        await self._session.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, request: Request) -> Answer:
        """Send a request that may safely be repeated, until it has one of its expected answers.

        Raises:
            WriteRefused: the guard forbids it.
            RegistryError: any other answer, or none, after all retries.
            CredentialError: the registry wants credentials that cannot be had.
        """
        self.guard.check(request.method, request.repository)
        return await self.retry.run(lambda again: self._introduced(request, again))

    async def send_once(self, request: Request, *, again: bool = False) -> Answer:
        """Send a request that must not be repeated as it is; `again` says that it stands in for one that failed.

        Raises:
            WriteRefused, RegistryError, CredentialError: as `send`.
        """
        self.guard.check(request.method, request.repository)
        return await self._introduced(request, again)

    @asynccontextmanager
    async def stream(self, request: Request, *, again: bool = False) -> AsyncIterator[BodyStream]:
        """Send a read and give its body piece by piece; nothing is repeated. The slot is held until the end.

        Raises:
            RegistryError: another answer than expected, or none; also while the body is read.
            CredentialError: the registry wants credentials that cannot be had.
        """
        self.guard.check(request.method, request.repository)
        authorization = await self._authorization(request)
        challenged = False
        while True:
            async with self._opened(request, authorization, again) as (exchange, url, response):
                if response.status in request.expected:
                    answer = Answer(status=response.status, headers=response.headers, body=b"", url=url)
                    yield BodyStream(answer=answer, pieces=self._pieces(request, exchange, response))
                    return
                answer = await self._read(request, exchange, url, response)
            better = None
            if answer.status == HTTPStatus.UNAUTHORIZED and not challenged:
                better = await self._better_authorization(request, authorization, answer)
            if better is None:
                raise self._failure(request, answer)
            authorization, challenged = better, True

    async def _introduced(self, request: Request, again: bool) -> Answer:
        """Let the first request to a host learn alone what the host wants to see, so that not all do."""
        key = (request.host, request.is_write)
        while key not in self._met:
            meeting = self._meetings.get(key)
            if meeting is None:
                meeting = self._meetings[key] = anyio.Event()
                try:
                    return await self._authorized(request, again)
                finally:
                    del self._meetings[key]
                    meeting.set()
            await meeting.wait()
        return await self._authorized(request, again)

    async def _authorized(self, request: Request, again: bool) -> Answer:
        """Send with the best authorization known, and once more if the host asks for a better one."""
        authorization = await self._authorization(request)
        answer = await self._exchange(request, authorization, again)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            better = await self._better_authorization(request, authorization, answer)
            if better is not None:
                answer = await self._exchange(request, better, again=True)
        self._met.add((request.host, request.is_write))
        if answer.status not in request.expected:
            raise self._failure(request, answer)
        return answer

    async def _authorization(self, request: Request) -> str | None:
        if request.url is not None and not self._at_home(request):
            return None
        return await self._authorizer.authorization(request.host, request.repository, request.scopes)

    async def _better_authorization(self, request: Request, sent: str | None, answer: Answer) -> str | None:
        if not same_origin(answer.url, self.endpoints.origin(request.host)):
            return None
        return await self._authorizer.answer_challenge(request.host, request.repository, request.scopes, sent, answer)

    async def _ask_token_service(self, request: Request) -> Answer:
        async def ask(again: bool) -> Answer:
            answer = await self._exchange(request, request.authorization, again)
            if answer.status not in request.expected:
                raise self._failure(request, answer)
            return answer

        return await self.retry.run(ask)

    async def _exchange(self, request: Request, authorization: str | None, again: bool) -> Answer:
        async with self._opened(request, authorization, again) as (exchange, url, response):
            return await self._read(request, exchange, url, response)

    @asynccontextmanager
    async def _opened(
        self, request: Request, authorization: str | None, again: bool
    ) -> AsyncIterator[tuple[_Exchange, URL, aiohttp.ClientResponse]]:
        """One exchange inside the gate, redirects followed, from the request to the end of the body."""
        health = self._health.setdefault(request.host, HostHealth())
        if health.given_up:
            raise HostGivenUp(request.host, f"{request.method} {request.where}", _GIVEN_UP)
        gate = self._gates.of(request.host)
        await gate.enter(write=request.is_write)
        exchange = _Exchange()
        try:
            url = request.url or URL(f"{self.endpoints.origin(request.host)}{request.target}", encoded=True)
            response = await self._sent(request, url, authorization, exchange)
            hops = 0
            while response.status in _REDIRECTS and response.status not in request.expected:
                hops += 1
                url, authorization = self._redirected(request, url, response, authorization, hops)
                self._account(request, exchange, again)
                exchange.status, exchange.received_bytes, exchange.sends = 0, 0, 0
                response = await self._sent(request, url, authorization, exchange, redirected=True)
            if response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                health.answered()
            try:
                yield exchange, url, response
            finally:
                if not response.content.at_eof():
                    response.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            health.failed(time.monotonic(), self._settings.retries)
            raise Unavailable(
                request.host,
                f"{request.method} {request.where}",
                _sentence(error),
                retryable=not isinstance(error, aiohttp.ClientSSLError),
            ) from error
        finally:
            gate.leave()
            self._account(request, exchange, again)

    async def _sent(
        self, request: Request, url: URL, authorization: str | None, exchange: _Exchange, *, redirected: bool = False
    ) -> aiohttp.ClientResponse:
        headers = {}
        if authorization is not None:
            headers["Authorization"] = authorization
        if request.accept is not None:
            headers["Accept"] = request.accept
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        if request.byte_range is not None:
            headers["Range"] = request.byte_range
        body = request.body
        data = body if body is None or isinstance(body, bytes) else _Body(body, self._settings.timeouts.stall_s)
        origin = self.endpoints.origin(request.host)
        abroad = (redirected or request.url is not None) and not same_origin(url, origin)
        response = await self._session.request(
            request.method,
            url,
            headers=headers,
            data=data,
            to_stranger=abroad and not private_address(origin.raw_host or ""),
            on_send=exchange.sent,
        )
        exchange.status = response.status
        return response

    def _redirected(
        self, request: Request, url: URL, response: aiohttp.ClientResponse, authorization: str | None, hops: int
    ) -> tuple[URL, str | None]:
        where = f"{request.method} {request.where}"
        location = response.headers.get("Location", "")
        response.close()
        if request.is_write or request.body is not None:
            raise UntrustedAnswer(request.host, where, "a write was redirected, which no registry may do")
        if hops > _MOST_REDIRECTS:
            raise UntrustedAnswer(request.host, where, f"more than {_MOST_REDIRECTS} redirects")
        try:
            target = self.endpoints.map_back(request.host, url.join(URL(location, encoded=True)))
        except ValueError as error:
            raise UntrustedAnswer(request.host, where, "redirected to something that is not a URL") from error
        objection = objection_to_redirect(url, target)
        if objection is not None:
            raise UntrustedAnswer(request.host, where, f"redirect refused: {objection}")
        return target, authorization if same_origin(url, target) else None

    async def _read(self, request: Request, exchange: _Exchange, url: URL, response: aiohttp.ClientResponse) -> Answer:
        expected = response.status in request.expected
        most = request.most_bytes if expected else self._settings.bodies.error_bytes
        pieces = []
        if request.method != "HEAD":
            async for piece in response.content.iter_any():
                exchange.received_bytes += len(piece)
                pieces.append(piece)
                if exchange.received_bytes > most:
                    if not expected:
                        break
                    reason = f"the answer is larger than {most} bytes"
                    raise UntrustedAnswer(request.host, f"{request.method} {request.where}", reason)
        return Answer(status=response.status, headers=response.headers, body=b"".join(pieces), url=url)

    async def _pieces(
        self, request: Request, exchange: _Exchange, response: aiohttp.ClientResponse
    ) -> AsyncIterator[bytes]:
        stall_s = self._settings.timeouts.stall_s
        while True:
            with anyio.fail_after(stall_s):
                piece = await response.content.readany()
            if not piece:
                return
            exchange.received_bytes += len(piece)
            if exchange.received_bytes > request.most_bytes:
                reason = f"the body is larger than {request.most_bytes} bytes"
                raise UntrustedAnswer(request.host, f"{request.method} {request.where}", reason)
            yield piece

    def _failure(self, request: Request, answer: Answer) -> RegistryError:
        pause_s = retry_after_s(answer.headers.get("Retry-After"), time.time())
        error = failure(request.host, request.method, request.where, answer.status, answer.body, pause_s)
        if isinstance(error, Throttled):
            self._pause(request.host, error.retry_after_s)
        elif answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._health[request.host].failed(time.monotonic(), self._settings.retries)
        return error

    def _pause(self, host: Host, asked_s: float | None) -> None:
        pause_s = self._gates.of(host).throttled(asked_s, self._settings.retries)
        if pause_s > 0:
            self._listener(HostPaused(host=host, pause_s=pause_s))

    def _at_home(self, request: Request) -> bool:
        return request.url is not None and same_origin(request.url, self.endpoints.origin(request.host))

    def _account(self, request: Request, exchange: _Exchange, again: bool) -> None:
        """Count what was put on the wire; a request that never was cost the registry nothing."""
        for resend in range(exchange.sends):
            last = resend == exchange.sends - 1
            self.ledger.record(
                request.host,
                request.request_class,
                request.method,
                exchange.status if last else 0,
                again=again or resend > 0,
                sent_bytes=request.sent_bytes,
                received_bytes=exchange.received_bytes if last else 0,
            )
        if exchange.sends:
            self._listener(
                RequestDone(
                    host=request.host,
                    status=exchange.status,
                    sent_bytes=request.sent_bytes,
                    received_bytes=exchange.received_bytes,
                )
            )


_GIVEN_UP: Final = "the host did not answer for too long and was given up; run again when it does"


class _Body(aiohttp.Payload):
    """A replayable body as aiohttp sends it; each send starts from the beginning."""

    def __init__(self, body: Replayable, stall_s: float) -> None:
        super().__init__(body, content_type="application/octet-stream")
        self._body = body
        self._stall_s = stall_s
        self._size = body.size_bytes

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: the body is not text and may not fit into memory."""
        raise TypeError(f"a blob has no text in {encoding} ({errors})")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the body; a receiver that stops reading for too long ends it."""
        async for chunk in self._body.chunks():
            with anyio.fail_after(self._stall_s):
                await writer.write(chunk)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send the body, which has exactly the length that was announced."""
        del content_length
        await self.write(writer)


def _sentence(error: BaseException) -> str:
    """What went wrong on the wire, without URLs, which may hold secrets."""
    if isinstance(error, TimeoutError):
        return "no answer in time" if not isinstance(error, aiohttp.ConnectionTimeoutError) else "no connection in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the certificate cannot be verified; --ca-cert names further authorities"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.strerror or type(error.os_error).__name__}"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was closed before the answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was closed within the answer"
    return f"the connection failed ({type(error).__name__})"
