"""A listing is read to its end, by the strategy of its host, or it is an error: never a part taken for the whole."""

import hashlib
import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from cip_async.errors import (
    Denied,
    DigestMismatch,
    ListingIncomplete,
    RegistryError,
    Unauthorized,
    Unavailable,
    UntrustedAnswer,
)
from cip_async.reference import Digest, RegistryPath, Repository, Tag
from cip_async.registry.credentials.provider import BearerToken
from cip_async.registry.listing.strategy import Strategy
from tests.service.registry.conftest import FOO, HOST, ONE_TRY, V1, D, Open, Serve
from tests.service.registry.scripted import ABSENT, NO_BACKEND, Reply, Seen

pytestmark = pytest.mark.anyio

TAGS = "/v2/prod/foo/tags/list"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY_INDEX = b'{"manifests":[]}'
EMPTY_INDEX_DIGEST = f"sha256:{hashlib.sha256(EMPTY_INDEX).hexdigest()}"
SHA512 = Digest("sha512:" + "5" * 128)
NAMES = ("a", "b", "c", "d", "e")
V2 = Tag("v2")


def json_reply(link: str | None = None, **members: object) -> Reply:
    return Reply(headers={} if link is None else {"Link": link}, body=json.dumps(members).encode())


def paging(seen: Seen, *, key: str = "tags", link: Callable[[str], str] = '<{}>; rel="next"'.format) -> Reply:
    """A registry that pages as the specification wants it, and points every tag to one digest."""
    url = urlsplit(seen.target)
    if not url.path.endswith(("/tags/list", "/_catalog")):
        return Reply(headers={"Docker-Content-Digest": D, "Content-Type": "x/y; charset=utf-8", "X": "1"})
    query = parse_qs(url.query)
    n, last = int(query["n"][0]), query.get("last", [""])[0]
    names = [name for name in NAMES if name > last]
    page = names[:n]
    more = link(f"{url.path}?n={n}&last={page[-1]}") if len(names) > n else None
    return json_reply(more, **{key: page})


@pytest.mark.parametrize(
    "link",
    [
        '<{}>; rel="next"'.format,
        "<{}>;rel=next".format,
        f'<https://{HOST}{{}}>; rel="next"'.format,
        '</other>; rel="prev", <{}>; title="more"; REL=NEXT'.format,
    ],
)
async def test_all_pages_of_a_plain_registry_are_read(serve: Serve, reach: Open, link: Callable[[str], str]) -> None:
    registry = await serve(lambda seen: paging(seen, link=link))
    reached = await reach(registry, credential=BearerToken(token="our-secret"))
    listing = await reached.lister.whole(FOO)
    assert listing.tags == dict.fromkeys(NAMES, D)
    assert registry.lines[:3] == [f"GET {TAGS}"] * 3
    assert {seen.authorization for seen in registry.seen} == {"Bearer our-secret"}


async def test_only_tags_that_somebody_wants_are_looked_up(serve: Serve, reach: Open) -> None:
    registry = await serve(paging)
    listing = await (await reach(registry, page_size=9)).lister.wanted(FOO, {Tag("b"), Tag("zz")}, {D})
    assert listing.tags == {"b": D}
    assert listing.holds(D) is True
    assert sorted(registry.lines[1:]) == [f"HEAD /v2/prod/foo/manifests/{reference}" for reference in ("b", D)]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("<https://elsewhere.example/v2/prod/foo/tags/list?last=b>", "on another origin"),
        ("<http://127.0.0.1:1/v2/prod/foo/tags/list?last=b>", "on another origin"),
        ("<//elsewhere.example/v2/prod/foo/tags/list>", "on another origin"),
        ("</v2/prod/other/tags/list?last=b>", "of another path"),
        ("</v2/prod/foo/tags/../../../internal?last=b>", "of another path"),
        ("<http://[::1>", "not at a URL"),
        ("</v2/prod/foo/tags/list?last=b", "not at a URL"),
    ],
)
async def test_a_link_to_somewhere_else_is_not_followed(serve: Serve, reach: Open, link: str, reason: str) -> None:
    registry = await serve(lambda _: json_reply(f'{link}; rel="next"', tags=["a", "b"]))
    reached = await reach(registry, credential=BearerToken(token="our-secret"))
    with pytest.raises(UntrustedAnswer, match=reason):
        await reached.lister.whole(FOO)
    assert len(registry.seen) == 1


