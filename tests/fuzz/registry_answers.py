"""What registries and their token services answer: bodies, and headers as the HTTP library decodes them."""

import contextlib
import json
from collections.abc import Callable
from functools import partial
from typing import Final

import anyio
import attrs
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.errors import CipError, RegistryError, UnsupportedContent, UntrustedAnswer
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.classify import failure
from cip_async.registry.credentials.provider import Credential, IdentityToken, Password
from cip_async.registry.credentials.scopes import pull
from cip_async.registry.credentials.tokens import Authorizer
from cip_async.registry.documents import parse_document
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.listing.artifact_repository import ArtifactRepository
from cip_async.registry.listing.names import Answer as Names
from cip_async.registry.origins import (
    is_stranger,
    objection_to_link,
    objection_to_location,
    objection_to_realm,
    objection_to_redirect,
    same_origin,
    shown,
    supplied,
)
from cip_async.registry.pages import catalog_page, docker_images_page, tags_page
from cip_async.registry.wire import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    accepted_tags,
    retry_after_s,
)
from tests.fuzz.target import Target

HOST: Final = Host("us.example")
FOO: Final = Repository(HOST, "prod/foo")
DIGEST: Final = Digest("sha256:" + "a" * 64)
CHILD: Final = "sha256:" + "b" * 64
PATH: Final = "/v2/prod/foo/tags/list"
HERE: Final = URL(f"https://us.example{PATH}?n=9")
SENTENCE: Final = 2_000
"""Characters of an error's sentence. What a registry says is cut, and so is what it is said about."""


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def answer(body: bytes = b"", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items() if value}
    return Answer(status=200, headers=CIMultiDictProxy(CIMultiDict(names)), body=body, url=HERE)


def header(content: bytes) -> str:
    """A header's value: no line of HTTP has a break or NUL in it, and aiohttp decodes what is left in this way."""
    return content.translate(None, b"\r\n\0").decode("utf-8", "surrogateescape")


def told(error: CipError) -> None:
    """The error says which host and what was asked of it, in one line that is safe to print and not endless."""
    assert isinstance(error, RegistryError)
    assert str(error).startswith(f"{error.host}: ")
    assert error.where
    assert len(str(error)) < SENTENCE


def tags(content: bytes) -> None:
    try:
        page = tags_page(FOO, answer(content), Endpoints())
        names = Names.of_tags(FOO)
        names.tags(page.tags)
        names.image_names(page.children)
        for digest, manifest in (page.google or {}).items():
            names.digest(digest)
            names.tags(manifest.tags)
            assert manifest.size_bytes is None or manifest.size_bytes > 0
    except UntrustedAnswer as error:
        told(error)


def catalog(content: bytes) -> None:
    try:
        Names.of_catalog(HOST).image_names(catalog_page(HOST, answer(content), Endpoints()).repositories)
    except UntrustedAnswer as error:
        told(error)


def docker_images(content: bytes) -> None:
    parent = ArtifactRepository(Host("us-docker.pkg.dev"), "project/repo")
    try:
        page = docker_images_page(HOST, PATH, answer(content))
        for image in page.images:
            parent.path_within(image.uri.partition("@")[0])
            assert image.size_bytes is None or image.size_bytes > 0
    except UntrustedAnswer as error:
        told(error)


def document(media_type: str, content: bytes) -> None:
    try:
        found = parse_document(FOO, DIGEST, media_type, content, most_children=3)
    except (UntrustedAnswer, UnsupportedContent) as error:
        told(error)
    else:
        assert found.body == content
        assert found.media_type.isascii()
        assert len(found.children) <= 3


def document_type(content: bytes) -> None:
    """A `Content-Type` over a document that is sound, and what a `Docker-Content-Digest` might say."""
    document(header(content), MANIFEST)
    with contextlib.suppress(UntrustedAnswer):
        Names.of_tags(FOO).digest(header(content))


