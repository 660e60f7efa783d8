"""What must be in which repository before what, and what can be done next; pure.

For each destination repository the content of an image is a graph: an index needs its children, an image manifest
its blobs, and a tag needs all of it. This module keeps that graph and answers every result with the next steps.
Nobody ever waits here: content that another placement is bringing parks, so workers cannot wait for each other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from cip_async.copying.belief import Belief
from cip_async.copying.graph import (
    BlobKey,
    BlobNode,
    Bring,
    DocumentNode,
    Failed,
    Lacking,
    Mount,
    Node,
    Put,
    Release,
    State,
    Step,
    Want,
    blob_key,
)
from cip_async.copying.leading import HostBlobs
from cip_async.errors import CipError
from cip_async.model.image import Descriptor, ImageDocument
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository

_MOST_REPLACEMENTS: Final = 2
"""How often content that a registry said it has, and then missed, is placed again."""

_Documents = Mapping[Digest, ImageDocument]


@attrs.define
class _Contents:
    """What is known of one repository, and what is believed. `closed`: nothing more is to be placed there.

    `turns` are the blobs that are being placed, of which there are several with one digest only where documents
    disagree about its size. They take turns, so that one content is never sent twice at one time.
    """

    blobs: dict[BlobKey, BlobNode] = attrs.field(factory=dict)
    documents: dict[Digest, DocumentNode] = attrs.field(factory=dict)
    turns: dict[Digest, list[BlobNode]] = attrs.field(factory=dict)
    belief: Belief = attrs.field(factory=Belief)
    unfinished: int = 0
    closed: bool = False


class Placements:
    """The graph of everything that is being placed. Most methods return the steps that they made possible.

    `learnt` counts how blobs came to where they were missing. `mounts_across(one, other)` says whether two hosts might
    mount from each other, `validates(host)` whether a host is known to refuse documents of which something is missing.
    """

    def __init__(
        self, learnt: Learnt, *, mounts_across: Callable[[Host, Host], bool], validates: Callable[[Host], bool]
    ) -> None:
        self._learnt = learnt
        self._mounts_across = mounts_across
        self._validates = validates
        self._contents: dict[Repository, _Contents] = {}
        self._hosts: dict[Host, HostBlobs] = {}
        self._users: Counter[BlobKey] = Counter()
        self._steps: list[Step] = []
        self._unfinished: Counter[Host] = Counter()

    @property
    def unfinished(self) -> Mapping[Host, int]:
        """How many pieces of content are neither in place nor failed on each host."""
        return self._unfinished

    def listed(self, repository: Repository, digests: AbstractSet[Digest]) -> None:
        """Believe that a repository in which something is to be placed holds the documents that it lists."""
        contents = self._contents.setdefault(repository, _Contents())
        contents.belief = contents.belief or Belief(digests)

    def read(self, repositories: Iterable[Repository], documents: _Documents) -> None:
        """Some documents were read: those of `repositories` that list them have what they refer to."""
        for repository in repositories:
            contents = self._contents.get(repository)
            if contents is not None and contents.belief:
                on_host = self._host(repository.host)
                for document in documents.values():
                    for key in contents.belief.learn(document):
                        on_host.probably_in(repository, key)

    def has_all_of(self, repository: Repository, document: ImageDocument) -> bool:
        """Whether a document can be put into `repository` before all else: what it refers to is believed to be there.

        That is for registries only that refuse the document if the belief is wrong.
        """
        contents = self._contents.get(repository)
        return contents is not None and self._validates(repository.host) and contents.belief.has_all_of(document)

    def add(self, want: Want, documents: _Documents, *, content_is_there: bool) -> list[Step]:
        """Place `want.digest`, given the documents of its tree, but for those that are believed to be there.

        With `content_is_there` the destination is believed to hold it all, and only tags are written. Where the want
        says what is lacking, it is believed to hold all the rest, of which `documents` need not have anything.
        """
        document = documents[want.digest]
        node = self._document(want.destination, want.origin, document, documents, content_is_there, want.lacking)
        node.wants.append(want)
        self._put_if_ready(node)
        return self._taken()

    def mounted(self, node: BlobNode) -> list[Step]:
        """The blob was mounted."""
        on_host = self._host(node.repository.host)
        on_host.mounted(node)
        if not node.counted:
            node.counted = True
            self._learnt.of(node.repository.host).mounted += 1
        self._steps.extend(on_host.answered(node))
        return self._there(node)

    def is_worth_asking(self, node: BlobNode) -> bool:
        """Whether a `Mount` that is out should still be asked for, after what others were told meanwhile."""
        return self._host(node.repository.host).is_worth_asking(node)

    def mount_refused(self, node: BlobNode, *, session: bool) -> list[Step]:
        """The blob could not be mounted and its bytes are needed; `session`: the host opened an upload for them."""
        self._host(node.repository.host).refused(node, session=session)
        node.opened_by_mount = session
        return self.not_mounted(node)

    def mount_failed_across(self, node: BlobNode) -> list[Step]:
        """The host failed to mount the blob from another one, which fails nothing, and its bytes are needed."""
        self._host(node.repository.host).failed_across(node)
        return self.not_mounted(node)

    def not_mounted(self, node: BlobNode) -> list[Step]:
        """The blob was not mounted, which says nothing of the host, and its bytes are needed."""
        on_host = self._host(node.repository.host)
        self._do(on_host.lead(node))
        self._steps.extend(on_host.answered(node))
        return self._taken()

    def uploaded(self, node: BlobNode) -> list[Step]:
        """The blob's bytes are in the repository."""
        if not node.counted:
            node.counted = True
            facts = self._learnt.of(node.repository.host)
            relayed = facts.further_relays if self._host(node.repository.host).holds(node) else facts.first_relays
            relayed.count(node.blob.size_bytes, opened_by_mount=node.opened_by_mount)
        return self._there(node)

    def blob_failed(self, node: BlobNode, error: CipError, *, for_all: bool) -> list[Step]:
        """The blob could not be placed; `for_all`: nor can it be by others, as its source does not give the bytes."""
        on_host = self._host(node.repository.host)
        followers = on_host.failed(node)
        hopeless = [follower for follower in followers if for_all and follower.source == node.source]
        for failed in (node, *hopeless):
            self._finish(failed, State.FAILED)
            self._fail_parents(failed, error)
        for follower in followers:
            if follower not in hopeless:
                self._do(on_host.lead(follower))
        return self._taken()

    def put_done(self, node: DocumentNode) -> list[Step]:
        """The document is in the repository, with the tags of all wants that were seen to."""
        node.queued = False
        if node.state is not State.DONE:
            self._finish(node, State.DONE)
            self._fulfil_parents(node)
        self._put_if_ready(node)
        return self._taken()

    def put_failed(self, node: DocumentNode, error: CipError) -> list[Step]:
        """The document could not be written; the wants that it still has fail, and so do all that refer to it."""
        node.queued = False
        self._fail(node, error)
        return self._taken()

    def content_unknown(
        self, node: DocumentNode, documents: _Documents, error: CipError, unknown: Iterable[str]
    ) -> list[Step]:
        """The registry misses content that was believed to be there: place it again, but not for ever.

        `unknown` are the digests that the registry named; if it named none of this document, all are placed. The
        last time nothing is merely believed.
        """
        node.queued = False
        node.replacements += 1
        if node.replacements > _MOST_REPLACEMENTS:
            self._fail(node, error)
            return self._taken()
        document = node.document
        named = frozenset(unknown) & {below.digest for below in (*document.children, *document.blobs)}
        self._contents[node.repository].belief.doubt(named)
        node.lacking = None
        self._link(node, documents, believing=node.replacements < _MOST_REPLACEMENTS)
        self._set(node, State.WAITING)
        self._restart([content for content in node.contents if content.digest in named] or node.contents)
        self._await_contents(node)
        self._put_if_ready(node)
        return self._taken()

    def close(self, repository: Repository) -> None:
        """Forget a repository in which no more is to be placed, as soon as all that was begun there has ended."""
        contents = self._contents.get(repository)
        if contents is not None:
            contents.closed = True
            self._forget_if_over(repository, contents)

    def _document(
        self,
        repository: Repository,
        source: Repository,
        document: ImageDocument,
        documents: _Documents,
        content_is_there: bool,
        lacking: Lacking | None,
    ) -> DocumentNode:
        contents = self._contents.setdefault(repository, _Contents())
        known = contents.documents.get(document.digest)
        if known is not None and known.state is not State.FAILED:
            return known
        node = DocumentNode(repository=repository, source=source, document=document, lacking=lacking)
        contents.documents[document.digest] = node
        self._begun(node)
        if not content_is_there:
            self._link(node, documents)
            self._await_contents(node)
        return node

    def _link(self, node: DocumentNode, documents: _Documents, *, believing: bool = True) -> None:
        """Have all placed that the document refers to, but for what is known or `believed` to be there.

        A child that was believed to be there when the documents were read is not among them. If it no longer is, the
        document will be refused, and linked again when they all were read.
        """
        repository, lacking = node.repository, node.lacking
        contents = self._contents[repository]
        belief = contents.belief if believing and self._validates(repository.host) else Belief()
        linked = {content.digest for content in node.contents}
        for digest in (child.digest for child in node.document.children):
            if digest in linked or (lacking is not None and digest not in lacking):
                continue
            below = contents.documents.get(digest)
            if below is None or below.state is State.FAILED:
                if belief.has_document(digest) or digest not in documents:
                    continue
                below = self._document(repository, node.source, documents[digest], documents, False, lacking)
            node.contents.append(below)
            self._put_if_ready(below)
        for blob in node.document.blobs:
            if blob.digest in linked or (lacking is not None and blob.digest not in lacking):
                continue
            key = blob_key(blob)
            if key in contents.blobs or not belief.has_blob(key):
                origin = node.source if lacking is None else lacking[blob.digest]
                node.contents.append(self._blob(repository, origin, blob))

    def _blob(self, repository: Repository, source: Repository, blob: Descriptor) -> BlobNode:
        blobs = self._contents[repository].blobs
        key = blob_key(blob)
        known = blobs.get(key)
        if known is not None and known.state is not State.FAILED:
            return known
        counted = known is not None and known.counted
        node = blobs[key] = BlobNode(repository=repository, source=source, blob=blob, counted=counted)
        self._begun(node)
        self._start(node)
        return node

    def _start(self, node: BlobNode) -> None:
        self._users[node.key] += 1
        turns = self._contents[node.repository].turns.setdefault(node.digest, [])
        turns.append(node)
        if len(turns) == 1:
            self._do(self._host(node.repository.host).start(node))

    def _await_contents(self, node: DocumentNode) -> None:
        for content in node.contents:
            if content.state is not State.DONE:
                node.needs += 1
                content.parents.append(node)

    def _put_if_ready(self, node: DocumentNode) -> None:
        """Have the document put if all it needs is there and it, or a tag, is wanted."""
        if node.needs or node.queued or (node.state is State.DONE and not node.wants):
            return
        node.queued = True
        if node.state is State.WAITING:
            node.state = State.STARTED
        self._steps.append(Put(node))

    def _there(self, node: BlobNode) -> list[Step]:
        self._steps.extend(self._host(node.repository.host).arrived(node))
        self._finish(node, State.DONE)
        self._fulfil_parents(node)
        return self._taken()

    def _restart(self, contents: Iterable[Node]) -> None:
        """Place again what has ended; of a document only what failed, since the registry tells what else it misses."""
        for content in contents:
            if not content.state.ended:
                continue
            self._set(content, State.WAITING)
            if isinstance(content, BlobNode):
                self._host(content.repository.host).lost(content)
                self._start(content)
            else:
                self._restart([below for below in content.contents if below.state is State.FAILED])
                self._await_contents(content)
                self._put_if_ready(content)

    def _fulfil_parents(self, node: Node) -> None:
        parents, node.parents = node.parents, []
        for parent in parents:
            parent.needs -= 1
            if parent.state is State.WAITING:
                self._put_if_ready(parent)

    def _fail_parents(self, node: Node, error: CipError) -> None:
        parents, node.parents = node.parents, []
        for parent in parents:
            parent.needs -= 1
            self._fail(parent, error)

    def _fail(self, node: DocumentNode, error: CipError) -> None:
        wants, node.wants = node.wants, []
        self._steps.extend(Failed(want, error) for want in wants)
        if node.state is not State.FAILED:
            self._finish(node, State.FAILED)
            self._fail_parents(node, error)

    def _begun(self, node: Node) -> None:
        self._contents[node.repository].unfinished += 1
        self._unfinished[node.repository.host] += 1

    def _finish(self, node: Node, state: State) -> None:
        if isinstance(node, BlobNode):
            self._end_turn(node)
        self._set(node, state)
        if isinstance(node, BlobNode):
            self._users[node.key] -= 1
            if not self._users[node.key]:
                del self._users[node.key]
                self._steps.append(Release(node.key))

    def _end_turn(self, node: BlobNode) -> None:
        turns = self._contents[node.repository].turns
        _, *others = turns.pop(node.digest)
        if others:
            turns[node.digest] = others
            self._do(self._host(others[0].repository.host).start(others[0]))

    def _set(self, node: Node, state: State) -> None:
        change = node.state.ended - state.ended
        node.state = state
        if change:
            repository = node.repository
            contents = self._contents[repository]
            contents.unfinished += change
            self._unfinished[repository.host] += change
            self._forget_if_over(repository, contents)

    def _forget_if_over(self, repository: Repository, contents: _Contents) -> None:
        if contents.closed and not contents.unfinished:
            del self._contents[repository]

    def _host(self, host: Host) -> HostBlobs:
        on_host = self._hosts.get(host)
        if on_host is None:
            on_host = self._hosts[host] = HostBlobs(self._mounts_across)
        return on_host

    def _do(self, step: Mount | Bring | None) -> None:
        if step is not None:
            self._steps.append(step)

    def _taken(self) -> list[Step]:
        steps, self._steps = self._steps, []
        return steps
