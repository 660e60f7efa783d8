"""What must be in which repository before what, and what can be done next; pure.

For each destination repository the content of an image is a graph: an index needs its children, an image manifest
its blobs, and a tag needs all of it. This module keeps that graph and answers every result with the next steps.
Nobody ever waits here: content that another placement is bringing parks, so workers cannot wait for each other.

Blobs reach a repository in one of two ways. If any repository of the same host holds the blob, it is mounted.
Otherwise the first repository to need it *leads*: it gets the bytes, and the others *follow* and mount from it. If
the leader fails, a follower takes over.
"""

import enum
from collections.abc import Iterable

import attrs

from cip_async.errors import CipError
from cip_async.model.image import Descriptor, ImageDocument
from cip_async.reference import Digest, Host, Repository, Tag

_MOST_REPLACEMENTS = 2
"""How often content that a registry said it has, and then missed, is placed again."""


class State(enum.Enum):
    """How far the placement of one piece of content has come."""

    WAITING = "waiting"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


_ENDED = (State.DONE, State.FAILED)


@attrs.frozen(kw_only=True)
class Want:
    """What a promotion wants: a digest under some tags, or under none, in one destination repository.

    `origin` is where its documents are read: the source, or the destination itself if only that holds them.
    """

    source: Repository
    origin: Repository
    destination: Repository
    digest: Digest
    tags: tuple[Tag, ...]


@attrs.define(eq=False, kw_only=True)
class BlobNode:
    """One blob in one destination repository. `source` is where promoters found it."""

    repository: Repository
    source: Repository
    blob: Descriptor
    state: State = State.WAITING
    parents: "list[DocumentNode]" = attrs.field(factory=list)


@attrs.define(eq=False, kw_only=True)
class DocumentNode:
    """One image manifest or index in one destination repository, and who wants it.

    `needs` counts the content that is still missing before it may be written. `queued`: a `Put` is out for it,
    and will see to all wants that are added meanwhile, so that one content is never sent twice at one time.
    `source` is where the documents were read.
    """

    repository: Repository
    source: Repository
    document: ImageDocument
    state: State = State.WAITING
    queued: bool = False
    needs: int = 0
    replacements: int = 0
    contents: "list[BlobNode | DocumentNode]" = attrs.field(factory=list)
    parents: "list[DocumentNode]" = attrs.field(factory=list)
    wants: list[Want] = attrs.field(factory=list)


@attrs.frozen
class Mount:
    """Step: mount a blob from `origin`, a repository of the same host."""

    node: BlobNode
    origin: Repository


@attrs.frozen
class Bring:
    """Step: get a blob's bytes and upload them."""

    node: BlobNode


@attrs.frozen
class Put:
    """Step: write a document, and the tags that `node.wants` has for it."""

    node: DocumentNode


@attrs.frozen
class Release:
    """Step: no placement needs the bytes of this blob any more."""

    digest: Digest


@attrs.frozen
class Failed:
    """Step: tell that a want failed, and why."""

    want: Want
    error: CipError


Step = Mount | Bring | Put | Release | Failed


@attrs.define
class _HostBlobs:
    """Where on one host each blob is, who is bringing it, and who waits for that."""

    holders: dict[Digest, Repository] = attrs.field(factory=dict)
    leaders: dict[Digest, BlobNode] = attrs.field(factory=dict)
    followers: dict[Digest, list[BlobNode]] = attrs.field(factory=dict)
    mounts: bool = True


