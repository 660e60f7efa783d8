"""No secret shows in anything that `cip` says or writes, at any verbosity, whatever goes right or wrong.

Secrets are in every place that one can be in: Docker's `config.json` (password, identity token, registry token), the
output of a credential helper, key files, access tokens, the answers of token services, the queries of realms,
redirects, upload Locations and Links, the proxy's and an endpoint's user name, push tokens, git URLs, and the
environment.
"""

import base64
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import anyio
import attrs
import pytest

from cip_async.fake_registry.accounts import Accounts
from cip_async.fake_registry.auth import BasicAuth, BearerAuth
from cip_async.fake_registry.images import multi_arch, push, single
from cip_async.fake_registry.tokens import TokenAuth
from tests.hostile.markers import leaks, marker
from tests.service.accounts.conftest import KeyFile, write_program
from tests.service.accounts.google import FakeGoogle
from tests.service.cli.conftest import CIP, endpoints
from tests.service.cli.test_audit import Start
from tests.service.conftest import ServeHosts
from tests.service.registry.scripted import ABSENT, Reply, Scripted, Seen, scripted
from tests.service.staging import Staging
from tests.unit.manifests.samples import REGISTRIES, thin, write

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> None:
    """Here something may: a test reads and writes small files, and the code it tests is in another process."""


ACCOUNT = "promoter@prod.iam.gserviceaccount.com"
KEYED, LEAKY, FAR = "eu.gcr.io", "leaky.example", "far.example"
MIRRORS = ("identity.example", "ready.example", "helped.example", KEYED)
WAYS = ("redirect", "link", "location", "realm", "refused", "html")
"""Images by what becomes of them at `leaky.example`."""
PLACES = (
    *("basic-password", "identity-token", "registry-token", "helper-output", "proxy-password", "endpoint-password"),
    *("redirect-query", "link-query", "location-query", "realm-query", "push-token", "git-password", "environment"),
)


def query(place: str) -> str:
    return f"sig={quote(marker(place), safe='')}"


@attrs.define
class Leaky:
    """A registry whose answers are full of secrets, and a storage that it leads to and that refuses everything."""

    storage: Scripted

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/v2/_catalog":
            return Reply(body=json.dumps({"repositories": [f"prod/{way}" for way in WAYS]}).encode())
        way = next((way for way in WAYS if f"/{way}/" in seen.path), "")
        if way == "redirect" and seen.method in ("GET", "HEAD"):
            return Reply(307, {"Location": f"{self.storage.url}/x?{query('redirect-query')}"})
        if way == "link" and seen.path.endswith("/tags/list"):
            link = f'<http://127.0.0.1:1{seen.path}?{query("link-query")}>; rel="next"'
            return Reply(headers={"Link": link}, body=b'{"tags":[]}')
        if way == "realm":
            challenge = f'Bearer realm="https://auth.thief.net/token?{query("realm-query")}"'
            return Reply(401, {"WWW-Authenticate": challenge})
        if way == "refused":
            return Reply(403, body=b'{"errors":[{"code":"DENIED","message":"no"}]}')
        if way == "html":
            return Reply(200, {"Content-Type": "text/html"}, b"<html>")
        if seen.method == "POST":
            return Reply(202, {"Location": f"{self.storage.url}/upload?{query('location-query')}"})
        return ABSENT


@attrs.define
class Everywhere:
    """All that `cip` may show, to be searched for everything secret."""

    staging: Staging
    google: FakeGoogle
    arguments: list[str]
    environment: dict[str, str]
    private_key: str
    folder: Path
    storage: Scripted
    record: Callable[[str, object], None]
    shown: list[str] = attrs.field(factory=list)

    async def cip(self, *arguments: str) -> int:
        """Run `cip`, and keep what it says."""
        with anyio.fail_after(200):
            ended = await anyio.run_process([*CIP, *arguments, *self.arguments], check=False, env=self.environment)
        self.shown += [ended.stdout.decode(), ended.stderr.decode()]
        return ended.returncode

    def secrets(self) -> list[str]:
        """Everything that is one, with all tokens that were ever given out."""
        lines = [line for line in self.private_key.splitlines() if "PRIVATE KEY" not in line]
        given = [token for host in self.staging.servers.registries.values() for token in _tokens(host.auth)]
        return [*map(marker, PLACES), *lines, *given, *self.google.issued, "PRIVATE KEY", "eyJhbGciOi", "Marker-key-id"]

    def files(self) -> list[str]:
        """What was written: reports and inventories."""
        written = [*self.folder.glob("report*"), *self.folder.glob("inventory*")]
        assert len(written) >= 2
        return [path.read_bytes().decode(errors="replace") for path in written]

    def assert_told(self, *texts: str) -> None:
        """What went wrong did so where it should."""
        assert [text for text in texts if text not in "\n".join(self.shown)] == []

    def assert_nothing_leaked(self) -> None:
        """No secret is in anything that was shown; how much that was is told to who counts."""
        found = leaks("\n".join(self.shown), self.secrets())
        self.record("cases", len(self.shown))
        self.record("leaked", len(found))
        assert found == []


