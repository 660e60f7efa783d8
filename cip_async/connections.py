"""What a promoter reaches registries with, and as whom."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cip_async.errors import AccountError, CredentialError, InvalidReference, InvalidSettings
from cip_async.events import Listener
from cip_async.gcp import accounts
from cip_async.reference import Digest, Host, RegistryPath, Repository, parse_host, parse_registry_path
from cip_async.registry.client import RegistryClient
from cip_async.registry.credentials.docker_config import DockerConfig
from cip_async.registry.credentials.google import Binding, GoogleCredentials
from cip_async.registry.credentials.provider import Chain
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.gate import Gates
from cip_async.registry.google_http import GoogleHttp
from cip_async.registry.guard import Guard
from cip_async.registry.listing.artifact_repository import is_artifact_registry
from cip_async.registry.listing.lister import Lister
from cip_async.registry.listing.strategy import Strategies, Strategy
from cip_async.registry.quota import usual_rate
from cip_async.registry.session import Connector, HttpSession
from cip_async.registry.transport import Transport
from cip_async.settings import Settings

if TYPE_CHECKING:
    from cip_async.gcp.container_analysis import Scan


class Connections:
    """The transport of one promoter, what speaks through it, and the accounts that it speaks as.

    Use it as an async context manager. The options are those of `Promoter`; nothing is opened before.
    """

    def __init__(
        self,
        *,
        confirm: bool,
        settings: Settings,
        endpoints: Mapping[str, str],
        strategies: Mapping[str, str],
        connector: Connector | None,
        ca_cert: Path | None,
        docker_config: Path | None,
        key_files: Sequence[Path],
        use_service_accounts: bool,
        service_accounts: Mapping[str, str],
        listener: Listener,
    ) -> None:
        """Set up everything.

        Raises:
            InvalidSettings: an endpoint, a strategy, a rate's host or the registry of a service account is not one.
        """
        self._confirm = confirm
        self._use_service_accounts = use_service_accounts
        self._service_accounts = _bindings(service_accounts)
        resolved = Endpoints(endpoints)
        listing = _strategies(strategies, resolved)
        session = HttpSession(timeouts=settings.timeouts, connector=connector, ca_cert=ca_cert)
        scopes = accounts.WRITE if confirm else accounts.READ
        self._google = GoogleCredentials(
            accounts.GoogleAccounts(GoogleHttp(session), scopes=scopes, key_files=key_files),
            resolved,
            lambda host: listing.of(host).is_google,
        )
        self.transport = Transport(
            session=session,
            endpoints=resolved,
            provider=Chain([self._google, DockerConfig(docker_config)]),
            guard=Guard(writable=confirm, place=resolved.place),
            gates=Gates(settings.rates, usual_rate(resolved), settings.threads),
            settings=settings,
            listener=listener,
        )
        self.client = RegistryClient(self.transport, settings.bodies)
        self.lister = Lister(self.client, settings, listing)
        self.place = resolved.place
        self._scanner = GoogleHttp(session, settings.bodies.listing_bytes)

    async def __aenter__(self) -> Self:
        await self._google.open()
        await self.transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.transport.__aexit__(kind, error, trace)

    def begin_run(self, sources: Iterable[Repository]) -> None:
        """Begin a run that reads `sources`: count anew, write to none of them, let no earlier refusal count."""
        self.transport.begin_run(sources)
        self.lister.begin_run()

    async def begin_snapshot(self, path: RegistryPath) -> None:
        """Get ready to list what is at and below `path`, as the accounts that the operator named.

        Raises:
            CredentialError: an account has no credential.
        """
        self.transport.standing.begin([path])
        self.transport.trust_again()
        self.lister.begin_run()
        await self._google.bind(self._service_accounts)

    async def identify(self, named: Mapping[RegistryPath, str], entries: Iterable[RegistryPath]) -> None:
        """Get ready the accounts of registry entries, and let none have a bad name from earlier runs.

        Raises:
            CredentialError: an account has no credential, and must have one.
        """
        self.transport.standing.begin(dict.fromkeys(entries))
        bindings = dict(self._service_accounts)
        if self._use_service_accounts:
            bindings = {path: Binding(account, self._confirm) for path, account in named.items()} | bindings
        await self._google.bind(bindings)

    async def scan(self, repository: Repository, digest: Digest) -> "Scan":
        """What Google's scanners say of an image.

        Raises:
            InvalidSettings, InvalidReference, CredentialError, RegistryError: as `Promoter.scan`.
        """
        from cip_async.gcp.container_analysis import HOST, ContainerAnalysis  # noqa: PLC0415 - few runs look for them

        if not self.lister.lists_all(repository.host):
            raise InvalidSettings("the registry to look for vulnerabilities in", str(repository), "one of Google's")
        token = partial(self._google.access_token, repository)
        api = str(self.transport.endpoints.origin(Host(HOST)))
        try:
            return await ContainerAnalysis(self._scanner, token, api=api).scan(repository, digest)
        except AccountError as error:
            reason = f"no token to look for vulnerabilities of {repository} with: {error}"
            raise CredentialError(HOST, reason, retryable=error.retryable) from None


def _bindings(named: Mapping[str, str]) -> dict[RegistryPath, Binding]:
    """The accounts that the operator names, and therefore wants to be used and no others."""
    bindings = {}
    for registry, account in named.items():
        try:
            bindings[parse_registry_path(registry)] = Binding(account, required=True)
        except InvalidReference as error:
            raise InvalidSettings("registry of a service account", registry, error.expected) from error
    return bindings


def _strategies(named: Mapping[str, str], endpoints: Endpoints) -> Strategies:
    chosen = {}
    for host, name in named.items():
        try:
            chosen[parse_host(host)] = Strategy(name)
        except ValueError as error:
            known = " or ".join(each.value for each in Strategy)
            raise InvalidSettings(f"listing strategy of {host}", name, known) from error
    for where, strategy in chosen.items():
        if strategy is Strategy.ARTIFACT_REGISTRY and not is_artifact_registry(where):
            raise InvalidSettings(f"listing strategy of {where}", strategy.value, "a host such as us-docker.pkg.dev")
    return Strategies(chosen, endpoints.is_elsewhere)
