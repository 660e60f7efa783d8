"""What is legal in promoter manifests, and still worth a second look."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from cip_async.model.promoter_manifest import Gravity, Image, Place, Problem
from cip_async.reference import Digest, ImageName, Tag

_MOVING: Final = Tag("latest")


def lint(images: Sequence[Image]) -> Iterator[Problem]:
    """What is odd in the images of one file, each with its place."""
    yield from _disorder("images", [(image.name, image.place) for image in images])
    for image in images:
        yield from _of_image(image)
    yield from _repeated(images)


def _of_image(image: Image) -> Iterator[Problem]:
    if not image.digests:
        yield _finding(image.place, f"image {image.name} has no digests: nothing of it is promoted")
    yield from _disorder(f"digests of {image.name}", [(want.digest, want.place) for want in image.digests])
    for want in image.digests:
        yield from _disorder(f"tags of {image.name}", list(zip(want.tags, want.tag_places, strict=True)))
        for tag, place in zip(want.tags, want.tag_places, strict=True):
            if tag == _MOVING:
                yield _finding(place, f"tag {tag} of {image.name} is to be promoted: it can never move afterwards")


def _disorder(what: str, items: Sequence[tuple[str, Place]]) -> Iterator[Problem]:
    """The first item that should come before the one above it."""
    for (one, before), (other, place) in pairwise(items):
        if other < one:
            yield _finding(place, f"the {what} are not sorted: this one belongs above the one in line {before.line}")
            return


def _repeated(images: Sequence[Image]) -> Iterator[Problem]:
    """Images with several entries, and their digests that are in several of them."""
    first: dict[ImageName, Place] = {}
    lists: dict[tuple[ImageName, Digest], Place] = {}
    for image in images:
        if image.name in first:
            message = f"image {image.name} has another entry: the first is in line {first[image.name].line}"
            yield _finding(image.place, message)
        first.setdefault(image.name, image.place)
        for want in image.digests:
            there = lists.setdefault((image.name, want.digest), want.place)
            if there is not want.place:
                message = f"digest {want.digest} of {image.name} has another list of tags in line {there.line}"
                yield _finding(want.place, message)


def torn(images: Sequence[Image]) -> Iterator[Problem]:
    """Tags of one image that are wanted with two digests, which planning finds too where the registries are known."""
    first: dict[tuple[ImageName, Tag], tuple[Digest, Place]] = {}
    for image in images:
        for want in image.digests:
            for tag, place in zip(want.tags, want.tag_places, strict=True):
                digest, there = first.setdefault((image.name, tag), (want.digest, place))
                if digest != want.digest:
                    message = f"tag {tag} of {image.name} is wanted with {want.digest} here, and with {digest} in line"
                    yield _finding(place, f"{message} {there.line}")


def _finding(place: Place, message: str) -> Problem:
    return Problem(place, message, gravity=Gravity.WARNING)
