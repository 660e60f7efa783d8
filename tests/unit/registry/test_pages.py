"""What one answer tells of a listing, and where it may lead on."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.errors import UntrustedAnswer
from cip_async.reference import Host, Repository
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer
from cip_async.registry.pages import (
    CatalogPage,
    DockerImagesPage,
    NextPage,
    TagsPage,
    catalog_page,
    docker_images_page,
    tags_page,
)

HOST = Host("us.example")
FOO = Repository(HOST, "prod/foo")
PATH = "/v2/prod/foo/tags/list"
HERE = URL("https://us.example/v2/prod/foo/tags/list?n=2")


def answer(body: bytes, *links: str, url: URL = HERE) -> Answer:
    headers = CIMultiDictProxy(CIMultiDict([("Link", link) for link in links]))
    return Answer(status=200, headers=headers, body=body, url=url)


def page(body: bytes, *links: str, url: URL = HERE, endpoints: Endpoints | None = None) -> TagsPage:
    return tags_page(FOO, answer(body, *links, url=url), endpoints or Endpoints())


def following(*links: str, url: URL = HERE, endpoints: Endpoints | None = None) -> str | None:
    found = page(b'{"tags":[]}', *links, url=url, endpoints=endpoints).next
    return None if found is None else str(found.url)


@pytest.mark.parametrize("body", [b'{"tags":["v1","v2"]}', b'{"name":"x","tags":["v1","v2"],"more":[[1]]}'])
def test_a_page_holds_the_names_of_tags(body: bytes) -> None:
    assert page(body) == TagsPage(tags=("v1", "v2"), google=None, children=(), next=None)


@pytest.mark.parametrize("body", [b'{"tags":null}', b'{"tags":[]}', b'{"child":[]}', b'{"manifest":{}}'])
def test_a_page_may_be_empty_if_it_says_so(body: bytes) -> None:
    assert page(body).tags == ()


@pytest.mark.parametrize(
    "body", [b"{}", b'{"name":"prod/foo"}', b'{"errors":[]}', b"", b"[]", b"<html>", b"[" * 99_999]
)
def test_what_says_nothing_of_tags_is_no_page(body: bytes) -> None:
    with pytest.raises(UntrustedAnswer, match=r"^us\.example: GET /v2/prod/foo/tags/list: not a tag list: "):
        page(body)


def images(body: bytes) -> DockerImagesPage:
    return docker_images_page(HOST, PATH, answer(body))


def test_a_page_of_images_holds_what_the_api_says_of_each() -> None:
    page = images(
        b'{"dockerImages":[{"name":"x","uri":"a/b@c","tags":["v1"],"imageSizeBytes":"7","mediaType":"m","buildTime":"y",'
        b'"imageManifests":[{}]},{"uri":"d"}],"nextPageToken":"t"}'
    )
    assert [(image.uri, image.tags, image.media_type, image.size_bytes) for image in page.images] == [
        ("a/b@c", ("v1",), "m", 7),
        ("d", (), "", None),
    ]
    assert page.next_token == "t"
    assert "next_token" not in repr(page)


@pytest.mark.parametrize("body", [b"{}", b'{"dockerImages":[]}', b'{"nextPageToken":""}'])
def test_an_empty_repository_has_an_empty_page_of_images(body: bytes) -> None:
    assert images(body) == DockerImagesPage(images=[], next_token="")


def test_the_name_of_a_field_that_nobody_knows_is_told_in_a_line_that_is_safe_and_short() -> None:
    with pytest.raises(UntrustedAnswer) as refused:
        images(b'{"\\u001b[2J' + b"a" * 5000 + b'":1}')
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"<html>", b'{"errors":[]}', b'{"error":{}}', b'{"unreachable":["here"]}', b"[" * 99_999),
        *(b'{"dockerImages":[{}]}', b'{"dockerImages":null}', b'{"nextPageToken":7}', b'{"dockerImages":["\xff"]}'),
        *(b'{"dockerImages":[{"uri":"a","tags":"v1"}]}', b'{"nextPageToken":"' + b"t" * 4097 + b'"}'),
    ],
)
def test_what_may_leave_something_out_is_no_page_of_images(body: bytes) -> None:
    with pytest.raises(UntrustedAnswer, match=r"not a list of images: |its page token has more than 4096 characters"):
        images(body)


def test_a_catalog_page_holds_the_names_of_repositories() -> None:
    told = answer(b'{"repositories":["a","b"]}')
    assert catalog_page(HOST, told, Endpoints()) == CatalogPage(repositories=("a", "b"), next=None)
    assert catalog_page(HOST, answer(b'{"repositories":null}'), Endpoints()).repositories == ()


@pytest.mark.parametrize("body", [b"{}", b'{"tags":[]}', b"", b'{"repositories":"a"}'])
def test_what_says_nothing_of_repositories_is_no_catalog_page(body: bytes) -> None:
    with pytest.raises(UntrustedAnswer, match="not a catalog: "):
        catalog_page(HOST, answer(body), Endpoints())


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("</v2/prod/foo/tags/list?n=2&last=b>", "https://us.example/v2/prod/foo/tags/list?n=2&last=b"),
        ("<?last=b>", "https://us.example/v2/prod/foo/tags/list?last=b"),
        ("<https://us.example:443/v2/prod/foo/tags/list?last=b>", "https://us.example/v2/prod/foo/tags/list?last=b"),
        ("<http://us.example/v2/prod/foo/tags/list?last=b>", "https://us.example/v2/prod/foo/tags/list?last=b"),
    ],
)
def test_a_link_leads_to_the_next_page(link: str, leads_to: str) -> None:
    assert following(f'{link}; rel="next"') == leads_to


def test_a_link_with_the_public_name_leads_to_the_endpoint() -> None:
    endpoints = Endpoints({HOST: "http://127.0.0.1:5000"})
    here = URL("http://127.0.0.1:5000/v2/prod/foo/tags/list?n=2")
    link = '<https://us.example/v2/prod/foo/tags/list?last=b>; rel="next"'
    assert following(link, url=here, endpoints=endpoints) == "http://127.0.0.1:5000/v2/prod/foo/tags/list?last=b"


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("<https://eu.example/v2/prod/foo/tags/list?last=b>", "on another origin"),
        ("</v2/prod/bar/tags/list?last=b>", "of another path"),
        ("</v2/prod/foo/tags/list/../../../bar/tags/list>", "of another path"),
        ("</v2/prod%2Ffoo/tags/list>", "of another path"),
        ("<>", "not at a URL"),
        ("<https://[>", "not at a URL"),
    ],
)
def test_a_link_to_anything_else_spoils_the_page(link: str, reason: str) -> None:
    with pytest.raises(UntrustedAnswer, match=reason):
        following(f'{link}; rel="next"')


def test_a_page_that_another_origin_answered_leads_on_only_at_home() -> None:
    backend = URL("https://backend.example/v2/prod/foo/tags/list")
    with pytest.raises(UntrustedAnswer, match="on another origin"):
        following('</v2/prod/foo/tags/list?last=b>; rel="next"', url=backend)


@pytest.mark.parametrize(
    ("link", "smaller"),
    [
        ("https://us.example/x?n=100&last=a%2Fb", "https://us.example/x?n=9&last=a%2Fb"),
        ("https://us.example/x?last=n=5&n=100", "https://us.example/x?last=n=5&n=9"),
        ("https://us.example/x?last=b", None),
        ("https://us.example/x?token=abc&nn=7", None),
    ],
)
def test_a_page_can_be_asked_for_with_fewer_names_where_its_link_names_a_number(link: str, smaller: str | None) -> None:
    asked = NextPage(URL(link, encoded=True)).asking(9)
    assert (None if asked is None else str(asked.url)) == smaller


def test_where_a_listing_goes_on_shows_no_secret() -> None:
    assert "secret" not in repr(NextPage(URL("https://us.example/v2/x?state=secret")))
