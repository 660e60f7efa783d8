"""The one way to a registry.

Every request passes guard, endpoint, authorization, host gate, sending, redirects, classification and retry, in
this order, and the ledger counts every exchange.

Authorization comes before the gate, since fetching a token is a request of its own: a request that waited for
one inside the gate could wait for ever.
"""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar

import anyio

from cip_async.errors import CipError
from cip_async.events import Listener
from cip_async.model.report import RequestClass
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.provider import CredentialProvider
from cip_async.registry.credentials.standing import REFUSALS, Standing
from cip_async.registry.credentials.tokens import Authorizer
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.exchanger import BodyStream, Exchanger
from cip_async.registry.gate import Gates
from cip_async.registry.guard import Guard
from cip_async.registry.ledger import Ledger
from cip_async.registry.origins import same_origin
from cip_async.registry.retry import Retry
from cip_async.registry.session import HttpSession
from cip_async.settings import Rate, Settings

T = TypeVar("T")

_UNAUTHORIZED: Final = HTTPStatus.UNAUTHORIZED


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
        self.standing = Standing()
        self._session = session
        self._gates = gates
        self._exchanger = Exchanger(
            session=session,
            endpoints=endpoints,
            gates=gates,
            settings=settings,
            ledger=self.ledger,
            listener=listener,
        )
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

    def begin_run(self, sources: Iterable[Repository]) -> None:
        """Begin a run that reads `sources`: count anew, write to none of them, and trust all hosts again."""
        self.ledger.clear()
        self.guard.begin(sources)
        self.trust_again()

    def settled_rates(self) -> Mapping[Host, Rate]:
        """The rates that refusals for quota led to, in this run or in earlier ones, by host."""
        return self._gates.settled_rates()

    def trust_again(self) -> None:
        """Ask also those hosts that were given up before."""
        self._exchanger.trust_again()

    async def send(self, request: Request) -> Answer:
        """Send a request that may safely be repeated, until it has one of its expected answers.

        Raises:
            WriteRefused: the guard forbids it.
            RegistryError: any other answer, or none, after all retries.
            CredentialError: the registry wants credentials that cannot be had.
        """
        self.guard.check(request.method, request.repository)
        return await self.retry.run(partial(self._introduced, request))

    async def read(self, request: Request, reading: Callable[[Answer], T]) -> T:
        """Send as `send` does, and give what `reading` makes of the answer.

        Where that raises what may pass, the request is sent again as if it had failed.

        Raises:
            WriteRefused, RegistryError, CredentialError: as `send`, or as `reading`.
        """

        async def attempt(again: bool) -> T:
            return reading(await self._introduced(request, again))

        self.guard.check(request.method, request.repository)
        return await self.retry.run(attempt)

    async def send_once(self, request: Request, *, again: bool = False) -> Answer:
        """Send a request that must not be repeated as it is; `again` says that it stands in for one that failed.

        It introduces nobody: it follows a request that did, or is one whose refusal says nothing of others.

        Raises:
            WriteRefused, RegistryError, CredentialError: as `send`.
        """
        self.guard.check(request.method, request.repository)
        return await self._authorized(request, again)

    @asynccontextmanager
    async def stream(self, request: Request, *, again: bool = False) -> AsyncIterator[BodyStream]:
        """Send a read and give its body piece by piece; nothing is repeated. The slot is held until the end.

        Raises:
            RegistryError: another answer than expected, or none; also while the body is read.
            CredentialError: the registry wants credentials that cannot be had.
        """
        self.guard.check(request.method, request.repository)
        self.standing.check(request.host, request.repository, write=request.is_write)
        authorization = await self._authorization(request)
        challenged = False
        while True:
            async with self._exchanger.stream(request, authorization, again=again or challenged) as answer:
                if isinstance(answer, BodyStream):
                    yield answer
                    return
            better = None
            if answer.status == _UNAUTHORIZED and not challenged:
                better = await self._better_authorization(request, authorization, answer)
            if better is None:
                raise self._exchanger.failure(request, answer)
            authorization, challenged = better, True

    async def account(self, host: Host, repository: Repository | None) -> str:
        """As whom a repository is used, for people.

        Raises:
            CredentialError: its credentials cannot be had.
        """
        return await self._authorizer.account(host, repository)

    async def _introduced(self, request: Request, again: bool) -> Answer:
        """Let the first request to a host learn alone what the host wants to see, so that not all do.

        Where it fails there is nothing to learn: the others find out for themselves, all at once, since a host that
        is down would otherwise be found out by one of them after the other.
        """
        key = (request.host, request.is_write)
        while key not in self._met:
            meeting = self._meetings.get(key)
            if meeting is None:
                meeting = self._meetings[key] = anyio.Event()
                try:
                    answer = await self._authorized(request, again)
                except CipError:
                    self._met.add(key)
                    raise
                finally:
                    del self._meetings[key]
                    meeting.set()
                self._met.add(key)
                return answer
            await meeting.wait()
        return await self._authorized(request, again)

    async def _authorized(self, request: Request, again: bool) -> Answer:
        """Send with the best authorization known, and once more if the host asks for a better one."""
        self.standing.check(request.host, request.repository, write=request.is_write)
        authorization = await self._authorization(request)
        answer = await self._exchanger.exchange(request, authorization, again=again)
        if answer.status == _UNAUTHORIZED:
            better = await self._better_authorization(request, authorization, answer)
            if better is not None:
                answer = await self._exchanger.exchange(request, better, again=True)
        if answer.status not in request.expected:
            raise await self._failure(request, answer)
        if answer.status not in REFUSALS:
            self.standing.admitted(request.host, request.repository, write=request.is_write)
        return answer

    async def _failure(self, request: Request, answer: Answer) -> CipError:
        """The error that an unexpected answer is: of an account that is refused as such, or of this request.

        A mount asks for more than the entry that it goes to, so its refusal says nothing of it.
        """
        error = self._exchanger.failure(request, answer)
        at_home = same_origin(answer.url, self.endpoints.origin(request.host))
        if answer.status not in REFUSALS or request.request_class is RequestClass.MOUNT or not at_home:
            return error
        owner = await self._authorizer.owner(request.host, request.repository)
        told = self.standing.refused(
            request.host,
            request.repository,
            write=request.is_write,
            owner=owner,
            status=answer.status,
            said=error.reason,
        )
        return told or error

    async def _authorization(self, request: Request) -> str | None:
        if request.url is not None and not self._at_home(request):
            return None
        return await self._authorizer.authorization(request.host, request.repository, request.scopes)

    async def _better_authorization(self, request: Request, sent: str | None, answer: Answer) -> str | None:
        if not same_origin(answer.url, self.endpoints.origin(request.host)):
            return None
        return await self._authorizer.answer_challenge(request.host, request.repository, request.scopes, sent, answer)

    async def _ask_token_service(self, request: Request) -> Answer:
        """Send a token request once; where that may help, the request that needs the token tries again."""
        answer = await self._exchanger.exchange(request, request.authorization, again=False)
        if answer.status not in request.expected:
            raise self._exchanger.failure(request, answer)
        return answer

    def _at_home(self, request: Request) -> bool:
        return request.url is not None and same_origin(request.url, self.endpoints.origin(request.host))
