"""Writes documents and tags: the last step of a placement, and the only one that the public can see.

Tags of one digest are written one after the other: distribution 2.8.2 damages content that is sent twice at the
same time into one repository.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import anyio
import attrs

from cip_async.errors import CipError, ContentUnknown, RegistryError, TagImmutable, TagTaken
from cip_async.model.image import ImageDocument
from cip_async.planning.learnt import MOST_TAGS_A_PUT, Learnt
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.client import RegistryClient

OnWritten = Callable[[Iterable[Tag]], None]

_CANNOT: Final = frozenset({400, 404, 405, 414, 501})
"""Answers of registries that stumble over the tags in the query: they will the next time too."""


class Committer:
    """Writes documents and tags, and learns which hosts take several tags in one PUT."""

    def __init__(self, client: RegistryClient, is_google: Callable[[Host], bool], learnt: Learnt) -> None:
        self._client = client
        self._is_google = is_google
        self._learnt = learnt
        self._several_tags: dict[Host, bool] = {}
        self._trials: dict[Host, anyio.Event] = {}

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
        self,
        repository: Repository,
        document: ImageDocument,
        tags: tuple[Tag, ...],
        on_written: OnWritten,
        is_stale: Callable[[], bool],
    ) -> dict[Tag, CipError]:
        """Write a document under `tags`, tell of them as they are written, and return why for those that were not.

        As long as `is_stale`, each tag is asked for right before it is written: one that points to another digest
        fails as `TagTaken`, and one that points there already is done.

        Raises:
            ContentUnknown: the registry misses content it refers to.
        """
        tagging = _Tagging(repository, document, on_written, is_stale)
        for tag in await self._put_together(tagging, tags):
            if not await self._unwritten(tagging, (tag,)):
                continue
            try:
                await self._client.put_tag(repository, document, tag)
            except ContentUnknown:
                raise
            except CipError as error:
                if not (isinstance(error, TagImmutable) and await self._points_there(repository, document, tag)):
                    tagging.failures[tag] = error
                    continue
            tagging.written += 1
            on_written((tag,))
        self._learnt.of(repository.host).tagged(tagging.written)
        return tagging.failures

    async def _put_together(self, tagging: "_Tagging", tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        """Write as many tags as the host takes in one PUT, and return those that are left.

        A host that has not shown yet whether it can is tried once; the request is useful either way, since
        it writes the document. Others wait for what that shows, so that their tags are not put apart for want of a
        little patience. Google's registries are known not to.
        """
        left: list[Tag] = []
        for start in range(0, len(tags), MOST_TAGS_A_PUT):
            batch = tags[start : start + MOST_TAGS_A_PUT]
            written: frozenset[str] = frozenset()
            if len(batch) > 1 and await self._may_take_several(tagging.repository.host):
                batch = await self._unwritten(tagging, batch)
                written = await self._put_batch(tagging, batch) if len(batch) > 1 else written
            done = [tag for tag in batch if tag in written]
            tagging.written += len(done)
            tagging.on_written(done)
            left.extend(tag for tag in batch if tag not in written)
        return tuple(left)

    async def _unwritten(self, tagging: "_Tagging", tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        """Those of `tags` that may be written now: all on the word of a listing that is not stale, else the absent."""
        if not tagging.is_stale():
            return tags
        absent: list[Tag] = []
        for tag in tags:
            try:
                head = await self._client.head_manifest(tagging.repository, tag)
            except CipError as error:
                tagging.failures[tag] = error
                continue
            if head is None:
                absent.append(tag)
            elif head.digest == tagging.document.digest:
                tagging.on_written((tag,))
            else:
                tagging.failures[tag] = _taken(tagging.repository, tag, head.digest)
        return tuple(absent)

    async def _may_take_several(self, host: Host) -> bool:
        """Whether a host takes several tags in one PUT, or is yet to be tried; whoever is trying it is waited for.

        Where the trial shows nothing, those who waited all try, since a host that is down would otherwise be found
        out by one of them after the other.
        """
        trial = self._trials.get(host)
        if trial is not None:
            await trial.wait()
        can = self._several_tags.get(host)
        return can if can is not None else not self._is_google(host)

    async def _put_batch(self, tagging: "_Tagging", batch: tuple[Tag, ...]) -> frozenset[str]:
        """Write several tags at once, and return those that the registry says it wrote."""
        host = tagging.repository.host
        can = self._several_tags.get(host)
        trial = self._trials.setdefault(host, anyio.Event()) if can is None else None
        try:
            written = await self._client.put_tags(tagging.repository, tagging.document, batch)
        except ContentUnknown:
            raise
        except CipError as error:
            if can is None and isinstance(error, RegistryError) and _stumbled(error):
                self._several_tags[host] = False
            return frozenset()
        finally:
            if trial is not None:
                self._trials.pop(host, None)
                trial.set()
        self._several_tags[host] = self._several_tags.get(host, False) or bool(written)
        return written

    async def _points_there(self, repository: Repository, document: ImageDocument, tag: Tag) -> bool:
        """Whether an immutable tag points to the document already, so that the refusal is none."""
        try:
            head = await self._client.head_manifest(repository, tag)
        except CipError:
            return False
        return head is not None and head.digest == document.digest


@attrs.define
class _Tagging:
    """One document that gets tags in one repository: how many were written, and why some were not."""

    repository: Repository
    document: ImageDocument
    on_written: OnWritten
    is_stale: Callable[[], bool]
    written: int = 0
    failures: dict[Tag, CipError] = attrs.field(factory=dict)


def _taken(repository: Repository, tag: Tag, digest: Digest) -> TagTaken:
    reason = f"since it was listed the tag has come to point to {digest}; tags are never moved"
    return TagTaken(repository.host, f"{repository.path}:{tag}", reason)


def _stumbled(error: RegistryError) -> bool:
    return error.status in _CANNOT and not isinstance(error, TagImmutable)