async def test_a_link_that_leads_to_itself_is_incomplete(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: json_reply(f'<{TAGS}?last=b>; rel="next"', tags=["a", "b"]))
    with pytest.raises(ListingIncomplete):
        await (await reach(registry)).lister.whole(FOO)
    assert len(registry.seen) == 2


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (ABSENT, ListingIncomplete),
        (Reply(403), RegistryError),
        (Reply(500), Unavailable),
        (Reply(body=b'{"tags":["c"', break_off=5), Unavailable),
        (Reply(body=b'{"tags":["c"'), UntrustedAnswer),
        (Reply(break_off=0), Unavailable),
    ],
)
async def test_a_failed_page_is_never_the_end(
    serve: Serve, reach: Open, second: Reply, error: type[RegistryError]
) -> None:
    registry = await serve(lambda seen: second if "last" in seen.target else paging(seen))
    with pytest.raises(error):
        await (await reach(registry, retries=ONE_TRY)).lister.whole(FOO)


async def test_a_listing_cut_off_without_a_link_is_incomplete(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda seen: json_reply(tags=list(NAMES)[: int(parse_qs(urlsplit(seen.target).query)["n"][0])])
    )
    with pytest.raises(ListingIncomplete, match="cuts it off at 2 names"):
        await (await reach(registry)).lister.whole(FOO)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
async def test_a_refused_listing_is_not_empty(serve: Serve, reach: Open, strategy: Strategy, status: int) -> None:
    reached = await reach(await serve(lambda _: Reply(status)), strategy=strategy, retries=ONE_TRY)
    for listing in (reached.lister.whole(FOO), reached.lister.wanted(FOO, {V1}, {D}), reached.lister.digests(FOO, {D})):
        with pytest.raises(RegistryError) as refused:
            await listing
        assert refused.value.status == status


@pytest.mark.parametrize("strategy", Strategy)
async def test_a_repository_that_does_not_exist_is_empty(serve: Serve, reach: Open, strategy: Strategy) -> None:
    reached = await reach(await serve(lambda _: ABSENT), strategy=strategy)
    listing = await reached.lister.wanted(FOO, {V1}, {D})
    assert (listing.tags, listing.holds(D)) == ({}, False)


@pytest.mark.parametrize("strategy", Strategy)
async def test_a_404_of_a_proxy_makes_no_repository_empty(serve: Serve, reach: Open, strategy: Strategy) -> None:
    reached = await reach(await serve(lambda _: NO_BACKEND), strategy=strategy)
    for listing in (reached.lister.whole(FOO), reached.lister.wanted(FOO, {V1}, {D}), reached.lister.digests(FOO, {D})):
        with pytest.raises(Unavailable, match="status 404, and not from a registry"):
            await listing


async def test_a_404_of_a_proxy_makes_no_manifest_absent(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: NO_BACKEND)
    client = (await reach(registry)).client
    with pytest.raises(Unavailable, match="not from a registry"):
        await client.head_manifest(FOO, V1)
    assert [seen.method for seen in registry.seen] == ["HEAD", "GET"]
    with pytest.raises(Unavailable, match="not from a registry"):
        await client.get_document(FOO, D)


async def test_a_registry_without_telling_headers_proves_absence_by_its_errors(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(404, body=ABSENT.body))
    reached = await reach(registry)
    assert await reached.client.head_manifest(FOO, V1) is None
    assert [seen.method for seen in registry.seen] == ["HEAD", "GET"]
    assert await reached.client.get_document(FOO, D) is None
    assert (await reached.lister.wanted(FOO, {V1}, set())).tags == {}


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_manifest_that_may_not_be_seen_is_not_absent(serve: Serve, reach: Open, status: int) -> None:
    reached = await reach(await serve(lambda _: Reply(status)), retries=ONE_TRY)
    with pytest.raises(RegistryError):
        await reached.lister.digests(FOO, {D})


async def test_a_tag_that_is_listed_and_has_no_manifest_is_incomplete(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda seen: json_reply(tags=["v1"]) if seen.method == "GET" else ABSENT)
    with pytest.raises(ListingIncomplete, match="tag v1 is listed, and yet the registry has no manifest"):
        await (await reach(registry)).lister.wanted(FOO, {V1, V2}, set())


async def test_a_tag_that_vanishes_meanwhile_is_absent(serve: Serve, reach: Open) -> None:
    lists = iter([["v1"], []])
    registry = await serve(lambda seen: json_reply(tags=next(lists)) if seen.method == "GET" else ABSENT)
    assert (await (await reach(registry)).lister.wanted(FOO, {V1, V2}, set())).tags == {}
    assert registry.lines == [f"GET {TAGS}", "HEAD /v2/prod/foo/manifests/v1", f"GET {TAGS}"]


