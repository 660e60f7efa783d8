"""Which kind of promoter manifest a document is, told by what it holds, whatever its file is called."""

import enum

import attrs

from cip_async.manifests.nodes import Mapping, Node, Scalar
from cip_async.manifests.validate import plain_manifest, thin_images, thin_registries
from cip_async.model.promoter_manifest import Image, Problem, RegistryEntry


class Kind(enum.Enum):
    """A plain promoter manifest, or one of the two files of a thin one."""

    PLAIN = "plain"
    REGISTRIES = "registries"
    IMAGES = "images"


def kind_of(root: Node | None) -> Kind:
    """The kind of a document: `images` is a field of plain ones alone, and the images of thin ones are a list."""
    if not isinstance(root, Mapping):
        return Kind.IMAGES
    fields = {key.text for key, _ in root.pairs() if isinstance(key, Scalar)}
    return Kind.PLAIN if "images" in fields else Kind.REGISTRIES


@attrs.frozen(kw_only=True)
class Document:
    """What one file says, whichever kind it is, and what is wrong with that."""

    registries: tuple[RegistryEntry, ...] = ()
    images: tuple[Image, ...] = ()
    problems: tuple[Problem, ...]


def validated(root: Node | None, path: str) -> Document:
    """What a document says by the rules of its kind."""
    match kind_of(root):
        case Kind.PLAIN:
            manifest, problems = plain_manifest(root, path)
            if manifest is None:
                return Document(problems=problems)
            registries = (manifest.source, *manifest.destinations)
            return Document(registries=registries, images=manifest.images, problems=problems)
        case Kind.REGISTRIES:
            named, problems = thin_registries(root, path)
            return Document(registries=(named.source, *named.destinations) if named else (), problems=problems)
        case Kind.IMAGES:
            images, problems = thin_images(root, path)
            return Document(images=images, problems=problems)
