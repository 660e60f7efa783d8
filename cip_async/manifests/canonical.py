"""Promoter manifests in their canonical form: sorted, written as we write them, with all of their comments."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from cip_async.errors import InvalidManifests
from cip_async.manifests.comments import comments, words_of
from cip_async.manifests.entries import Entry, entries, words
from cip_async.manifests.kinds import validated
from cip_async.manifests.nodes import NULL
from cip_async.manifests.outline import Item, Outline
from cip_async.manifests.parse import parse
from cip_async.manifests.render import digest_text, scalar
from cip_async.manifests.spans import Group, Lines, Word, spans
from cip_async.model.promoter_manifest import Gravity, Place, Problem
from cip_async.reference import Digest, RegistryPath, Tag, parse_registry_path
from cip_async.settings import Files

_USUAL: Final = Files()
_TRUE: Final = "true"


def canonical(content: bytes, path: str, *, files: Files = _USUAL) -> bytes:
    """The canonical form of a plain promoter manifest, or of either file of a thin one; an empty file stays as it is.

    Images are sorted by name, digests and tags by themselves, registries with the source first. Each comment moves
    with the line it is about. Breaks of lines stay as they are.

    Raises:
        InvalidManifests: the file has problems, or one of its comments would be lost.
    """
    said = _said(content, path, files)
    text = content.decode().removeprefix("\ufeff")
    root = spans(text)
    if root is None or isinstance(root, Word):
        return content
    lines, found = Lines(text), list(words_of(root))
    outline = Outline(_items(root))
    remarks = list(comments(text, lines, found))
    outline.take(remarks)
    written = "".join(line + lines.break_ for line in outline.lines())
    edited = (written if outline.items else f"{written}[]{lines.break_}").encode()
    again = list(words_of(spans(written)))
    kept = Counter(comment.text for comment in comments(written, Lines(written), again))
    if kept != Counter(comment.text for comment in remarks) or _said(edited, path, files) != said:
        reason = "is written in a way that cannot be formatted without loss"
        raise InvalidManifests((Problem(Place(path, 1, 1), reason, gravity=Gravity.FILE),))
    return edited


def _said(content: bytes, path: str, files: Files) -> object:
    """What a file says, without order and places."""
    root, problems = parse(content, path, files)
    document = validated(root, path) if not problems else None
    problems = (*problems, *(document.problems if document else ()))
    errors = tuple(problem for problem in problems if problem.gravity is not Gravity.WARNING)
    if errors or document is None:
        raise InvalidManifests(errors)
    registries = Counter((entry.path, entry.service_account, entry.is_source) for entry in document.registries)
    images = Counter(
        (image.name, frozenset((want.digest, frozenset(want.tags)) for want in image.digests))
        for image in document.images
    )
    return registries, images


def _items(root: Group) -> list[Item]:
    if not root.is_mapping:
        return _images(root)
    items = []
    for name in ("registries", "imagesPath", "images"):
        key, value = root.field(name) or (None, None)
        if key is None or value is None:
            continue
        if isinstance(value, Word):
            items.append(Item(f"{name}: {scalar(value.text)}", [key, value]))
        elif value.parts:
            below = _registries(value) if name == "registries" else _images(value)
            items.append(Item(f"{name}:", [key], below))
        else:
            items.append(Item(f"{name}: []", [key]))
    return items


def _images(root: Group) -> list[Item]:
    return [_image(entry) for entry in sorted(entries(root), key=_image_order)]


def _image(entry: Entry) -> Item:
    first = entry.fields.parts[0]
    item = Item(f"- name: {scalar(entry.name)}", [entry.name_key, entry.name_word])
    if entry.dmap_key and entry.digests:
        digests = [_digest(key, tags) for _, (key, tags) in sorted(entry.digests.items())]
        item.below.append(Item("dmap:", [] if entry.dmap_key is first else [entry.dmap_key], digests))
    elif entry.dmap_key:
        item.words += [entry.dmap_key, *words_of(entry.dmap)]
    if entry.dmap_key is first:
        item.words.append(entry.dmap_key)
    return item


def _digest(key: Word, tags: Group) -> Item:
    listed = words(tags)
    text = digest_text(Digest(key.text), sorted({Tag(word.text) for word in listed}))
    return Item(text.strip(), [key, *listed])


def _image_order(entry: Entry) -> tuple[str, list[tuple[str, list[str]]]]:
    digests = sorted(
        (digest, sorted({word.text for word in words(tags)})) for digest, (_, tags) in entry.digests.items()
    )
    return entry.name, digests


def _registries(root: Group) -> list[Item]:
    return sorted(map(_registry, _mappings(root)), key=_registry_order)


def _mappings(root: Group) -> Iterator[Group]:
    for part in root.parts:
        if isinstance(part, Group):
            yield part


def _registry(fields: Group) -> Item:
    found = {key.text: (key, value) for key, value in fields.pairs() if isinstance(value, Word)}
    key, name = found["name"]
    item = Item(f"- name: {scalar(str(parse_registry_path(name.text)))}", [key, name])
    for field in ("service-account", "src"):
        if field not in found:
            continue
        text = _registry_field(field, found[field][1])
        if text:
            item.below.append(Item(text, [*found[field]]))
        else:
            item.words += found[field]
    return item


def _registry_field(field: str, value: Word) -> str:
    """The line of a field; nothing where it says what its absence says."""
    if field == "src":
        return f"src: {_TRUE}" if value.text.lower() == _TRUE else ""
    is_nothing = not value.text or (not value.quote and value.text in NULL)
    return "" if is_nothing else f"{field}: {scalar(value.text)}"


def _registry_order(item: Item) -> tuple[bool, RegistryPath]:
    return not any(below.text == f"src: {_TRUE}" for below in item.below), parse_registry_path(item.words[1].text)