def _tokens(auth: object) -> list[str]:
    return list(auth._granted) if isinstance(auth, TokenAuth) else []


def _auth() -> dict[str, dict[str, str]]:
    password = base64.b64encode(f"me:{marker('basic-password')}".encode()).decode()
    return {
        "staging.example": {"auth": password},
        LEAKY: {"auth": password},
        "identity.example": {"identitytoken": marker("identity-token")},
        "ready.example": {"registrytoken": marker("registry-token")},
    }


@pytest.fixture
async def everywhere(
    serve_hosts: ServeHosts,
    environment: dict[str, str],
    google: FakeGoogle,
    key_file: KeyFile,
    private_key: str,
    programs: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> AsyncIterator[Everywhere]:
    """Registries that each want another kind of secret, one that spreads them, and one behind a proxy that refuses."""
    servers = await serve_hosts("staging.example", *MIRRORS)
    me, helped = Accounts({"me": marker("basic-password")}), Accounts({"me": marker("helper-output")})
    servers["staging.example"].auth = BasicAuth(me)
    servers["identity.example"].auth = TokenAuth(refresh_tokens={marker("identity-token"): "me"})
    servers["ready.example"].auth = BearerAuth(tokens={marker("registry-token"): "me"})
    servers["helped.example"].auth = TokenAuth(helped)
    servers[KEYED].auth = BearerAuth(tokens=google.issued)
    write_program(
        programs,
        "docker-credential-marked",
        f"print(json.dumps({{'ServerURL': 'x', 'Username': 'me', 'Secret': {marker('helper-output')!r}}}))",
    )
    config = tmp_path / "docker.json"
    config.write_text(json.dumps({"auths": _auth(), "credHelpers": {"helped.example": "marked"}}))
    staging = Staging(servers, tmp_path, source="staging.example", mirrors=(*MIRRORS, LEAKY, FAR))
    for name in ("app", *WAYS):
        staging.push(name, multi_arch(seed=name), "v1")
        push(servers["staging.example"].store, f"staging/{name}", single(seed=f"{name} 2"), ["v2"])
    path = staging.written()
    path.write_text(path.read_text().replace(f"{KEYED}/prod\n", f"{KEYED}/prod\n  service-account: {ACCOUNT}\n"))
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(scripted(lambda _: Reply(403, body=b"<Error/>")))
        leaky = await stack.enter_async_context(scripted(Leaky(storage).answer))
        proxy = await stack.enter_async_context(scripted(lambda _: Reply(407)))
        environment |= {
            "PATH": f"{programs}{os.pathsep}{environment['PATH']}",
            "HTTPS_PROXY": proxy.url.replace("//", f"//me:{quote(marker('proxy-password'), safe='')}@"),
            "GITHUB_TOKEN": marker("environment"),
            "AWS_SECRET_ACCESS_KEY": marker("environment"),
        }
        arguments = [*endpoints(servers), f"--endpoint={LEAKY}={leaky.url}", f"--docker-config={config}"]
        yield Everywhere(staging, google, arguments, environment, private_key, tmp_path, storage, record_property)
        assert proxy.seen == [] or all("Proxy-Authorization" in seen.headers for seen in proxy.seen)


async def test_a_promotion(everywhere: Everywhere, key_file: KeyFile) -> None:
    keys = f"--key-files={await key_file(ACCOUNT)}"
    manifest = f"--manifest={everywhere.folder / 'promoter-manifest.yaml'}"
    files = [f"--report={everywhere.folder / 'report.json'}", f"--inventory={everywhere.folder / 'inventory.db'}"]
    run = ["run", manifest, keys, *files]
    assert await everywhere.cip(*run, "-v") == 3
    assert await everywhere.cip(*run, "--confirm", "-vv", "--log-format=json") == 3
    every_edge = f"--report={everywhere.folder / 'report.jsonl'}"
    assert await everywhere.cip(*run, "--confirm", "-vv", every_edge, "--report-edges=all", "--progress=always") == 3

    for mirror in MIRRORS:
        assert everywhere.staging.in_mirror(mirror) == everywhere.staging.wanted_tags()
    assert {seen.method for seen in everywhere.storage.seen} >= {"GET", "PUT"}
    assert everywhere.google.issued
    assert all(_tokens(everywhere.staging.servers[host].auth) for host in ("identity.example", "helped.example"))
    everywhere.shown += everywhere.files()
    everywhere.assert_told("the token realm belongs to another domain", "proxy refused: status 407", "status 403")
    everywhere.assert_nothing_leaked()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["snapshot", "staging.example/staging/app"], 0, "sha256:"),
        (["snapshot", "staging.example/staging/app", "--output=csv", "--log-format=json"], 0, "sha256:"),
        (["snapshot", f"{LEAKY}/prod/redirect"], 3, "status 403"),
        (["snapshot", f"{LEAKY}/prod/link", "--log-format=json"], 3, "on another origin"),
        (["snapshot", f"{LEAKY}/prod/realm"], 1, "the token realm belongs to another domain"),
        (["snapshot", f"{FAR}/prod"], 3, "proxy refused: status 407"),
        (["diff", "helped.example/prod/app", f"{LEAKY}/prod/redirect"], 3, "status 403"),
    ],
)
async def test_a_listing(everywhere: Everywhere, arguments: list[str], code: int, told: str) -> None:
    assert await everywhere.cip(*arguments, "-vv") == code
    everywhere.assert_nothing_leaked()
    everywhere.assert_told(told)


