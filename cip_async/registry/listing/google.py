"""The `google` strategy: one request tells every digest, its tags and the repositories one level below.

The extension of `tags/list` is described by what reads it: github.com/google/go-containerregistry,
`pkg/v1/google/list.go`. Artifact Registry cuts such a listing at 10,000 entries without saying so
(https://cloud.google.com/artifact-registry/quotas), so as many entries as were asked for prove nothing.
"""

from typing import Final

from cip_async.errors import ListingCutOff, ListingIncomplete, NotFound, UntrustedAnswer
from cip_async.model.listing import Described, Effort, Listing
from cip_async.reference import Digest, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.listing.names import Answer
from cip_async.registry.pages import TagsPage
from cip_async.registry.wire import GoogleManifest

_REMEDY: Final = "choose another listing strategy for this host"


async def list_google(client: RegistryClient, repository: Repository, *, n: int) -> Listing:
    """List `repository` whole, asking for `n` entries. A repository that does not exist is empty.

    Raises:
        ListingCutOff: the answer does not tell all.
        ListingIncomplete: it is not Google's.
        RegistryError: the registry refused, failed or answered nonsense.
    """
    try:
        page = await client.tags_page(repository, n=n)
    except NotFound:
        return Listing(repository=repository, digests=frozenset(), tags={}, efforts=_efforts(repository))
    return google_listing(repository, page, n)


def google_listing(repository: Repository, page: TagsPage, n: int) -> Listing:
    """What one extended answer tells, when `n` entries were asked for; pure.

    Raises:
        ListingCutOff: the answer does not tell all.
        ListingIncomplete: it is not Google's.
        UntrustedAnswer: it contradicts itself or contains a malformed name.
    """
    answer = Answer.of_tags(repository)
    described: dict[Digest, Described] = {}
    tags: dict[Tag, Digest] = {}
    for text, manifest in _manifests(page, n, answer).items():
        digest = answer.digest(text)
        described[digest] = Described(media_type=manifest.media_type, size_bytes=manifest.size_bytes)
        for tag in answer.tags(manifest.tags):
            if tags.setdefault(tag, digest) != digest:
                reason = f"tag {tag} points to both {tags[tag]} and {digest}"
                raise UntrustedAnswer(answer.host, answer.where, reason)
    untold = set(page.tags) - tags.keys()
    if untold:
        raise _cut_off(answer, f"the registry names {len(untold)} tags without their digests")
    children = answer.image_names(sorted(page.children))
    return Listing(
        repository=repository,
        digests=described.keys(),
        tags=tags,
        described=described,
        children=children,
        efforts=_efforts(repository),
    )


def _manifests(page: TagsPage, n: int, answer: Answer) -> dict[str, GoogleManifest]:
    if page.google is None and (page.tags or not page.children):
        reason = f"the listing is incomplete: the answer lacks what Google's registries add to it: {_REMEDY}"
        raise ListingIncomplete(answer.host, answer.where, reason)
    manifests = page.google or {}
    tags = sum(len(manifest.tags) for manifest in manifests.values())
    if max(len(manifests), len(page.tags), tags, len(page.children)) >= n:
        raise _cut_off(answer, f"it has {n} entries or more and was cut off: {_REMEDY}")
    if page.next is not None:
        raise _cut_off(answer, f"the registry links to more of it: {_REMEDY}")
    return manifests


def _efforts(repository: Repository) -> tuple[Effort, ...]:
    return (Effort(host=repository.host, lists=1),)


def _cut_off(answer: Answer, reason: str) -> ListingCutOff:
    return ListingCutOff(answer.host, answer.where, f"the listing is incomplete: {reason}")