class TestTagsThatAreLookedUpWithoutAListing:
    """Where a listing could only cost more; see `registry.listing.worth`."""

    @pytest.mark.parametrize("is_there", [True, False])
    async def test_one_tag_costs_one_request(self, serve: Serve, reach: Open, is_there: bool) -> None:
        registry = await serve(paging if is_there else lambda _: ABSENT)
        listing = await (await reach(registry)).lister.wanted(FOO, {Tag("b")}, set())
        assert listing.tags == ({"b": D} if is_there else {})
        assert registry.lines == ["HEAD /v2/prod/foo/manifests/b"]

    async def test_no_tag_costs_only_the_digests(self, serve: Serve, reach: Open) -> None:
        registry = await serve(paging)
        listing = await (await reach(registry)).lister.wanted(FOO, set(), {D})
        assert (listing.holds(D), listing.tags) == (True, {})
        assert registry.lines == [f"HEAD /v2/prod/foo/manifests/{D}"]

    async def test_tags_that_were_there_before_cost_one_request_each(self, serve: Serve, reach: Open) -> None:
        registry = await serve(lambda seen: ABSENT if seen.target.endswith("/c") else paging(seen))
        listing = await (await reach(registry)).lister.wanted(FOO, {Tag("a"), Tag("b"), Tag("c")}, set(), believed=2)
        assert listing.tags == {"a": D, "b": D}
        assert sorted(registry.lines) == [f"HEAD /v2/prod/foo/manifests/{tag}" for tag in ("a", "b", "c")]

    async def test_a_belief_that_is_wrong_changes_no_answer(self, serve: Serve, reach: Open) -> None:
        registry = await serve(lambda _: ABSENT)
        listing = await (await reach(registry)).lister.wanted(FOO, {V1, V2}, {D}, believed=2)
        assert (listing.tags, listing.holds(D)) == ({}, False)
        assert {seen.method for seen in registry.seen} == {"HEAD"}

    async def test_a_registry_that_forbids_to_look_for_what_is_absent_is_listed(
        self, serve: Serve, reach: Open
    ) -> None:
        registry = await serve(lambda seen: Reply(403) if seen.method == "HEAD" else json_reply(tags=["other"]))
        assert (await (await reach(registry)).lister.wanted(FOO, {V1}, set())).tags == {}
        assert registry.lines == ["HEAD /v2/prod/foo/manifests/v1", f"GET {TAGS}"]

    async def test_a_tag_that_is_listed_and_may_not_be_looked_up_is_not_absent(self, serve: Serve, reach: Open) -> None:
        registry = await serve(lambda seen: Reply(403) if seen.method == "HEAD" else json_reply(tags=["v1"]))
        with pytest.raises(Denied):
            await (await reach(registry)).lister.wanted(FOO, {V1}, set())

    @pytest.mark.parametrize("status", [401, 500])
    async def test_a_tag_that_cannot_be_looked_up_is_not_absent(self, serve: Serve, reach: Open, status: int) -> None:
        reached = await reach(await serve(lambda _: Reply(status)), retries=ONE_TRY)
        with pytest.raises(RegistryError) as refused:
            await reached.lister.wanted(FOO, {V1}, set())
        assert refused.value.status == status


async def test_a_digest_is_learnt_from_the_bytes_where_the_header_is_missing(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(headers={"Content-Type": INDEX}, body=EMPTY_INDEX))
    head = await (await reach(registry)).client.head_manifest(FOO, V1)
    assert head is not None
    assert (head.digest, head.media_type, head.size_bytes) == (EMPTY_INDEX_DIGEST, INDEX, len(EMPTY_INDEX))
    assert [seen.method for seen in registry.seen] == ["HEAD", "GET"]


async def test_a_login_page_is_no_manifest(serve: Serve, reach: Open) -> None:
    reached = await reach(
        await serve(lambda _: Reply(headers={"Content-Type": "text/html"}, body=b"<html>log in</html>"))
    )
    with pytest.raises(UntrustedAnswer, match="not a valid image manifest"):
        await reached.client.head_manifest(FOO, V1)


@pytest.mark.parametrize("headers", [{}, {"Docker-Content-Digest": EMPTY_INDEX_DIGEST}])
async def test_something_else_under_a_digest_is_neither_there_nor_absent(
    serve: Serve, reach: Open, headers: dict[str, str]
) -> None:
    reached = await reach(await serve(lambda _: Reply(headers=headers)))
    with pytest.raises(DigestMismatch):
        await reached.lister.digests(FOO, {D})