async def test_doctor(everywhere: Everywhere, key_file: KeyFile) -> None:
    manifest = f"--manifest={everywhere.folder / 'promoter-manifest.yaml'}"
    assert await everywhere.cip("doctor", manifest, f"--key-files={await key_file(ACCOUNT)}", "-vv") == 1
    assert everywhere.google.issued
    everywhere.assert_nothing_leaked()


async def test_an_edit(everywhere: Everywhere) -> None:
    folder = everywhere.folder / "prod"
    entries = REGISTRIES.replace("gcr.io/staging", "staging.example/staging")
    write(folder, thin("app", registries=entries, images="[]\n"))
    add = ["manifest", "add", f"--base-dir={folder}", "--staging-repo=staging.example/staging"]
    assert await everywhere.cip(*add, "-vv", "--log-format=json") == 0
    everywhere.assert_nothing_leaked()


async def test_an_endpoint_with_a_password(everywhere: Everywhere) -> None:
    password = quote(marker("endpoint-password"), safe="")
    manifest = f"--manifest={everywhere.folder / 'promoter-manifest.yaml'}"
    for arguments in (["run", manifest], ["snapshot", "x.example/prod"], ["doctor", manifest]):
        assert await everywhere.cip(*arguments, f"--endpoint=x.example=http://me:{password}@127.0.0.1:1", "-vv") == 2
    everywhere.assert_told("(with a user name)")
    everywhere.assert_nothing_leaked()


CRASHES = """
import aiohttp

async def crash(self, method, url, **options):
    raise RuntimeError(f"{method} {url}?{QUERY} {options.get('headers')} {options.get('proxy_headers')}")

aiohttp.ClientSession._request = crash
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_a_crash(everywhere: Everywhere, key_file: KeyFile, log_format: str) -> None:
    """What nobody foresaw may say anything, even all that is secret."""
    (everywhere.folder / "sitecustomize.py").write_text(CRASHES.replace("{QUERY}", query("location-query")))
    everywhere.environment["PYTHONPATH"] = str(everywhere.folder)
    for arguments in (["snapshot", "ready.example/prod"], ["diff", "ready.example/prod", f"{FAR}/prod"]):
        assert await everywhere.cip(*arguments, "-vv", f"--log-format={log_format}") == 1
    everywhere.assert_told("RuntimeError")
    everywhere.assert_nothing_leaked()


async def test_the_auditor(everywhere: Everywhere, auditor_process: Start, environment: dict[str, str]) -> None:
    manifests = f"--manifest-path={everywhere.folder / 'promoter-manifest.yaml'}"
    token = {"Authorization": f"Bearer {marker('push-token')}"}
    async with (
        auditor_process(manifests, *everywhere.arguments, "-vv", "--verify-oidc-audience=me") as running,
        running.session.post(running.url, data=b"{}", headers=token) as answer,
    ):
        everywhere.shown.append(await answer.text())
        assert answer.status == 401
    everywhere.shown += [*running.out, *running.err]
    digest = next(iter(everywhere.staging.wanted["redirect"]))
    async with auditor_process(manifests, *everywhere.arguments, "-vv", "--log-format=text") as running:
        for way in WAYS:
            await running.push({"action": "INSERT", "digest": f"{LEAKY}/prod/{way}@{digest}"}, message_id=way)
    everywhere.shown += [*running.out, *running.err]
    everywhere.assert_told("rejected INSERT", "push token")
    everywhere.assert_nothing_leaked()


async def test_a_git_url_with_a_password(everywhere: Everywhere) -> None:
    url = f"https://me:{quote(marker('git-password'), safe='')}@127.0.0.1:1/x.git"
    assert await everywhere.cip("audit", "serve", "--port=0", f"--manifest-repo-url={url}", "-vv") == 2
    everywhere.assert_told("expected a URL without a password")
    everywhere.assert_nothing_leaked()
