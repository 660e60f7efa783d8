"""What two snapshots differ in, one image name after the other, so that neither is held in memory."""

import enum
from collections.abc import AsyncIterator, Iterator

import attrs

from cip_async.inventory.rows import image_name
from cip_async.inventory.snapshot import Snapshot
from cip_async.reference import Digest, ImageName, Tag


class Side(enum.Enum):
    """Which of the two snapshots has something."""

    HERE = "-"
    THERE = "+"
    BOTH = "!"
    """Both have the tag, with different digests."""


@attrs.frozen(kw_only=True)
class Difference:
    """One digest, or one tag, that only one side has, or a tag that differs: then `other` is its digest there.

    `tag` is None for a digest that the other side does not have at all, and that has no tag.
    """

    side: Side
    name: ImageName
    digest: Digest
    tag: Tag | None
    other: Digest | None = None

    def __str__(self) -> str:
        what = f"{self.name}@{self.digest}" if self.tag is None else f"{self.name}:{self.tag}"
        match self.side:
            case Side.BOTH:
                return f"! {what} {self.digest} {self.other}"
            case Side.HERE | Side.THERE:
                return f"{self.side.value} {what}" + ("" if self.tag is None else f" {self.digest}")


@attrs.frozen
class _Image:
    """What one snapshot has of one image name."""

    name: ImageName
    digests: set[Digest] = attrs.field(factory=set)
    tags: dict[Tag, Digest] = attrs.field(factory=dict)


async def differences(here: Snapshot, there: Snapshot) -> AsyncIterator[Difference]:
    """What the snapshots differ in, sorted by name, tag and digest.

    Where one of them does not tell of images without a tag, those are not compared.

    Raises:
        FileProblem: an inventory cannot be read.
    """
    left, right = _images(here), _images(there)
    mine, theirs = await anext(left, None), await anext(right, None)
    while mine is not None or theirs is not None:
        name = min(image.name for image in (mine, theirs) if image is not None)
        first = mine if mine is not None and mine.name == name else _Image(name)
        second = theirs if theirs is not None and theirs.name == name else _Image(name)
        for difference in _between(first, second):
            if difference.tag is not None or (here.tells_untagged and there.tells_untagged):
                yield difference
        mine = await anext(left, None) if first is mine else mine
        theirs = await anext(right, None) if second is theirs else theirs


def _between(mine: _Image, theirs: _Image) -> Iterator[Difference]:
    for tag in sorted(mine.tags.keys() | theirs.tags.keys()):
        digest, other = mine.tags.get(tag), theirs.tags.get(tag)
        if digest == other:
            continue
        if digest is None or other is None:
            side = Side.HERE if other is None else Side.THERE
            yield Difference(side=side, name=mine.name, digest=Digest(digest or other or ""), tag=tag)
        else:
            yield Difference(side=Side.BOTH, name=mine.name, digest=digest, tag=tag, other=other)
    for side, image, opposite in ((Side.HERE, mine, theirs), (Side.THERE, theirs, mine)):
        for digest in sorted(image.digests - opposite.digests - set(image.tags.values())):
            yield Difference(side=side, name=image.name, digest=digest, tag=None)


async def _images(snapshot: Snapshot) -> AsyncIterator[_Image]:
    image: _Image | None = None
    async for rows in snapshot.store.chunks():
        for row in rows:
            name = image_name(row.repository, snapshot.base)
            if image is None or image.name != name:
                if image is not None:
                    yield image
                image = _Image(name)
            image.digests.add(row.digest)
            if row.tag is not None:
                image.tags[row.tag] = row.digest
    if image is not None:
        yield image
