"""The `artifact-registry` strategy: the API lists all image names of an Artifact Registry repository, page by page.

One walk takes the place of one `tags/list` for each image name, as long as it costs fewer requests, and settles what
`tags/list` cuts off (https://cloud.google.com/artifact-registry/quotas). Where the API does not answer, nothing is
lost but its requests.
"""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

import anyio
import attrs

from cip_async.errors import CredentialError, ListingIncomplete, RegistryError
from cip_async.model.listing import Listing
from cip_async.reference import Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.listing.artifact_repository import ArtifactRepository
from cip_async.registry.listing.names import Answer
from cip_async.registry.listing.walk import Gathering, Sought, Walk
from cip_async.registry.pages import DockerImagesPage

log = logging.getLogger(__name__)

_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""An account that may not, an API that is not enabled, or a repository that it does not know."""


@attrs.define(eq=False)
class ArtifactRegistry:
    """Asks the Artifact Registry API, and remembers of which repositories it does not tell."""

    _client: RegistryClient
    _page_size: int
    _most_pages: int
    _refused: dict[ArtifactRepository, str] = attrs.field(factory=dict, init=False)

    def ask_again(self) -> None:
        """Ask also about what was refused before: permissions change between runs."""
        self._refused.clear()

    async def together(
        self, parent: ArtifactRepository, sought: Mapping[Repository, Sought]
    ) -> AsyncGenerator[Listing, None]:
        """Listings of those repositories in `parent` of which its pages tell, as soon as they do.

        A repository that is left out is best asked for by itself: the pages could not be read, or would cost more.
        """
        began = anyio.current_time()
        walk = Walk(parent, sought, lambda: anyio.current_time() - began)
        try:
            async with aclosing(self._pages(parent, next(iter(sought)))) as pages:
                async for page in pages:
                    for listing in walk.take(page.images):
                        yield listing
                    if page.next_token and not walk.is_worthwhile:
                        return
            for listing in walk.end():
                yield listing
        except (RegistryError, CredentialError) as error:
            log.info("the repositories in %s/%s are listed one by one: %s", parent.host, parent.path, error)

    async def whole(self, parent: ArtifactRepository, repository: Repository) -> Listing:
        """Everything `repository` holds, which is in `parent`.

        Raises:
            RegistryError, CredentialError: the API refused or failed, or the pages could not be read to their end.
        """
        gathering = Gathering(parent, repository)
        began = anyio.current_time()
        async with aclosing(self._pages(parent, repository)) as pages:
            async for page in pages:
                gathering.take(page.images)
        return gathering.listing(anyio.current_time() - began)

    async def _pages(self, parent: ArtifactRepository, asked_for: Repository) -> AsyncGenerator[DockerImagesPage, None]:
        answer = Answer.of_images(parent)
        if parent in self._refused:
            raise ListingIncomplete(answer.host, answer.where, self._refused[parent])
        tokens = {""}
        token = ""
        while True:
            page = await self._page(parent, asked_for, token)
            yield page
            token = page.next_token
            if not token:
                return
            if token in tokens or len(tokens) >= self._most_pages:
                reason = f"its pages lead in a circle, or are more than {self._most_pages}"
                raise ListingIncomplete(answer.host, answer.where, f"the listing is incomplete: {reason}")
            tokens.add(token)

    async def _page(self, parent: ArtifactRepository, asked_for: Repository, token: str) -> DockerImagesPage:
        try:
            return await self._client.docker_images_page(
                parent, asked_for=asked_for, page_size=self._page_size, page_token=token
            )
        except RegistryError as error:
            if error.status in _REFUSALS:
                self._refused[parent] = error.reason
            raise
        except CredentialError as error:
            if not error.retryable:
                self._refused[parent] = error.reason
            raise
