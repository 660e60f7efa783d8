"""What Google's scanners say of images: vulnerabilities, and whether an image was scanned at all.

API: https://cloud.google.com/container-analysis/docs/reference/rest/v1/projects.occurrences/list. Severities and their
numbers: https://cloud.google.com/container-analysis/docs/reference/rest/v1/Severity.
"""

import enum
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import anyio
import attrs
import msgspec
import tenacity

from cip_async.errors import InvalidReference, RegistryError, UntrustedAnswer
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.http import Http, HttpAnswer, HttpFailure
from cip_async.reference import Digest, Repository

HOST: Final = "containeranalysis.googleapis.com"
API: Final = f"https://{HOST}"

_PERMISSION: Final = "containeranalysis.occurrences.list"
_PAGE_SIZE: Final = 1000
_MOST_PAGES: Final = 100
_ATTEMPT_S: Final = 60.0
_PATIENCE_S: Final = 120.0
_LONGEST_PAUSE_S: Final = 20.0


class Severity(enum.IntEnum):
    """How bad a vulnerability is, as Google numbers it."""

    SEVERITY_UNSPECIFIED = 0
    MINIMAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class ScanState(enum.Enum):
    """How far an image was scanned."""

    FINISHED = "finished"
    UNFINISHED = "not finished"
    FAILED = "failed"
    UNSUPPORTED = "not supported"
    NEVER = "never begun"


@attrs.frozen(kw_only=True)
class Vulnerability:
    """One vulnerability of one package. `fixable`: a version without it exists."""

    name: str
    package: str
    severity: Severity
    fixable: bool


@attrs.frozen(kw_only=True)
class Scan:
    """What is known of one image."""

    state: ScanState
    vulnerabilities: tuple[Vulnerability, ...]


class _Package(msgspec.Struct, rename="camel"):
    affected_package: str = ""
    fix_available: bool = False


class _Vulnerability(msgspec.Struct, rename="camel"):
    severity: str = ""
    effective_severity: str = ""
    fix_available: bool = False
    short_description: str = ""
    package_issue: list[_Package] = []


class _Discovery(msgspec.Struct, rename="camel"):
    analysis_status: str = ""


class _Occurrence(msgspec.Struct, rename="camel"):
    kind: str = ""
    note_name: str = ""
    vulnerability: _Vulnerability | None = None
    discovery: _Discovery | None = None


class _Page(msgspec.Struct, rename="camel"):
    occurrences: list[_Occurrence] = []
    next_page_token: str = ""


_PAGE: Final = msgspec.json.Decoder(_Page)
_STATES: Final = {
    "FINISHED_SUCCESS": ScanState.FINISHED,
    "COMPLETE": ScanState.FINISHED,
    "FINISHED_FAILED": ScanState.FAILED,
    "FINISHED_UNSUPPORTED": ScanState.UNSUPPORTED,
}

_COUNTS_FIRST: Final = (
    ScanState.UNFINISHED,
    ScanState.FAILED,
    ScanState.FINISHED,
    ScanState.UNSUPPORTED,
    ScanState.NEVER,
)
"""Where an image was scanned several times, for packages of different kinds: one that is not finished counts."""


class ContainerAnalysis:
    """Asks Container Analysis with the access tokens that `token` gives; `api` is where it is."""

    def __init__(self, http: Http, token: Callable[[], Awaitable[AccessToken]], *, api: str = API) -> None:
        self._http = http
        self._token = token
        self._api = api

    async def scan(self, repository: Repository, digest: Digest) -> Scan:
        """What is known of an image of one of Google's registries.

        Raises:
            AccountError: there is no token to be had.
            InvalidReference: the repository is in no project.
            RegistryError: the API refuses, fails or answers nonsense.
        """
        found = [occurrence async for occurrence in self._occurrences(repository, digest)]
        states = [_state(each.discovery) for each in found if each.discovery is not None]
        problems = (_vulnerability(each) for each in found if each.vulnerability is not None)
        return Scan(
            state=min(states, key=_COUNTS_FIRST.index, default=ScanState.NEVER),
            vulnerabilities=tuple(sorted(problems, key=lambda each: (-each.severity, each.name, each.package))),
        )

    async def _occurrences(self, repository: Repository, digest: Digest) -> AsyncIterator[_Occurrence]:
        query = {
            "filter": f'(kind="VULNERABILITY" OR kind="DISCOVERY") AND resourceUrl="https://{repository}@{digest}"',
            "pageSize": str(_PAGE_SIZE),
        }
        where = f"/v1/projects/{project_of(repository)}/occurrences"
        for _ in range(_MOST_PAGES):
            page = await self._page(where, query)
            for occurrence in page.occurrences:
                yield occurrence
            if not page.next_page_token:
                return
            query["pageToken"] = page.next_page_token
        raise UntrustedAnswer(HOST, f"GET {where}", f"more than {_MOST_PAGES} pages")

    async def _page(self, where: str, query: dict[str, str]) -> _Page:
        answer = await self._again(where, query)
        try:
            return _PAGE.decode(answer.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise UntrustedAnswer(HOST, f"GET {where}", f"not a list of occurrences: {error}") from error

    async def _again(self, where: str, query: dict[str, str]) -> HttpAnswer:
        """The first answer; what passes by itself is tried again for two minutes."""
        retrying = tenacity.AsyncRetrying(
            sleep=anyio.sleep,
            stop=tenacity.stop_after_delay(_PATIENCE_S),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_PAUSE_S),
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, RegistryError) and error.retryable),
            reraise=True,
        )
        return await retrying(self._get, where, query)

    async def _get(self, where: str, query: dict[str, str]) -> HttpAnswer:
        token = await self._token()
        headers = {"Authorization": f"Bearer {token.value}"}
        try:
            answer = await self._http("GET", f"{self._api}{where}?{urlencode(query)}", headers, None, _ATTEMPT_S)
        except HttpFailure as error:
            raise RegistryError(HOST, f"GET {where}", str(error), retryable=True) from error
        if answer.status == HTTPStatus.OK:
            return answer
        passing = answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        lacking = f", which may lack {_PERMISSION}" if answer.status == HTTPStatus.FORBIDDEN else ""
        reason = f"answered {answer.status} to {token.account}{lacking}"
        raise RegistryError(HOST, f"GET {where}", reason, status=answer.status, retryable=passing)


def project_of(repository: Repository) -> str:
    """The Google Cloud project of a repository: the first part of its path, or the first two if a domain comes first.

    Raises:
        InvalidReference: the path is too short to name one.
    """
    first, *rest = repository.path.split("/")
    if "." not in first:
        return first
    if not rest:
        raise InvalidReference("repository", str(repository), "a project below the domain")
    return f"{first}:{rest[0]}"


def _state(discovery: _Discovery) -> ScanState:
    return _STATES.get(discovery.analysis_status, ScanState.UNFINISHED)


def _vulnerability(occurrence: _Occurrence) -> Vulnerability:
    told = occurrence.vulnerability or _Vulnerability()
    severities = (told.effective_severity, told.severity)
    named = next((name for name in severities if name in Severity.__members__ and Severity[name]), "")
    package = told.package_issue[0].affected_package if told.package_issue else ""
    return Vulnerability(
        name=told.short_description or occurrence.note_name.rpartition("/")[2],
        package=package,
        severity=Severity[named] if named else Severity.SEVERITY_UNSPECIFIED,
        fixable=told.fix_available or any(issue.fix_available for issue in told.package_issue),
    )
