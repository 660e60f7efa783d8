"""One page of a listing: what is asked for it, and what the answer says; pure.

What looks like the end of a listing is believed by callers, so an answer that is not clearly a page is none, and a
`Link` that cannot be read or followed spoils it.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import attrs
import msgspec
from yarl import URL

from cip_async.errors import UntrustedAnswer
from cip_async.model.report import RequestClass
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.scopes import CATALOG, Scopes, pull
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.origins import objection_to_link, shown, supplied
from cip_async.registry.wire import (
    UNDECODABLE,
    DockerImage,
    GoogleManifest,
    catalog_decoder,
    docker_images_decoder,
    next_link,
    tags_decoder,
    without_controls,
)
from cip_async.settings import GARBLED_TRIES

_LONGEST_TOKEN: Final = 4096
"""Characters of a page token; it goes into a URL."""

_CATALOG_PATH: Final = "/v2/_catalog"
_OK: Final = frozenset({200})
_OK_OR_ABSENT: Final = frozenset({200, 404})
_NUMBER: Final = re.compile(r"([?&]n=)[0-9]+", re.ASCII)


@attrs.frozen
class NextPage:
    """Where a listing goes on; vetted, and of use only to the listing it came from."""

    url: URL = attrs.field(repr=shown)

    def asking(self, n: int) -> "NextPage | None":
        """The same page with at most `n` names; None where its link names no number."""
        text, changed = _NUMBER.subn(rf"\g<1>{n}", str(self.url), count=1)
        return NextPage(URL(text, encoded=True)) if changed else None


@attrs.frozen(kw_only=True)
class TagsPage:
    """One page of `tags/list`, names as the registry wrote them; `google` is None where it has no such extension."""

    tags: tuple[str, ...]
    google: dict[str, GoogleManifest] | None
    children: tuple[str, ...]
    next: NextPage | None


@attrs.frozen(kw_only=True)
class CatalogPage:
    """One page of the catalog, names as the registry wrote them."""

    repositories: tuple[str, ...]
    next: NextPage | None


@attrs.frozen(kw_only=True)
class DockerImagesPage:
    """One page of an Artifact Registry repository; `next_token` is empty on the last one."""

    images: Sequence[DockerImage]
    next_token: str = attrs.field(repr=False)


def tags_request(
    repository: Repository, n: int, next_page: NextPage | None, endpoints: Endpoints, most_bytes: int
) -> Request:
    """Ask for at most `n` tags, the first or those of `next_page`; its 404 may be an answer too."""
    scopes = pull(endpoints.path(repository))
    return _request(repository.host, _tags_path(repository, endpoints), n, next_page, repository, scopes, most_bytes)


def catalog_request(host: Host, n: int, next_page: NextPage | None, most_bytes: int) -> Request:
    """Ask for at most `n` repositories, the first or those of `next_page`; its 404 may be an answer too."""
    return _request(host, _CATALOG_PATH, n, next_page, None, CATALOG, most_bytes)


def docker_images_request(
    host: Host, path: str, asked_for: Repository, page_size: int, page_token: str, most_bytes: int
) -> Request:
    """Ask for the images at `path`, the first or those of a token, as whoever may read `asked_for`."""
    query = f"pageSize={page_size}" + (f"&pageToken={quote(page_token, safe='')}" if page_token else "")
    return Request(
        host=host,
        method="GET",
        target=f"{path}?{query}",
        request_class=RequestClass.LISTING,
        repository=asked_for,
        scopes=(),
        expected=_OK,
        most_bytes=most_bytes,
    )


def tags_page(repository: Repository, answer: Answer, endpoints: Endpoints) -> TagsPage:
    """The page of tags of `repository` in an answer.

    Raises:
        UntrustedAnswer: the answer is no such page, or leads to where it may not.
    """
    host, path = repository.host, _tags_path(repository, endpoints)
    try:
        body = tags_decoder.decode(answer.body)
    except UNDECODABLE as error:
        raise _no_page(host, path, f"not a tag list: {error}") from error
    if body.tags is msgspec.UNSET and body.manifest is None and body.child is None:
        raise _no_page(host, path, "not a tag list: it has no tags, not even none")
    return TagsPage(
        tags=tuple(body.tags or ()),
        google=body.manifest,
        children=tuple(body.child or ()),
        next=_next(host, path, answer, endpoints),
    )


def catalog_page(host: Host, answer: Answer, endpoints: Endpoints) -> CatalogPage:
    """The page of repositories of `host` in an answer.

    Raises:
        UntrustedAnswer: the answer is no such page, or leads to where it may not.
    """
    path = _CATALOG_PATH
    try:
        body = catalog_decoder.decode(answer.body)
    except UNDECODABLE as error:
        raise _no_page(host, path, f"not a catalog: {error}") from error
    return CatalogPage(repositories=tuple(body.repositories or ()), next=_next(host, path, answer, endpoints))


def docker_images_page(host: Host, path: str, answer: Answer) -> DockerImagesPage:
    """The page of images that `host` answered when asked for `path`.

    Raises:
        UntrustedAnswer: the answer is no such page.
    """
    try:
        body = docker_images_decoder.decode(answer.body)
    except UNDECODABLE as error:
        # The error may name a field, which is whatever the server wrote.
        reason = without_controls(f"not a list of images: {error}")
        raise _no_page(host, path, reason) from error
    if len(body.next_page_token) > _LONGEST_TOKEN:
        raise UntrustedAnswer(host, f"GET {path}", f"its page token has more than {_LONGEST_TOKEN} characters")
    return DockerImagesPage(images=body.docker_images, next_token=body.next_page_token)


def _tags_path(repository: Repository, endpoints: Endpoints) -> str:
    return f"/v2/{endpoints.path(repository)}/tags/list"


def _request(
    host: Host,
    path: str,
    n: int,
    next_page: NextPage | None,
    repository: Repository | None,
    scopes: Scopes,
    most_bytes: int,
) -> Request:
    return Request(
        host=host,
        method="GET",
        target=f"{path}?n={n}",
        url=None if next_page is None else next_page.url,
        request_class=RequestClass.LISTING,
        repository=repository,
        scopes=scopes,
        expected=_OK_OR_ABSENT,
        most_bytes=most_bytes,
    )


def _no_page(host: Host, path: str, reason: str) -> UntrustedAnswer:
    """The answer is no page. It may have been damaged on the way, whereas one that leads elsewhere was made so."""
    return UntrustedAnswer(host, f"GET {path}", reason, retryable=True, most_tries=GARBLED_TRIES)


def _next(host: Host, path: str, answer: Answer, endpoints: Endpoints) -> NextPage | None:
    asked = URL(f"{endpoints.origin(host)}{path}", encoded=True)
    try:
        target = next_link(answer.headers.getall("Link", []))
        if target is None:
            return None
        url = endpoints.map_back(host, supplied(answer.url, target))
    except ValueError as error:
        raise UntrustedAnswer(host, f"GET {path}", "the next page is not at a URL") from error
    objection = objection_to_link(asked, url)
    if objection is not None:
        raise UntrustedAnswer(host, f"GET {path}", f"pagination refused: {objection}")
    return NextPage(url)
