"""Whatever a registry answers, what comes out is a value or the error that was promised."""

import contextlib
import json
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.errors import RegistryError, UnsupportedContent, UntrustedAnswer
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.classify import failure
from cip_async.registry.documents import parse_document
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer
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
from cip_async.registry.pages import catalog_page, tags_page
from cip_async.registry.wire import OCI_INDEX, OCI_MANIFEST, accepted_tags, challenges, next_link, retry_after_s

HOST = Host("us.example")
FOO = Repository(HOST, "prod/foo")
DIGEST = Digest("sha256:" + "a" * 64)
PATH = "/v2/prod/foo/tags/list"
HERE = URL(f"https://us.example{PATH}?n=9")
ENDPOINTS = Endpoints()

HEADER = st.text(st.sampled_from(' ,;="<>\\/:@?#%[].-_abenrtlxBasic0123\t\x00\udcffé'), max_size=60)
LINKS = HEADER | HEADER.map("https://{}".format) | HEADER.map("//us.example{}".format) | HEADER.map("/v2/{}".format)
SCALAR = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([DIGEST, OCI_INDEX])
TAG_LIST = ["name", "tags", "manifest", "child", "repositories", "tag", "imageSizeBytes"]
ERROR = ["errors", "code", "message", "detail"]
DOCUMENT = ["schemaVersion", "mediaType", "config", "layers", "blobs", "manifests", "subject", "fsLayers"]
DESCRIPTOR = ["mediaType", "digest", "size", "urls"]
KEYS = st.sampled_from([*TAG_LIST, *ERROR, *DOCUMENT, *DESCRIPTOR])
JSON = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.just(DIGEST), inner, max_size=5),
    max_leaves=20,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())


def answer(body: bytes, link: str) -> Answer:
    headers = CIMultiDictProxy(CIMultiDict({"Link": link} if link else {}))
    return Answer(status=200, headers=headers, body=body, url=HERE)


@given(HEADER)
def test_any_header_is_read_or_passed_over(header: str) -> None:
    for challenge in challenges([header]):
        assert challenge.scheme == challenge.scheme.lower()
    pause = retry_after_s(header, 0.0)
    assert pause is None or pause >= 0.0
    assert "" not in accepted_tags([header])
    with contextlib.suppress(ValueError):
        next_link([header])


@given(LINKS)
def test_any_url_is_judged_or_is_none(text: str) -> None:
    try:
        url = ENDPOINTS.map_back(HOST, supplied(HERE, text))
    except ValueError:
        return
    assert url.raw_host is not None
    assert shown(url).isprintable()
    assert "?" not in shown(url)
    for objection in (objection_to_redirect, objection_to_location, objection_to_link, objection_to_realm):
        assert objection(HERE, url) is not None or url.scheme == "https"
    assert not same_origin(HERE, url) or not is_stranger(HERE, url)


@given(BODIES, LINKS)
def test_any_body_is_a_page_or_untrusted(body: bytes, link: str) -> None:
    told = answer(body, link)
    for page, path in ((partial(tags_page, FOO), PATH), (partial(catalog_page, HOST), "/v2/_catalog")):
        with contextlib.suppress(UntrustedAnswer):
            found = page(told, ENDPOINTS)
            assert found.next is None or (same_origin(HERE, found.next.url) and found.next.url.raw_path == path)


@given(st.sampled_from([OCI_MANIFEST, OCI_INDEX, "", "text/html"]), BODIES)
def test_any_body_is_a_document_or_refused(content_type: str, body: bytes) -> None:
    with contextlib.suppress(UntrustedAnswer, UnsupportedContent):
        document = parse_document(FOO, DIGEST, content_type, body, most_children=3)
        assert document.body == body
        assert len(document.children) <= 3
        assert not (document.children and document.blobs)


@given(st.sampled_from(["GET", "PUT"]), st.integers(300, 599), BODIES, st.none() | st.floats(0, 1e9))
def test_any_refusal_is_an_error_of_one_printable_line(
    method: str, status: int, body: bytes, retry_after: float | None
) -> None:
    error = failure(HOST, method, PATH, status, body, retry_after)
    assert isinstance(error, RegistryError)
    assert error.status == status
    assert str(error).isprintable()
    assert len(str(error)) < 1000
