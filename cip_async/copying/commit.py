"""Writes documents and tags: the last step of a placement, and the only one that the public can see.

Tags of one digest are written one after the other: distribution 2.8.2 damages content that is sent twice at the
same time into one repository.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cip_async.errors import CipError, ContentUnknown, TagImmutable
from cip_async.model.image import ImageDocument
from cip_async.reference import Host, Repository, Tag
from cip_async.registry.client import RegistryClient

_MOST_TAGS_A_PUT: Final = 10
"""What every registry that takes several tags in one PUT should accept (OCI distribution specification)."""


class Committer:
    """Writes documents and tags, and learns which hosts take several tags in one PUT."""

    def __init__(self, client: RegistryClient, is_google: Callable[[Host], bool]) -> None:
        self._client = client
        self._is_google = is_google
        self._several_tags: dict[Host, bool] = {}

    @property
    def several_tags(self) -> Mapping[Host, bool]:
        """Which hosts take several tags in one PUT, as far as useful requests have shown it."""
        return self._several_tags

    async def put_document(self, repository: Repository, document: ImageDocument) -> None:
        """Write a document under its digest alone.

        Raises:
            ContentUnknown: the registry misses content it refers to.
            CipError: it was not written.
        """
        await self._client.put_document(repository, document)

    async def put_tags(
        self, repository: Repository, document: ImageDocument, tags: tuple[Tag, ...]
    ) -> dict[Tag, CipError]:
        """Write a document under `tags`, and return why for those that could not be written.

        Raises:
            ContentUnknown: the registry misses content it refers to.
        """
        failures: dict[Tag, CipError] = {}
        left = await self._put_together(repository, document, tags)
        for tag in left:
            try:
                await self._client.put_tag(repository, document, tag)
            except ContentUnknown:
                raise
            except TagImmutable as error:
                if not await self._points_there(repository, document, tag):
                    failures[tag] = error
            except CipError as error:
                failures[tag] = error
        return failures

    async def _put_together(
        self, repository: Repository, document: ImageDocument, tags: tuple[Tag, ...]
    ) -> tuple[Tag, ...]:
        """Write as many tags as the host takes in one PUT, and return those that are left.

        A host that has not shown yet whether it can is tried once; the request is useful either way, since
        it writes the document. Google's registries are known not to.
        """
        host = repository.host
        if len(tags) < 2 or not self._several_tags.get(host, not self._is_google(host)):
            return tags
        self._several_tags.setdefault(host, False)  # so that nobody else tries until the answer is here
        left: list[Tag] = []
        for start in range(0, len(tags), _MOST_TAGS_A_PUT):
            batch = tags[start : start + _MOST_TAGS_A_PUT]
            try:
                written = await self._client.put_tags(repository, document, batch)
            except ContentUnknown:
                raise
            except CipError:
                return (*left, *tags[start:])
            self._several_tags[host] = bool(written)
            left.extend(tag for tag in batch if tag not in written)
            if not written:
                return (*left, *tags[start + _MOST_TAGS_A_PUT :])
        return tuple(left)

    async def _points_there(self, repository: Repository, document: ImageDocument, tag: Tag) -> bool:
        """Whether an immutable tag points to the document already, so that the refusal is none."""
        try:
            head = await self._client.head_manifest(repository, tag)
        except CipError:
            return False
        return head is not None and head.digest == document.digest
