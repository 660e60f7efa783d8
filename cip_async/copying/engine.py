"""Carries out promotions: feeds them into the graph of placements and has its steps done.

Three kinds of work run side by side: reading the documents of what is to be placed, the reads of each host, the
writes of each host. Each host has workers of its own, so a slow host holds back no other.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import anyio
from anyio.abc import TaskGroup

from cip_async.copying.backlog import Backlog
from cip_async.copying.capabilities import Capabilities
from cip_async.copying.commit import Committer
from cip_async.copying.crew import Crew, Job
from cip_async.copying.documents import Documents
from cip_async.copying.feed import Feed
from cip_async.copying.graph import (
    BlobKey,
    BlobNode,
    Bring,
    DocumentNode,
    Failed,
    Mount,
    Put,
    Release,
    State,
    Step,
    Want,
)
from cip_async.copying.placement import Placements
from cip_async.copying.progress import Progress
from cip_async.copying.relay import Relays
from cip_async.copying.spool import Spool, SpoolRoom
from cip_async.copying.upload import Uploads
from cip_async.errors import CipError, ContentUnknown, DigestMismatch, NotFound, RelayRefused, Throttled
from cip_async.events import BlobPlaced, ImageFailed, ImageLost, ImagePlaced, Listener, Placed
from cip_async.model.image import ImageDocument
from cip_async.model.plan import PairPlan
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.client import RegistryClient
from cip_async.registry.retry import Retry
from cip_async.registry.uploads import UploadSession
from cip_async.settings import Settings


class Engine:
    """Copies what pairs promote. One engine serves one run; `progress` tells what became of it."""

    def __init__(
        self,
        *,
        client: RegistryClient,
        retry: Retry,
        documents: Documents,
        committer: Committer,
        settings: Settings,
        listener: Listener,
        server_side_only: bool,
        fed_by_several: frozenset[Repository],
        held: Callable[[Repository], AbstractSet[Digest]],
        is_google: Callable[[Host], bool],
        is_stale: Callable[[Repository, Repository], bool],
        learnt: Learnt,
    ) -> None:
        """Make an engine that has nothing to do yet.

        `fed_by_several` are the destination repositories that several source repositories promote to.
        `held(destination)` are the digests that its listing showed, as far as they are remembered.
        `is_stale(source, destination)` says whether the listing that a pair was planned from is no longer to be
        trusted, so that each tag is asked for before it is written. `learnt` counts what is achieved.
        """
        self.progress = Progress()
        self._client = client
        self._documents = documents
        self._committer = committer
        self._threads = settings.threads
        self._listener = listener
        self._server_side_only = server_side_only
        self._fed_by_several = fed_by_several
        self._held = held
        self._is_stale = is_stale
        self._learnt = learnt
        self._capabilities = Capabilities(is_google)
        self._placements = Placements(
            learnt, mounts_across=self._capabilities.mounts_across, validates=self._capabilities.validates
        )
        self._backlog = Backlog(self._placements.unfinished)
        self._uploads = Uploads(client, retry)
        self._feeders: dict[Host, Crew] = {}
        self._readers: dict[Host, Crew] = {}
        self._writers: dict[Host, Crew] = {}
        self._relays = Relays(
            client=client,
            retry=retry,
            room=SpoolRoom(settings.spool),
            stall_s=settings.timeouts.stall_s,
            readers=partial(self._crew, self._readers),
            on_read=self.progress.read,
        )
        self._feed = Feed(
            documents=documents,
            crew=partial(self._crew, self._feeders),
            wait_for_room=self._backlog.wait,
            has_all_of=self._placements.has_all_of,
            on_ready=self._start,
            on_unreadable=self._cannot_start,
        )
        self._relayed_to: dict[BlobKey, Repository] = {}
        self._reread: set[BlobNode] = set()
        self._counted: set[tuple[Host, BlobKey]] = set()
        self._open_pairs: dict[Repository, int] = {}
        self._listed: dict[Repository, list[Repository]] = {}

    def capabilities(self) -> Mapping[Host, Mapping[str, bool]]:
        """What hosts have shown that they can do, and what not."""
        return self._capabilities.told(self._committer.several_tags)

    async def copy(self, groups: AsyncIterator[Sequence[PairPlan]]) -> None:
        """Carry out all promotions of `groups`: pairs of one source repository each, all of them if all are known.

        No more groups are taken than can be worked on soon, so whoever makes them waits while nothing is placed.
        Failures of registries are results (`progress`), not exceptions.
        """
        interrupted = True
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks: TaskGroup = tasks
                async for pair_plans in groups:
                    await self._take(pair_plans)
            interrupted = False
        finally:
            self._relays.close()
            await self._uploads.close(interrupted=interrupted)

    async def _take(self, pair_plans: Sequence[PairPlan]) -> None:
        source = pair_plans[0].pair.source
        promoting = [pair_plan for pair_plan in pair_plans if pair_plan.promotions]
        self._open_pairs[source] = self._open_pairs.get(source, 0) + len(promoting)
        for pair_plan in promoting:
            self.progress.expect(pair_plan)
            self._believe(pair_plan)
        await self._feed.add(source, promoting)

    def _believe(self, pair_plan: PairPlan) -> None:
        """Take a destination's word for what it holds already."""
        pair = pair_plan.pair
        held = self._held(pair.destination)
        if held:
            self._placements.listed(pair.destination, held)
            self._listed.setdefault(pair.source, []).append(pair.destination)

    def _start(self, wants: Sequence[Want], documents: dict[Digest, ImageDocument], content_is_there: bool) -> None:
        self._placements.read(self._listed.get(wants[0].source, ()), documents)
        for want in wants:
            self._carry_out(self._placements.add(want, documents, content_is_there=content_is_there))

    def _cannot_start(self, wants: Sequence[Want], error: CipError) -> None:
        if isinstance(error, NotFound):
            self._listener(ImageLost(source=wants[0].origin, digest=wants[0].digest))
        for want in wants:
            self._end(want, dict.fromkeys(want.tags or (None,), error))

    def _carry_out(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Mount(node, origin):
                    self._writer(node.repository).add(partial(self._mount, node, origin))
                case Bring(node):
                    self._bring(node)
                case Put(document_node):
                    self._finish(document_node.repository, partial(self._put, document_node))
                case Release(blob):
                    self._relays.release(blob)
                case Failed(want, error):
                    self._end(want, dict.fromkeys(want.tags or (None,), error))
        self._backlog.shrunk()

    async def _mount(self, node: BlobNode, origin: Repository) -> None:
        if not self._placements.is_worth_asking(node):
            self._carry_out(self._placements.not_mounted(node))
            return
        try:
            answer = await self._client.mount(origin, node.repository, node.digest)
        except CipError as error:
            self._carry_out(self._after_failed_mount(node, error))
            return
        if answer is True:
            self._capabilities.mounted(origin, node.repository)
            self._placed(node, Placed.MOUNTED)
            self._carry_out(self._placements.mounted(node))
            return
        if isinstance(answer, UploadSession):
            self._uploads.opened(node, answer)
        self._capabilities.refused_mount(origin, node.repository)
        self._carry_out(self._placements.mount_refused(node, session=answer is not False))

    def _after_failed_mount(self, node: BlobNode, error: CipError) -> list[Step]:
        """A mount from another host is asked for on the off chance, so its failure fails nothing."""
        if not node.mounts_across:
            return self._placements.blob_failed(node, error, for_all=False)
        if isinstance(error, Throttled):
            return self._placements.not_mounted(node)
        return self._placements.mount_failed_across(node)

    def _bring(self, node: BlobNode) -> None:
        """Have the bytes read, from the source the first time and then from a mirror that got them from there."""
        if self._server_side_only:
            self._finish(node.repository, partial(self._refuse_relay, node))
            return
        relayed_to = self._relayed_to.get(node.key)
        origins = [node.source] if relayed_to in (None, node.repository) else [relayed_to, node.source]
        self._relays.bring(node.blob, origins, partial(self._flowing, node))

    def _is_read_again(self, node: BlobNode, spool: Spool) -> bool:
        """Have bytes read again from the source, as those that came are wrong, unless that was done often enough."""
        came_from_elsewhere = spool.origins != [node.source] and node not in self._reread
        if not came_from_elsewhere and not self._relays.may_be_read_again(node.blob):
            return False
        if came_from_elsewhere:
            self._reread.add(node)
            self._relayed_to.pop(node.key, None)
        self._relays.bring(node.blob, [node.source], partial(self._flowing, node))
        return True

    async def _refuse_relay(self, node: BlobNode) -> None:
        await self._uploads.abandon(node)
        error = RelayRefused(node.digest, str(node.repository))
        self._carry_out(self._placements.blob_failed(node, error, for_all=False))

    def _flowing(self, node: BlobNode, spool: Spool) -> None:
        self._finish(node.repository, partial(self._upload, node, spool))

    async def _upload(self, node: BlobNode, spool: Spool) -> None:
        try:
            await self._uploads.upload(node, spool)
        except CipError as error:
            self._carry_out(self._placements.blob_failed(node, error, for_all=False))
            return
        unreadable = spool.failure()
        if unreadable is not None:
            if isinstance(unreadable, DigestMismatch) and self._is_read_again(node, spool):
                return
            self._carry_out(self._placements.blob_failed(node, unreadable, for_all=True))
            return
        if (node.source.host, node.key) not in self._counted:
            self._counted.add((node.source.host, node.key))
            self._learnt.of(node.source.host).read(node.blob.size_bytes)
        self._relayed_to.setdefault(node.key, node.repository)
        self._placed(node, Placed.RELAYED)
        self._carry_out(self._placements.uploaded(node))

    async def _put(self, node: DocumentNode) -> None:
        """Write a document with the tags of all its wants, or under its digest if nothing wants it with a tag."""
        try:
            await self._put_wants(node)
        except ContentUnknown as error:
            self._capabilities.refused_document(error)
            await self._place_again(node, error)
        except CipError as error:
            self._carry_out(self._placements.put_failed(node, error))
        else:
            self._carry_out(self._placements.put_done(node))

    async def _put_wants(self, node: DocumentNode) -> None:
        stored = node.state is State.DONE
        failure: CipError | None = None
        while node.wants:
            want = next((want for want in node.wants if want.tags), node.wants[0])
            failures: dict[Tag, CipError] = {}
            if want.tags:
                written = partial(self.progress.tagged, want)
                is_stale = partial(self._is_stale, want.source, want.destination)
                failures = await self._committer.put_tags(node.repository, node.document, want.tags, written, is_stale)
            elif not stored:
                await self._put_untagged(node)
            stored = stored or len(failures) < len(want.tags) or not want.tags
            failure = next(iter(failures.values()), failure)
            node.wants.remove(want)
            if len(failures) < len(want.tags):
                self._got_tags(node)
            self._end(want, failures)
        if not stored and (node.parents or failure is None):
            await self._put_untagged(node)
        elif not stored and failure is not None:
            raise failure

    async def _put_untagged(self, node: DocumentNode) -> None:
        await self._committer.put_document(node.repository, node.document)
        if node.untagged is None:
            node.untagged = True
            self._learnt.of(node.repository.host).untagged += 1

    def _got_tags(self, node: DocumentNode) -> None:
        """Take note that to write a document with its tags was enough, even if it was written without them before."""
        if node.untagged:
            self._learnt.of(node.repository.host).untagged -= 1
        node.untagged = False

    async def _place_again(self, node: DocumentNode, error: ContentUnknown) -> None:
        try:
            documents = await self._documents.tree(node.source, node.document.digest)
        except CipError as unreadable:
            self._carry_out(self._placements.put_failed(node, unreadable))
            return
        self._carry_out(self._placements.content_unknown(node, documents, error, error.unknown))

    def _placed(self, node: BlobNode, how: Placed) -> None:
        (self.progress.mounted if how is Placed.MOUNTED else self.progress.relayed)(node.blob)
        self._listener(
            BlobPlaced(
                repository=node.repository,
                digest=node.blob.digest,
                how=how,
                size_bytes=node.blob.size_bytes,
            )
        )

    def _end(self, want: Want, failures: Mapping[Tag, CipError] | Mapping[Tag | None, CipError]) -> None:
        """Take note that a want ended, tell, and drop what is needed no more."""
        pair_is_complete = self.progress.end(want, failures)
        placed = tuple(tag for tag in want.tags if tag not in failures)
        if placed or (not want.tags and not failures):
            self._listener(
                ImagePlaced(source=want.source, destination=want.destination, digest=want.digest, tags=placed)
            )
        if failures:
            self._listener(
                ImageFailed(
                    source=want.source,
                    destination=want.destination,
                    digest=want.digest,
                    tags=tuple(tag for tag in want.tags if tag in failures),
                    reason=str(next(iter(failures.values()))),
                )
            )
        if pair_is_complete:
            self._forget(want)

    def _forget(self, want: Want) -> None:
        if want.destination not in self._fed_by_several:
            self._placements.close(want.destination)
            self._documents.forget(want.destination)
        self._open_pairs[want.source] -= 1
        if self._open_pairs[want.source] == 0:
            self._documents.forget(want.source)
            self._listed.pop(want.source, None)

    def _finish(self, repository: Repository, job: Job) -> None:
        """Have a job done before others are begun, so that images get complete and spools get free."""
        self._writer(repository).add(job, finishes=True)

    def _writer(self, repository: Repository) -> Crew:
        return self._crew(self._writers, repository.host)

    def _crew(self, crews: dict[Host, Crew], host: Host) -> Crew:
        crew = crews.get(host)
        if crew is None:
            crew = crews[host] = Crew(self._tasks, self._threads)
        return crew
