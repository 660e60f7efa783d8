"""The index of wanted images by where they are to go; pure.

Many mirrors want the same, so all mirrors of a source repository share one object that says what, and a mirror costs
one entry. Digests are kept as their bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import attrs

from cip_async.model.plan import Pair
from cip_async.model.promoter_manifest import WantedImage
from cip_async.reference import Digest, Repository, Tag

_SHA256: Final = 32
_NO_TAGS: Final[tuple[Tag, ...]] = ()


@attrs.frozen(eq=False)
class WantedContent:
    """What promoter manifests want from one source repository: digests, and the tags of each."""

    source: Repository
    _tags: Mapping[bytes, tuple[Tag, ...]] = attrs.field(repr=False)

    def tags(self, digest: Digest) -> tuple[Tag, ...] | None:
        """The tags that a digest is wanted with, of which there may be none; None where it is not wanted."""
        return self._tags.get(packed(digest))

    def tagged(self, tag: Tag) -> Iterator[Digest]:
        """The digests that are wanted with a tag; more than one if promoter manifests contradict each other."""
        return (unpacked(digest) for digest, tags in self._tags.items() if tag in tags)

    def packed(self) -> Iterable[bytes]:
        """All digests that are wanted, as `packed` gives them."""
        return self._tags.keys()

    def __len__(self) -> int:
        return len(self._tags)


@attrs.frozen(eq=False, slots=False)
class Wanted:
    """What is wanted in each destination repository; from several sources where these share it."""

    _by_destination: Mapping[Repository, tuple[WantedContent, ...]]

    def of(self, repository: Repository) -> tuple[WantedContent, ...]:
        """What is wanted in a repository: nothing where it is no destination."""
        return self._by_destination.get(repository, ())

    @property
    def destinations(self) -> int:
        """How many repositories are destinations."""
        return len(self._by_destination)

    @cached_property
    def digests(self) -> int:
        """How many digests are wanted, counted once for each source repository."""
        contents = {id(content): content for contents in self._by_destination.values() for content in contents}
        return sum(map(len, contents.values()))

    @cached_property
    def fingerprint(self) -> str:
        """What two indexes of the same wants, built in the same order, have in common: 40 hex digits."""
        state = hashlib.blake2b(digest_size=20)
        known: set[int] = set()
        for destination, contents in self._by_destination.items():
            state.update(f"\n{destination}".encode())
            for content in contents:
                state.update(f" {content.source}".encode())
                if id(content) not in known:
                    known.add(id(content))
                    for digest in content.packed():
                        tags = content.tags(unpacked(digest)) or ()
                        state.update(f" {digest.hex()}:{','.join(tags)}".encode())
        return state.hexdigest()


NOTHING_WANTED: Final = Wanted({})


def wanted(pairs: Sequence[Pair]) -> Wanted:
    """The index of what `pairs` want."""
    contents: dict[int, WantedContent] = {}
    by_destination: dict[Repository, tuple[WantedContent, ...]] = {}
    tags: dict[tuple[Tag, ...], tuple[Tag, ...]] = {}
    for pair in pairs:
        content = contents.get(id(pair.image))
        if content is None:
            content = contents[id(pair.image)] = _content(pair.image, tags)
        by_destination[pair.destination] = (*by_destination.get(pair.destination, ()), content)
    return Wanted(by_destination)


def _content(image: WantedImage, known: dict[tuple[Tag, ...], tuple[Tag, ...]]) -> WantedContent:
    """`known` holds the tags met so far, so that equal ones are in memory once."""
    tags: dict[bytes, tuple[Tag, ...]] = {}
    for want in image.wants:
        key = packed(want.digest)
        tags[key] = known.setdefault(want.tags, want.tags) + tags.get(key, _NO_TAGS)
    return WantedContent(image.source, tags)


def packed(digest: Digest) -> bytes:
    """A digest in the fewest bytes; its length tells the algorithm."""
    return bytes.fromhex(digest.partition(":")[2])


def unpacked(digest: bytes) -> Digest:
    """The digest that `packed` gave."""
    return Digest(f"{'sha256' if len(digest) == _SHA256 else 'sha512'}:{digest.hex()}")
