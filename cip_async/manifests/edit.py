"""Adds images to the text of an images file, and leaves every other byte as it was.

The text is changed around what it holds, at offsets that the YAML parser tells, rather than emitted again from a tree
of it: an emitter that keeps comments still folds long lines, changes indentation, spaces and quotes, and then a small
addition makes a large difference for reviewers. An edit only inserts, except that `[]`, `{}` and `null` give way to
what is put in their place. In the end the new text is read as every promoter manifest is, and must want exactly what
was wanted and what was added; a file that is written in an unforeseen way is refused, never spoilt.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from cip_async.errors import InvalidManifests
from cip_async.manifests.insertion import inserted
from cip_async.manifests.parse import parse
from cip_async.manifests.validate import thin_images
from cip_async.model.promoter_manifest import Gravity, Image, Place, Problem
from cip_async.reference import Digest, ImageName, Tag
from cip_async.settings import Files

Additions = Mapping[ImageName, Mapping[Digest, AbstractSet[Tag]]]
"""Digests with tags, by image name; a digest with no tags is promoted without."""

_Wanted = dict[ImageName, dict[Digest, set[Tag]]]
_USUAL: Final = Files()
_BOM: Final = "\ufeff"


def with_images(content: bytes, path: str, additions: Additions, *, files: Files = _USUAL) -> bytes:
    """The images file `content` with `additions`, each in its sorted place; the same bytes if it has them all.

    In a list that is not sorted, what is new goes to the end. `path` only names the file in problems. No two digests
    of an image may be added with one tag.

    Raises:
        InvalidManifests: the file has problems, a tag is there with another digest, or the file cannot be added to.
    """
    images = _images(content, path, files)
    missing = _missing(images, additions)
    if not missing:
        return content
    clashes = tuple(_clashes(images, missing))
    if clashes:
        raise InvalidManifests(clashes)
    text = content.decode()
    mark = _BOM if text.startswith(_BOM) else ""
    edited = (mark + inserted(text.removeprefix(_BOM), missing)).encode()
    if not _is_sum(edited, images, missing, files):
        reason = "is written in a way that cannot be added to: add the images by hand, or format the file first"
        raise InvalidManifests((Problem(Place(path, 1, 1), reason, gravity=Gravity.FILE),))
    return edited


def _images(content: bytes, path: str, files: Files) -> tuple[Image, ...]:
    root, problems = parse(content, path, files)
    found: tuple[Image, ...] = ()
    if not problems:
        found, problems = thin_images(root, path)
    if problems:
        raise InvalidManifests(problems)
    return found


def _wanted(images: tuple[Image, ...]) -> _Wanted:
    """What is wanted by image name; entries of one name are united."""
    wanted: _Wanted = {}
    for image in images:
        digests = wanted.setdefault(image.name, {})
        for want in image.digests:
            digests.setdefault(want.digest, set()).update(want.tags)
    return wanted


def _missing(images: tuple[Image, ...], additions: Additions) -> _Wanted:
    wanted = _wanted(images)
    missing: _Wanted = {}
    for name, digests in sorted(additions.items()):
        there = wanted.get(name, {})
        for digest, tags in sorted(digests.items()):
            lacking = tags - there.get(digest, set())
            if lacking or digest not in there:
                missing.setdefault(name, {})[digest] = set(lacking)
    return missing


def _clashes(images: tuple[Image, ...], missing: _Wanted) -> Iterator[Problem]:
    """Tags that the file has with another digest."""
    places: dict[tuple[ImageName, Tag], _At] = {}
    for image in images:
        for want in image.digests:
            for tag, place in zip(want.tags, want.tag_places, strict=True):
                places.setdefault((image.name, tag), _At(want.digest, place))
    for name, digests in missing.items():
        for digest, tags in digests.items():
            for tag in sorted(tags):
                at = places.get((name, tag))
                if at is not None:
                    message = f"tag {tag} of {name} is here with {at.digest}: it cannot be added with {digest}"
                    yield Problem(at.place, message, gravity=Gravity.ENTRY)


@attrs.frozen
class _At:
    """The digest that a tag is wanted with, and where."""

    digest: Digest
    place: Place


def _is_sum(content: bytes, images: tuple[Image, ...], missing: _Wanted, files: Files) -> bool:
    """Whether `content` is sound and wants what `images` and `missing` want together, in so many lines for each."""
    root, problems = parse(content, "", files)
    found, more = thin_images(root, "") if not problems else ((), ())
    if problems or more:
        return False
    expected = _wanted(images)
    for name, digests in missing.items():
        there = expected.setdefault(name, {})
        for digest, tags in digests.items():
            there.setdefault(digest, set()).update(tags)
    return _wanted(found) == expected