def refusal(content: bytes) -> None:
    for method, status in (("GET", 404), ("PUT", 400), ("PUT", 409), ("POST", 503), ("GET", 429), ("GET", 401)):
        error = failure(HOST, method, PATH, status, content, None)
        told(error)
        assert str(error).isprintable()
        assert error.status == status


def link(content: bytes) -> None:
    with contextlib.suppress(UntrustedAnswer):
        page = tags_page(FOO, answer(b'{"tags":[]}', Link=header(content)), Endpoints())
        assert page.next is None or (same_origin(HERE, page.next.url) and page.next.url.raw_path == PATH)
        assert page.next is None or page.next.asking(8) is None or same_origin(HERE, page.next.url)


def location(content: bytes) -> None:
    try:
        url = Endpoints().map_back(HOST, supplied(HERE, header(content)))
    except ValueError:
        return
    assert url.raw_host is not None
    assert shown(url).isprintable()
    assert "?" not in shown(url)
    for objection in (objection_to_redirect, objection_to_location, objection_to_link, objection_to_realm):
        reason = objection(HERE, url)
        assert reason is not None or url.scheme == "https"
        assert reason is None or reason.isprintable()
    assert not same_origin(HERE, url) or not is_stranger(HERE, url)


def retry_after(content: bytes) -> None:
    pause = retry_after_s(header(content), 1e9)
    assert pause is None or pause >= 0.0


def oci_tag(content: bytes) -> None:
    assert "" not in accepted_tags([header(content)])


@attrs.frozen
class Provider:
    """Has one credential for everybody."""

    found: Credential

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        return self.found


def bought(challenge: str, body: bytes) -> None:
    """A challenge is answered: with a header that HTTP can carry, or with the reason why not."""

    async def ask(request: Request) -> Answer:
        assert request.url is not None
        assert str(request.url).isascii()
        assert request.target.isascii()
        return answer(body)

    for credential in (Password(username="u", password="p"), IdentityToken(token="t")):
        authorizer = Authorizer(Provider(credential), Endpoints(), ask, lambda: 0.0, 1 << 20)
        refused = answer(WWW_Authenticate=challenge)
        try:
            sent = anyio.run(authorizer.answer_challenge, HOST, FOO, pull(FOO.path), None, refused)
        except CipError as error:
            assert str(error).isprintable()
        else:
            assert sent is None or (sent.isascii() and sent.isprintable())


def challenge(content: bytes) -> None:
    bought(header(content), b'{"token":"t"}')


def token(content: bytes) -> None:
    bought('Bearer realm="https://us.example/token",service="us.example"', content)


DESCRIPTOR: Final = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": CHILD, "size": 7}
MANIFEST: Final = encoded(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2},
        "layers": [DESCRIPTOR, {**DESCRIPTOR, "urls": ["https://elsewhere.example/layer"]}],
        "subject": DESCRIPTOR,
        "annotations": {"a": "b"},
    }
)
INDEX: Final = encoded(
    {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                "mediaType": OCI_MANIFEST,
                "digest": CHILD,
                "size": 7,
                "platform": {"os": "linux", "architecture": "arm64"},
            }
        ],
    }
)
JSON_WORDS: Final = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"true", b"[[", b'{"a":', b"[]", b"{}", b'""', b"\\u0000", b"\\"),
    *(DIGEST.encode(), CHILD.encode(), b"sha512:", b'"tags"', b'"errors"', b'"manifests"', b'"layers"', b'"urls"'),
    *(b'"digest"', b'"size"', b'"mediaType"', b'"schemaVersion":1', b'"fsLayers"', b'"subject"', b'"config"'),
    *(b'"token"', b'"expires_in"', b'"detail"', b'"code"', b'"child"', b'"manifest"', b'"nextPageToken"'),
    *(OCI_INDEX.encode(), DOCKER_LIST.encode(), b"application/vnd.docker.distribution.manifest.v1+json"),
)
HEADER_WORDS: Final = (
    *(b"<", b">", b";", b",", b"=", b'"', b"\\", b"/", b"//", b":", b"@", b"?", b"#", b"%", b"[", b"]", b"[]", b"::"),
    *(b"rel=next", b'rel="next"', b"next", b"https://", b"http://", b"us.example", b"us.example:443", b"/v2/prod/foo"),
    *(b"Bearer ", b"Basic ", b"realm=", b"service=", b"scope=", b"repository:a:pull", b"user:pass@", b"127.0.0.1"),
    *(b"169.254.169.254", b"[::1]", b"xn--", b"GMT", b"Thu, ", b"2026", b"+9999", b"charset=", b"bytes 0-"),
)


