"""What the pages of one Artifact Registry repository say of many repositories in it; pure.

An image name is settled as soon as all that is looked for in it was seen, or when the last page was. Before that, what
was not seen is not known to be absent. Of names that nobody asked about nothing is kept. Of the others, digests are
kept that nobody asked about as long as something else is missing there, since it may be made of them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Self

import attrs

from cip_async.errors import UntrustedAnswer
from cip_async.model.listing import Described, Effort, Listing
from cip_async.reference import Digest, Repository, Tag
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository
from cip_async.registry.listing.names import Answer
from cip_async.registry.wire import DockerImage

_MOST_OTHERS: Final = 20_000
"""Digests of one walk that nobody asked about, at about 150 bytes each. Of what comes on top nothing is kept, which
costs requests and nothing else."""


@attrs.frozen(eq=False)
class Sought:
    """What is looked for in one repository: `tags`, and `digests`, of which the `tagless` matter without any tag.

    The mappings lead from each text to itself, so that what is found need not be kept twice. Mirrors may share one.
    """

    tags: Mapping[str, Tag]
    digests: Mapping[str, Digest]
    tagless: AbstractSet[Digest]

    @classmethod
    def of(cls, tags: Iterable[Tag], digests: Iterable[Digest], tagless: AbstractSet[Digest]) -> Self:
        """Look for these; `tagless` are among `digests`."""
        return cls({tag: tag for tag in tags}, {digest: digest for digest in digests}, tagless)


@attrs.define(eq=False)
class _Finding:
    """What was found so far in one repository; `missing` counts the tags and tagless digests that were not."""

    repository: Repository
    sought: Sought
    missing: int
    tags: dict[Tag, Digest] = attrs.field(factory=dict)
    described: dict[Digest, Described] = attrs.field(factory=dict)
    others: set[Digest] = attrs.field(factory=set)

    def take(self, digest: Digest, image: DockerImage) -> bool:
        """Keep what is looked for; False where it contradicts what was said before."""
        sought = self.sought
        is_wanted = digest in sought.digests
        for text in image.tags:
            tag = sought.tags.get(text)
            if tag is None:
                continue
            is_wanted = True
            if tag not in self.tags:
                self.tags[tag] = digest
                self.missing -= 1
            elif self.tags[tag] != digest:
                return False
        if is_wanted and digest not in self.described:
            self.described[digest] = Described(media_type=image.media_type, size_bytes=image.size_bytes)
            self.missing -= digest in sought.tagless
        return True

    def listing(self, asked: AbstractSet[Digest], taken_s: float, pages: int) -> Listing:
        return Listing(
            repository=self.repository,
            digests=self.described.keys() | self.others,
            tags=self.tags,
            asked=asked,
            described=self.described,
            taken_s=taken_s,
            efforts=_efforts(pages),
        )


class Walk:
    """Takes the pages of `parent`, and tells of the repositories in `sought`, each once at most.

    `taken_s` says how long ago the walk began: a listing is as old as that when it is told.
    """

    def __init__(
        self, parent: ArtifactRepository, sought: Mapping[Repository, Sought], taken_s: Callable[[], float]
    ) -> None:
        self._parent = parent
        self._taken_s = taken_s
        self._names = len(sought)
        self._answer = Answer.of_images(parent)
        self._open = {
            repository.path: _Finding(repository, each, len(each.tags) + len(each.tagless))
            for repository, each in sought.items()
        }
        self._pages = 0
        self._untold_pages = 0
        self._room = _MOST_OTHERS
        self._uri: str | None = None
        self._finding: _Finding | None = None

    @property
    def is_worthwhile(self) -> bool:
        """Whether to read another page: not once as many were read as asking for each name would have cost."""
        return bool(self._open) and self._pages < self._names

    def take(self, images: Iterable[DockerImage]) -> Iterator[Listing]:
        """Take one page, and give the listings that are settled by it.

        A repository that contradicts itself, as one may that changes meanwhile, is not told of at all.

        Raises:
            UntrustedAnswer: an image is not in this repository, or has a malformed name or digest.
        """
        self._pages += 1
        self._untold_pages += 1
        for image in images:
            uri, _, text = image.uri.partition("@")
            if uri != self._uri:
                self._uri, self._finding = uri, self._open.get(self._path(uri))
            finding = self._finding
            if finding is None:
                continue
            digest = finding.sought.digests.get(text) or self._answer.digest(text)
            is_sound = finding.take(digest, image)
            if is_sound and finding.missing:
                self._keep_other(finding, digest)
                continue
            del self._open[finding.repository.path]
            self._finding = None
            self._room += len(finding.others)
            finding.others.clear()
            if is_sound:
                yield self._listing(finding, finding.described.keys())

    def end(self) -> Iterator[Listing]:
        """The other listings, now that there are no more pages: what was not seen is not there."""
        for finding in self._open.values():
            yield self._listing(finding, finding.described.keys() | finding.sought.digests.values())
        self._open.clear()

    def _listing(self, finding: _Finding, asked: AbstractSet[Digest]) -> Listing:
        """What was found, to which the pages that were read since the last one are laid."""
        pages, self._untold_pages = self._untold_pages, 0
        return finding.listing(asked, self._taken_s(), pages)

    def _keep_other(self, finding: _Finding, digest: Digest) -> None:
        if self._room and digest not in finding.described and digest not in finding.others:
            finding.others.add(digest)
            self._room -= 1

    def _path(self, uri: str) -> str:
        return path_of(self._parent, uri, self._answer)


class Gathering:
    """Takes the pages of an Artifact Registry repository, and keeps all that is said of one repository in it."""

    def __init__(self, parent: ArtifactRepository, repository: Repository) -> None:
        self._parent = parent
        self._repository = repository
        self._answer = Answer.of_images(parent)
        self._described: dict[Digest, Described] = {}
        self._tags: dict[Tag, Digest] = {}
        self._below: set[str] = set()
        self._pages = 0

    def take(self, images: Iterable[DockerImage]) -> None:
        """Take one page.

        Raises:
            UntrustedAnswer: it contradicts what was said before, is of another repository, or has a malformed name.
        """
        self._pages += 1
        for image in images:
            uri, _, text = image.uri.partition("@")
            path = path_of(self._parent, uri, self._answer)
            if path.startswith(f"{self._repository.path}/"):
                self._below.add(path.removeprefix(f"{self._repository.path}/").partition("/")[0])
            if path != self._repository.path:
                continue
            digest = self._answer.digest(text)
            self._described[digest] = Described(media_type=image.media_type, size_bytes=image.size_bytes)
            for tag in self._answer.tags(image.tags):
                if self._tags.setdefault(tag, digest) != digest:
                    reason = f"tag {tag} of {path} points to both {self._tags[tag]} and {digest}"
                    raise UntrustedAnswer(self._answer.host, self._answer.where, reason)

    def listing(self, taken_s: float) -> Listing:
        """All of the repository, now that there are no more pages."""
        return Listing(
            repository=self._repository,
            digests=self._described.keys(),
            tags=self._tags,
            described=self._described,
            children=self._answer.image_names(sorted(self._below)),
            taken_s=taken_s,
            efforts=_efforts(self._pages),
        )


def _efforts(pages: int) -> tuple[Effort, ...]:
    return (Effort(host=API_HOST, lists=pages),) if pages else ()


def path_of(parent: ArtifactRepository, uri: str, answer: Answer) -> str:
    """The path of the repository of an image.

    Raises:
        UntrustedAnswer: it is not in `parent`, or malformed: then it might be one that is looked for.
    """
    path = parent.path_within(uri)
    if path is None:
        raise UntrustedAnswer(answer.host, answer.where, f"an image is in another repository ({uri!r})")
    return answer.image_names([path])[0]
