"""The rules for images: their names, digests and tags.

A breach spoils one image, one digest or one tag, and what is left can still be promoted.
"""

from collections.abc import Iterator
from typing import Final

from cip_async.errors import InvalidReference
from cip_async.manifests.fields import Findings, shown
from cip_async.manifests.nodes import Mapping, Node, Scalar, Sequence
from cip_async.model.promoter_manifest import Gravity, Image, Place, WantedDigest
from cip_async.reference import Digest, ImageName, Tag, parse_digest, parse_image_name, parse_tag

_FIELDS: Final = ("dmap", "name")
_TAGS: Final = "a list of tags, or [] to promote the digest without a tag"


def images(node: Node, what: str, findings: Findings, *, allow_stubs: bool) -> tuple[Image, ...]:
    """The valid part of a list of images; a stub has no `dmap`, and promotes nothing."""
    if not isinstance(node, Sequence):
        findings.unexpected(node, what, "a list of images with the fields name and dmap", Gravity.FILE)
        return ()
    found = (_image(item, findings, allow_stubs=allow_stubs) for item in node.items)
    return tuple(image for image in found if image is not None)


def _image(node: Node, findings: Findings, *, allow_stubs: bool) -> Image | None:
    if not isinstance(node, Mapping):
        findings.unexpected(node, "an image", "the fields name and dmap", Gravity.ENTRY)
        return None
    before = len(findings.problems)
    fields = findings.fields(node, _FIELDS, Gravity.ENTRY)
    name = _name(node, fields.get("name"), findings)
    dmap = _dmap(node, fields.get("dmap"), findings, allow_stubs=allow_stubs)
    is_intact = len(findings.problems) == before
    digests = tuple(_digests(dmap, findings)) if dmap is not None else ()
    if name is None or not is_intact:
        return None
    return Image(name=name, digests=digests, place=findings.place(fields["name"]))


def _name(image: Node, node: Node | None, findings: Findings) -> ImageName | None:
    if node is None:
        findings.add(image, "this image has no name", Gravity.ENTRY)
        return None
    if not isinstance(node, Scalar):
        findings.unexpected(node, "the name of an image", "text", Gravity.ENTRY)
        return None
    try:
        return parse_image_name(node.text)
    except InvalidReference as error:
        findings.add(node, str(error), Gravity.ENTRY)
        return None


def _dmap(image: Node, node: Node | None, findings: Findings, *, allow_stubs: bool) -> Mapping | None:
    if isinstance(node, Mapping):
        if not node.items and not allow_stubs:
            findings.add(node, "dmap is empty: expected digests with their tags", Gravity.ENTRY)
        return node
    is_stub = node is None or (isinstance(node, Scalar) and node.is_null)
    if not is_stub:
        findings.unexpected(node, "dmap", "digests with their tags", Gravity.ENTRY)
    elif not allow_stubs:
        findings.add(image, "this image has no dmap: expected digests with their tags", Gravity.ENTRY)
    return None


def _digests(dmap: Mapping, findings: Findings) -> Iterator[WantedDigest]:
    for key, value in findings.pairs(dmap, "digest", Gravity.ENTRY):
        digest = _digest(key, findings)
        if not isinstance(value, Sequence):
            findings.unexpected(value, f"what follows digest {shown(key)}", _TAGS, Gravity.ENTRY)
            continue
        tags: dict[Tag, Place] = {}
        for item in value.items:
            _take_tag(item, tags, findings)
        if digest is not None and (tags or not value.items):
            place = findings.place(key)
            yield WantedDigest(digest=digest, tags=tuple(tags), place=place, tag_places=tuple(tags.values()))


def _digest(node: Scalar, findings: Findings) -> Digest | None:
    """A digest as registries of promoted images use it; other algorithms are for the documents below them."""
    try:
        digest = parse_digest(node.text)
        if not digest.startswith("sha256:"):
            raise InvalidReference("digest", node.text, "'sha256:' and 64 hex digits")  # noqa: TRY301
    except InvalidReference as error:
        findings.add(node, str(error), Gravity.ENTRY)
        return None
    return digest


def _take_tag(node: Node, tags: dict[Tag, Place], findings: Findings) -> None:
    if not isinstance(node, Scalar):
        findings.unexpected(node, "a tag", "text", Gravity.ENTRY)
        return
    try:
        tags.setdefault(parse_tag(node.text), findings.place(node))
    except InvalidReference as error:
        findings.add(node, str(error), Gravity.ENTRY)