def _of_json(name: str, feed: Callable[[bytes], None], *seeds: object, weight: int = 10) -> Target:
    texts = tuple(seed if isinstance(seed, bytes) else encoded(seed) for seed in seeds)
    return Target(name=name, feed=feed, seeds=texts, words=JSON_WORDS, weight=weight)


def _of_header(name: str, feed: Callable[[bytes], None], *seeds: bytes, weight: int = 10) -> Target:
    return Target(name=name, feed=feed, seeds=seeds, words=HEADER_WORDS, weight=weight)


TARGETS: Final = (
    _of_json(
        "tags",
        tags,
        {"name": "prod/foo", "tags": ["v1", "1.10"]},
        {
            "child": ["foo"],
            "manifest": {
                DIGEST: {"imageSizeBytes": "12", "mediaType": OCI_INDEX, "tag": ["v1"], "timeUploadedMs": "1"}
            },
            "name": "prod",
            "tags": ["v1"],
        },
    ),
    _of_json("catalog", catalog, {"repositories": ["a", "b/c"]}),
    _of_json(
        "docker-images",
        docker_images,
        {
            "dockerImages": [
                {
                    "name": "projects/p/locations/us/repositories/r/dockerImages/a",
                    "uri": f"us-docker.pkg.dev/project/repo/a@{DIGEST}",
                    "tags": ["v1"],
                    "imageSizeBytes": "12",
                    "mediaType": OCI_MANIFEST,
                }
            ],
            "nextPageToken": "t",
        },
    ),
    _of_json("image-manifest", partial(document, OCI_MANIFEST), MANIFEST, MANIFEST.replace(b".oci.", b".docker.")),
    _of_json("index", partial(document, OCI_INDEX), INDEX),
    _of_json("untyped-document", partial(document, ""), MANIFEST, INDEX),
    _of_json(
        "errors",
        refusal,
        {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown", "detail": {"Digest": DIGEST}}]},
        {"errors": [{"code": "TOOMANYREQUESTS", "message": "quota", "detail": DIGEST}]},
        {"error": {"status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded", "code": 429}},
    ),
    _of_json("token", token, {"token": "t", "expires_in": 300}, {"access_token": "t", "expires_in": 1.5}, weight=3),
    _of_header(
        "challenge",
        challenge,
        b'Bearer realm="https://us.example/token?a=b",service="us.example",scope="repository:prod/foo:pull"',
        b'Basic realm="a b", Bearer realm="https://auth.us.example/t",service=x',
        weight=3,
    ),
    _of_header(
        "link",
        link,
        b'</v2/prod/foo/tags/list?n=9&last=v1>; rel="next"',
        b'<https://us.example/v2/prod/foo/tags/list?last=a>; title="x"; rel="prev next", </>; rel=last',
    ),
    _of_header("location", location, b"https://us.example/v2/prod/foo/blobs/uploads/1?state=x", b"/v2/a", b"//h:1/b#c"),
    _of_header(
        "retry-after", retry_after, b"120", b"Thu, 26 Nov 2026 15:00:00 GMT", b"Thu, 26 Nov 2026 15:00:00 +0100"
    ),
    _of_header("oci-tag", oci_tag, b"v1, v2", b"v1"),
    _of_header("content-type", document_type, OCI_MANIFEST.encode() + b"; charset=utf-8", DOCKER_MANIFEST.encode()),
)