class Placements:
    """The graph of everything that is being placed. Each method returns the steps that it made possible."""

    def __init__(self) -> None:
        self._nodes: dict[Repository, dict[Digest, BlobNode | DocumentNode]] = {}
        self._hosts: dict[Host, _HostBlobs] = {}
        self._users: dict[Digest, int] = {}
        self._steps: list[Step] = []
        self.unfinished = 0
        """How many nodes are neither done nor failed: what the graph costs in memory at least."""

    def add(self, want: Want, documents: dict[Digest, ImageDocument], *, content_is_there: bool) -> list[Step]:
        """Place `want.digest`, given the documents of its tree.

        With `content_is_there` the destination is believed to hold it all, and only tags are written.
        """
        node = self._document(want.destination, want.origin, documents[want.digest], documents, content_is_there)
        node.wants.append(want)
        if node.needs == 0:
            self._put(node)
        return self._taken()

    def mounted(self, node: BlobNode) -> list[Step]:
        """The blob was mounted."""
        self._there(node)
        return self._taken()

    def mount_refused(self, node: BlobNode, *, supported: bool) -> list[Step]:
        """The blob could not be mounted and its bytes are needed; `supported`: the host seems to know mounts."""
        on_host = self._host(node)
        on_host.mounts = on_host.mounts and supported
        self._lead(node, on_host)
        return self._taken()

    def uploaded(self, node: BlobNode) -> list[Step]:
        """The blob's bytes are in the repository."""
        self._there(node)
        return self._taken()

    def blob_failed(self, node: BlobNode, error: CipError, *, for_all: bool) -> list[Step]:
        """The blob could not be placed; `for_all`: nor can it be by anybody else, as its bytes are not to be had."""
        on_host = self._host(node)
        digest = node.blob.digest
        self._finish(node, State.FAILED)
        self._fail_parents(node, error)
        if on_host.leaders.get(digest) is node:
            del on_host.leaders[digest]
            followers = on_host.followers.pop(digest, [])
            if for_all:
                for follower in followers:
                    self._finish(follower, State.FAILED)
                    self._fail_parents(follower, error)
            elif followers:
                on_host.followers[digest] = followers[1:]
                self._lead(followers[0], on_host)
        return self._taken()

    def put_done(self, node: DocumentNode) -> list[Step]:
        """The document is in the repository; whoever put it has seen to all of its wants."""
        node.queued = False
        if node.state is not State.DONE:
            self._finish(node, State.DONE)
            self._fulfil_parents(node)
        return self._taken()

    def put_failed(self, node: DocumentNode, error: CipError) -> list[Step]:
        """The document could not be written; the wants that it still has fail, and so do all that refer to it."""
        node.queued = False
        self._fail(node, error)
        return self._taken()

    def content_unknown(
        self,
        node: DocumentNode,
        documents: dict[Digest, ImageDocument],
        error: CipError,
        unknown: Iterable[str],
    ) -> list[Step]:
        """The registry misses content that was believed to be there: place it again, but not for ever.

        `unknown` are the digests that the registry named; if it named none of this document, all are placed.
        """
        node.queued = False
        node.replacements += 1
        if node.replacements > _MOST_REPLACEMENTS:
            self._fail(node, error)
            return self._taken()
        if not node.contents:
            self._link(node, documents)
        named = frozenset(unknown)
        missing = [content for content in node.contents if _digest(content) in named] or node.contents
        self._set(node, State.WAITING)
        for content in missing:
            if content.state in _ENDED:
                self._restart(content)
        self._await_contents(node)
        return self._taken()

    def forget(self, repository: Repository) -> None:
        """Drop what is known of a repository that no more is to be placed in."""
        nodes = self._nodes.get(repository, {})
        if all(node.state in _ENDED for node in nodes.values()):
            self._nodes.pop(repository, None)

    def _document(
        self,
        repository: Repository,
        source: Repository,
        document: ImageDocument,
        documents: dict[Digest, ImageDocument],
        content_is_there: bool,
    ) -> DocumentNode:
        known = self._nodes.setdefault(repository, {}).get(document.digest)
        if isinstance(known, DocumentNode) and known.state is not State.FAILED:
            return known
        node = DocumentNode(repository=repository, source=source, document=document)
        self._nodes[repository][document.digest] = node
        self.unfinished += 1
        if not content_is_there:
            self._link(node, documents)
            self._await_contents(node, put_if_complete=False)
        return node

    def _link(self, node: DocumentNode, documents: dict[Digest, ImageDocument]) -> None:
        source = node.source
        for child in node.document.children:
            below = self._document(node.repository, source, documents[child.digest], documents, content_is_there=False)
            node.contents.append(below)
            if below.state is State.WAITING and below.needs == 0:
                self._put(below)
        node.contents.extend(self._blob(node.repository, source, blob) for blob in node.document.blobs)

    def _blob(self, repository: Repository, source: Repository, blob: Descriptor) -> BlobNode:
        nodes = self._nodes[repository]
        known = nodes.get(blob.digest)
        if isinstance(known, BlobNode) and known.state is not State.FAILED:
            return known
        node = nodes[blob.digest] = BlobNode(repository=repository, source=source, blob=blob)
        self.unfinished += 1
        self._start(node)
        return node

    def _await_contents(self, node: DocumentNode, *, put_if_complete: bool = True) -> None:
        for content in node.contents:
            if content.state is not State.DONE:
                node.needs += 1
                content.parents.append(node)
        if put_if_complete and node.needs == 0:
            self._put(node)

    def _start(self, node: BlobNode) -> None:
        digest = node.blob.digest
        self._users[digest] = self._users.get(digest, 0) + 1
        on_host = self._host(node)
        holder = node.source if node.source.host == node.repository.host else on_host.holders.get(digest)
        if holder is not None and holder != node.repository and on_host.mounts:
            self._mount(node, holder)
        else:
            self._lead(node, on_host)

    def _lead(self, node: BlobNode, on_host: _HostBlobs) -> None:
        """Bring the bytes, or wait for the one who does."""
        digest = node.blob.digest
        leader = on_host.leaders.get(digest)
        if leader is not None and leader is not node and on_host.mounts and node.state is State.WAITING:
            on_host.followers.setdefault(digest, []).append(node)
            return
        if leader is None:
            on_host.leaders[digest] = node
        node.state = State.STARTED
        self._steps.append(Bring(node))

    def _mount(self, node: BlobNode, origin: Repository) -> None:
        node.state = State.STARTED
        self._steps.append(Mount(node, origin))

    def _there(self, node: BlobNode) -> None:
        digest = node.blob.digest
        on_host = self._host(node)
        on_host.holders.setdefault(digest, node.repository)
        if on_host.leaders.get(digest) is node:
            del on_host.leaders[digest]
        for follower in on_host.followers.pop(digest, ()):
            self._mount(follower, node.repository)
        self._finish(node, State.DONE)
        self._fulfil_parents(node)

    def _restart(self, node: BlobNode | DocumentNode) -> None:
        self._set(node, State.WAITING)
        if isinstance(node, DocumentNode):
            self._put(node)
            return
        holders = self._host(node).holders
        if holders.get(node.blob.digest) == node.repository:
            del holders[node.blob.digest]
        self._start(node)

    def _put(self, node: DocumentNode) -> None:
        if node.queued:
            return
        node.queued = True
        if node.state is State.WAITING:
            node.state = State.STARTED
        self._steps.append(Put(node))

    def _fulfil_parents(self, node: BlobNode | DocumentNode) -> None:
        parents, node.parents = node.parents, []
        for parent in parents:
            parent.needs -= 1
            if parent.needs == 0 and parent.state is State.WAITING:
                self._put(parent)

    def _fail_parents(self, node: BlobNode | DocumentNode, error: CipError) -> None:
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

    def _finish(self, node: BlobNode | DocumentNode, state: State) -> None:
        self._set(node, state)
        if isinstance(node, BlobNode):
            digest = node.blob.digest
            self._users[digest] -= 1
            if self._users[digest] == 0:
                del self._users[digest]
                self._steps.append(Release(digest))

    def _set(self, node: BlobNode | DocumentNode, state: State) -> None:
        self.unfinished += (node.state in _ENDED) - (state in _ENDED)
        node.state = state

    def _host(self, node: BlobNode) -> _HostBlobs:
        return self._hosts.setdefault(node.repository.host, _HostBlobs())

    def _taken(self) -> list[Step]:
        steps, self._steps = self._steps, []
        return steps


def _digest(content: BlobNode | DocumentNode) -> Digest:
    return content.blob.digest if isinstance(content, BlobNode) else content.document.digest
