"""Container Analysis, asked over HTTP."""

import json
from collections.abc import AsyncIterator, Mapping

import aiohttp
import attrs
import pytest
from aiohttp import web

from cip_async.errors import InvalidReference, RegistryError, UntrustedAnswer
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.container_analysis import ContainerAnalysis, ScanState, Severity, Vulnerability, project_of
from cip_async.gcp.http import HttpAnswer
from cip_async.reference import Digest, parse_repository

pytestmark = pytest.mark.anyio

IMAGE = parse_repository("gcr.io/my-project/app")
DIGEST = Digest("sha256:" + "a" * 64)
TOKEN = AccessToken(account="robot@my-project.iam.gserviceaccount.com", value="the-token")


@attrs.define
class Api:
    """A server that gives these answers, one after the other, and keeps what it was asked."""

    url: str = ""
    answers: list[tuple[int, object]] = attrs.field(factory=list)
    asked: list[web.BaseRequest] = attrs.field(factory=list)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request)
        status, body = self.answers.pop(0)
        return web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body))


@pytest.fixture
async def api(anyio_backend: object) -> AsyncIterator[Api]:
    served = Api()
    runner = web.ServerRunner(web.Server(served.handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    served.url = f"http://{host}:{port}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def analysis(api: Api) -> AsyncIterator[ContainerAnalysis]:
    async with aiohttp.ClientSession() as session:

        async def http(
            method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
        ) -> HttpAnswer:
            async with session.request(method, url, headers=headers, data=body) as answer:
                return HttpAnswer(status=answer.status, headers=answer.headers, body=await answer.read())

        async def token() -> AccessToken:
            return TOKEN

        yield ContainerAnalysis(http, token, api=api.url)


def found(name: str, severity: str, *, fix: bool) -> dict[str, object]:
    issue = {"affectedPackage": "openssl", "fixAvailable": fix}
    told = {"effectiveSeverity": severity, "shortDescription": name, "packageIssue": [issue]}
    return {"kind": "VULNERABILITY", "vulnerability": told}


def scanned(status: str) -> dict[str, object]:
    return {"kind": "DISCOVERY", "discovery": {"analysisStatus": status}}


async def test_all_pages_are_read_with_the_token(api: Api, analysis: ContainerAnalysis) -> None:
    api.answers = [
        (200, {"occurrences": [found("CVE-1", "LOW", fix=False)], "nextPageToken": "more"}),
        (200, {"occurrences": [found("CVE-2", "CRITICAL", fix=True), scanned("FINISHED_SUCCESS")]}),
    ]
    scan = await analysis.scan(IMAGE, DIGEST)
    assert scan.state is ScanState.FINISHED
    assert scan.vulnerabilities == (
        Vulnerability(name="CVE-2", package="openssl", severity=Severity.CRITICAL, fixable=True),
        Vulnerability(name="CVE-1", package="openssl", severity=Severity.LOW, fixable=False),
    )
    first, second = api.asked
    assert first.path == "/v1/projects/my-project/occurrences"
    assert f'resourceUrl="https://{IMAGE}@{DIGEST}"' in first.query["filter"]
    assert first.headers["Authorization"] == "Bearer the-token"
    assert second.query["pageToken"] == "more"


@pytest.mark.parametrize(
    ("occurrences", "state"),
    [
        ([], ScanState.NEVER),
        ([scanned("PENDING")], ScanState.UNFINISHED),
        ([scanned("SCANNING")], ScanState.UNFINISHED),
        ([scanned("FINISHED_FAILED")], ScanState.FAILED),
        ([scanned("FINISHED_UNSUPPORTED")], ScanState.UNSUPPORTED),
        ([scanned("SOMETHING_NEW")], ScanState.UNFINISHED),
        ([scanned("FINISHED_SUCCESS"), scanned("PENDING")], ScanState.UNFINISHED),
        ([scanned("FINISHED_SUCCESS"), scanned("FINISHED_FAILED")], ScanState.FAILED),
        ([scanned("FINISHED_UNSUPPORTED"), scanned("FINISHED_SUCCESS")], ScanState.FINISHED),
    ],
)
async def test_an_image_is_scanned_only_if_the_scan_says_so(
    api: Api, analysis: ContainerAnalysis, occurrences: list[object], state: ScanState
) -> None:
    api.answers = [(200, {"occurrences": occurrences})]
    assert (await analysis.scan(IMAGE, DIGEST)).state is state


async def test_what_passes_by_itself_is_asked_again(api: Api, analysis: ContainerAnalysis) -> None:
    api.answers = [(503, ""), (429, ""), (200, {"occurrences": [scanned("FINISHED_SUCCESS")]})]
    assert (await analysis.scan(IMAGE, DIGEST)).state is ScanState.FINISHED


async def test_a_refusal_names_the_account_and_never_the_token(api: Api, analysis: ContainerAnalysis) -> None:
    api.answers = [(403, "no")]
    with pytest.raises(RegistryError) as told:
        await analysis.scan(IMAGE, DIGEST)
    assert str(told.value) == (
        "containeranalysis.googleapis.com: GET /v1/projects/my-project/occurrences:"
        " answered 403 to robot@my-project.iam.gserviceaccount.com, which may lack containeranalysis.occurrences.list"
    )
    assert len(api.asked) == 1


@pytest.mark.parametrize("body", ["<html>", '{"occurrences": 1}', "[" * 100_000])
async def test_nonsense_is_told(api: Api, analysis: ContainerAnalysis, body: str) -> None:
    api.answers = [(200, body)]
    with pytest.raises(UntrustedAnswer, match="not a list of occurrences"):
        await analysis.scan(IMAGE, DIGEST)


@pytest.mark.parametrize(
    ("repository", "project"),
    [
        ("gcr.io/my-project/app", "my-project"),
        ("us-east1-docker.pkg.dev/my-project/images/app", "my-project"),
        ("gcr.io/example.com/my-project/app", "example.com:my-project"),
    ],
)
def test_the_project_is_told_by_the_path(repository: str, project: str) -> None:
    assert project_of(parse_repository(repository)) == project


def test_a_domain_alone_is_no_project() -> None:
    with pytest.raises(InvalidReference, match="a project below the domain"):
        project_of(parse_repository("gcr.io/example.com"))
