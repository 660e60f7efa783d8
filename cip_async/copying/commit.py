"""Writes documents and tags: the last step of a placement, and the only one that the public can see.

Tags of one digest are written one after the other: distribution 2.8.2 damages content that is sent twice at the
same time into one repository.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import anyio
import attrs

from cip_async.errors import CipError, ContentUnknown, RegistryError, TagImmutable, TagTaken
from cip_async.model.image import ImageDocument
from cip_async.planning.learnt import MOST_TAGS_A_PUT, Learnt
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry

OnWritten = Callable[[Iterable[Tag]], None]

_CANNOT: Final = frozenset({400, 404, 405, 414, 501})
"""Answers of registries that stumble over the tags in the query: they will the next time too."""


class Committer:
    """Writes documents and tags, and learns which hosts take several tags in one PUT."""

    def __init__(self, client: RegistryClient, retry: Retry, is_google: Callable[[Host], bool], learnt: Learnt) -> None:
        self._client = client
        self._retry = retry
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

        As long as `is_stale`, each tag is asked for right before it is written, and again before each further try: one
        that points to another digest fails as `TagTaken`, and one that points there already is done.

        Raises:
            ContentUnknown: the registry misses content it refers to.
        """
        tagging = _Tagging(repository, document, on_written, is_stale)
        for start in range(0, len(tags), MOST_TAGS_A_PUT):
            batch = tags[start : start + MOST_TAGS_A_PUT]
            if len(batch) > 1 and await self._may_take_several(repository.host):
                await self._put_batch(tagging, batch)
        for tag in tags:
            if tag not in tagging.settled:
                await self._put_single(tagging, tag)
        self._learnt.of(repository.host).tagged(tagging.puts)
        return tagging.failures

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

    async def _put_batch(self, tagging: "_Tagging", batch: tuple[Tag, ...]) -> None:
        """Write several tags at once, and settle those that the registry says it wrote.

        A host that has not shown yet whether it can is tried once; the request is useful either way, since it writes
        the document. Others wait for what that shows, so that their tags are not put apart for want of a little
        patience.
        """
        host = tagging.repository.host
        can = self._several_tags.get(host)
        trial = self._trials.setdefault(host, anyio.Event()) if can is None else None
        try:
            await self._retry.run(partial(self._put_several, tagging, batch))
        except ContentUnknown:
            raise
        except CipError as error:
            if can is None and isinstance(error, RegistryError) and _stumbled(error):
                self._several_tags[host] = False
        finally:
            if trial is not None:
                self._trials.pop(host, None)
                trial.set()

    async def _put_several(self, tagging: "_Tagging", batch: tuple[Tag, ...], again: bool) -> None:
        unwritten = await self._unwritten(tagging, batch)
        if len(unwritten) > 1:
            host = tagging.repository.host
            written = await self._client.put_tags(tagging.repository, tagging.document, unwritten, again=again)
            self._several_tags[host] = self._several_tags.get(host, False) or bool(written)
            tagging.put(tag for tag in unwritten if tag in written)

    async def _put_single(self, tagging: "_Tagging", tag: Tag) -> None:
        try:
            await self._retry.run(partial(self._put_one, tagging, tag))
        except ContentUnknown:
            raise
        except CipError as error:
            tagging.failed(tag, error)

    async def _put_one(self, tagging: "_Tagging", tag: Tag, again: bool) -> None:
        if not await self._unwritten(tagging, (tag,)):
            return
        try:
            await self._client.put_tag(tagging.repository, tagging.document, tag, again=again)
        except TagImmutable:
            if not await self._is_there(tagging, tag):
                raise
        tagging.put((tag,))

    async def _unwritten(self, tagging: "_Tagging", tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
        """Those of `tags` that may be written now: all on the word of a listing that is not stale, else the absent."""
        if not tagging.is_stale():
            return tags
        absent: list[Tag] = []
        for tag in tags:
            try:
                if await self._is_there(tagging, tag):
                    tagging.written((tag,))
                else:
                    absent.append(tag)
            except CipError as error:
                tagging.failed(tag, error)
        return tuple(absent)

    async def _is_there(self, tagging: "_Tagging", tag: Tag) -> bool:
        """Whether a tag points to the document already, rather than to nothing.

        Raises:
            TagTaken: it points to something else.
            CipError: it cannot be asked for.
        """
        head = await self._client.head_manifest(tagging.repository, tag)
        if head is not None and head.digest != tagging.document.digest:
            raise _taken(tagging.repository, tag, head.digest)
        return head is not None


@attrs.define
class _Tagging:
    """One document that gets tags in one repository; `puts` counts those written here.

    Settled tags are there, or failed for good.
    """

    repository: Repository
    document: ImageDocument
    on_written: OnWritten
    is_stale: Callable[[], bool]
    puts: int = 0
    settled: set[Tag] = attrs.field(factory=set)
    failures: dict[Tag, CipError] = attrs.field(factory=dict)

    def put(self, tags: Iterable[Tag]) -> None:
        """These were written here."""
        done = tuple(tags)
        self.puts += len(done)
        self.written(done)

    def written(self, tags: Iterable[Tag]) -> None:
        """These point to the document now, whoever wrote them."""
        done = tuple(tags)
        self.settled.update(done)
        self.on_written(done)

    def failed(self, tag: Tag, error: CipError) -> None:
        """This one will not."""
        self.settled.add(tag)
        self.failures[tag] = error


def _taken(repository: Repository, tag: Tag, digest: Digest) -> TagTaken:
    reason = f"since it was listed the tag has come to point to {digest}; tags are never moved"
    return TagTaken(repository.host, f"{repository.path}:{tag}", reason)


def _stumbled(error: RegistryError) -> bool:
    return error.status in _CANNOT and not isinstance(error, TagImmutable)