async def test_a_digest_that_the_registry_knows_by_another_algorithm_is_there(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(headers={"Docker-Content-Digest": D})))
    assert (await reached.lister.digests(FOO, {SHA512})).holds(SHA512) is True


@pytest.mark.parametrize("header", ["", "latest", "sha256:abc", "md5:" + "a" * 32])
async def test_a_digest_header_must_be_a_digest(serve: Serve, reach: Open, header: str) -> None:
    reached = await reach(await serve(lambda _: Reply(headers={"Docker-Content-Digest": header})))
    with pytest.raises(UntrustedAnswer, match="Docker-Content-Digest"):
        await reached.client.head_manifest(FOO, V1)


async def test_googles_listing_tells_all_in_one_request(serve: Serve, reach: Open) -> None:
    registry = await serve(
        lambda _: json_reply(
            name="prod/foo",
            tags=["v1"],
            child=["sub"],
            manifest={D: {"imageSizeBytes": "7", "mediaType": "x/y", "tag": ["v1"], "timeCreatedMs": "0"}},
        )
    )
    listing = await (await reach(registry, strategy=Strategy.GOOGLE, page_size=9)).lister.wanted(FOO, {V1}, {D})
    assert (listing.tags, listing.children, listing.holds(D)) == ({"v1": D}, ("sub",), True)
    assert [seen.target for seen in registry.seen] == [f"{TAGS}?n=9"]


async def test_googles_listing_with_as_many_entries_as_asked_for_is_incomplete(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: json_reply(tags=["a", "b"], manifest={D: {"tag": ["a", "b"]}}))
    with pytest.raises(ListingIncomplete, match="cut off"):
        await (await reach(registry, strategy=Strategy.GOOGLE)).lister.whole(FOO)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"tags":"v1"}', b"{}", b'{"errors":[]}', b"[" * 100_000, b'{"tags":["\xff"]}']
)
async def test_nonsense_is_no_listing(serve: Serve, reach: Open, strategy: Strategy, body: bytes) -> None:
    reached = await reach(await serve(lambda _: Reply(body=body)), strategy=strategy)
    with pytest.raises(UntrustedAnswer):
        await reached.lister.whole(FOO)


async def test_the_catalog_is_read_to_its_end_below_a_path(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda seen: paging(seen, key="repositories"))
    reached = await reach(registry)
    assert [repository async for repository in reached.lister.catalog(RegistryPath(HOST, "c"))] == [
        Repository(HOST, "c")
    ]
    assert registry.lines == ["GET /v2/_catalog"] * 3


async def test_a_registry_without_a_catalog_is_not_empty(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: ABSENT))
    with pytest.raises(ListingIncomplete, match="no catalog"):
        [repository async for repository in reached.lister.catalog(RegistryPath(HOST, ""))]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"errors":[]}', b'{"repositories":["../../x"]}'])
async def test_nonsense_is_no_catalog(serve: Serve, reach: Open, body: bytes) -> None:
    reached = await reach(await serve(lambda _: Reply(body=body)))
    with pytest.raises(UntrustedAnswer):
        [repository async for repository in reached.lister.catalog(RegistryPath(HOST, ""))]


async def test_a_catalog_that_is_forbidden_is_not_empty(serve: Serve, reach: Open) -> None:
    reached = await reach(await serve(lambda _: Reply(401)))
    with pytest.raises(Unauthorized):
        [repository async for repository in reached.lister.catalog(RegistryPath(HOST, ""))]


async def test_a_404_of_a_proxy_makes_no_blob_absent(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: NO_BACKEND)
    client = (await reach(registry)).client
    with pytest.raises(Unavailable, match="not from a registry"):
        await client.head_blob(FOO, D)
    assert [seen.method for seen in registry.seen] == ["HEAD", "GET"]


async def test_a_blob_is_absent_by_the_errors_of_a_registry_without_telling_headers(serve: Serve, reach: Open) -> None:
    registry = await serve(lambda _: Reply(404, body=b'{"errors":[{"code":"BLOB_UNKNOWN"}]}'))
    assert await (await reach(registry)).client.head_blob(FOO, D) is None


async def test_of_a_blob_whose_head_is_refused_by_a_404_and_that_is_there_no_byte_is_read(
    serve: Serve, reach: Open
) -> None:
    blob = Reply(200, body=b"x" * 10)
    registry = await serve(lambda seen: NO_BACKEND if seen.method == "HEAD" else blob)
    head = await (await reach(registry)).client.head_blob(FOO, D)
    assert head is not None
    assert head.size_bytes == 10
