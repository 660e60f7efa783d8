"""Promoter manifests to YAML: sorted, and every scalar such that any reader of YAML finds the same text again."""

import re
from collections.abc import Iterable
from typing import Final

from cip_async.manifests.layout import images_file, manifest_file
from cip_async.model.promoter_manifest import Image, PromoterManifest, RegistryEntry, WantedDigest
from cip_async.reference import Digest, ImageName, Tag

_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:[._/@:-]+[a-z0-9]+)*", re.ASCII)
_NOT_TEXT: Final = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})
_ESCAPES: Final = {'"': r"\"", "\\": r"\\"}


def plain_file(manifest: PromoterManifest) -> str:
    """A plain promoter manifest; images without digests are left out, since it has no stubs."""
    wanted = [image for image in manifest.images if image.digests]
    separator = "\n" if wanted else " "
    return f"{registries_text(manifest)}images:{separator}{images_text(wanted)}"


def thin_files(name: str, manifest: PromoterManifest) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two files of the thin promoter manifest of that name: their paths below the folder, and their text."""
    return (manifest_file(name), registries_text(manifest)), (images_file(name), images_text(manifest.images))


def registries_text(manifest: PromoterManifest) -> str:
    """The registry entries: the source, then the destinations sorted by name."""
    destinations = sorted(manifest.destinations, key=lambda entry: entry.path)
    return "".join(("registries:\n", *map(_registry, (manifest.source, *destinations))))


def images_text(images: Iterable[Image]) -> str:
    """The images of a thin promoter manifest, sorted by name, digest and tag."""
    return "".join(map(_image, sorted(images, key=_order))) or "[]\n"


def image_text(name: ImageName) -> str:
    """The beginning of an image; its digests follow, one at least."""
    return f"- name: {scalar(name)}\n  dmap:\n"


def digest_text(digest: Digest, tags: Iterable[Tag]) -> str:
    """One digest of an image, with its tags in the order given."""
    listed = ", ".join(f'"{tag}"' for tag in tags)
    return f'    "{digest}": [{listed}]\n'


def scalar(text: str) -> str:
    """Text in a form that YAML 1.1 and 1.2 read as that text, and not as a number, a truth value or nothing."""
    if _PLAIN.fullmatch(text) and text not in _NOT_TEXT:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _registry(entry: RegistryEntry) -> str:
    account = f"  service-account: {scalar(entry.service_account)}\n" if entry.service_account else ""
    source = "  src: true\n" if entry.is_source else ""
    return f"- name: {scalar(str(entry.path))}\n{account}{source}"


def _image(image: Image) -> str:
    if not image.digests:
        return f"- name: {scalar(image.name)}\n"
    return "".join((image_text(image.name), *map(_wanted, sorted(image.digests, key=lambda want: want.digest))))


def _wanted(want: WantedDigest) -> str:
    return digest_text(want.digest, sorted(want.tags))


def _order(image: Image) -> tuple[ImageName, list[tuple[Digest, list[Tag]]]]:
    """Entries of one name are told apart by what they want, so that their order in the file does not matter."""
    return image.name, sorted((want.digest, sorted(want.tags)) for want in image.digests)


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"
