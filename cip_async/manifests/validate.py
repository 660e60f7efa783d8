"""Nodes to promoter manifests: every rule of the format, and every breach of it named with its place."""

from collections.abc import Collection

from cip_async.manifests.fields import Findings
from cip_async.manifests.images import images
from cip_async.manifests.nodes import Mapping, Node, Scalar
from cip_async.manifests.registries import Registries, registries
from cip_async.model.promoter_manifest import Gravity, Image, Problem, PromoterManifest


def plain_manifest(root: Node | None, path: str) -> tuple[PromoterManifest | None, tuple[Problem, ...]]:
    """A plain promoter manifest, `registries` and `images` in one file; None where it cannot be understood."""
    findings = Findings(path)
    fields = _fields(root, ("images", "registries"), findings)
    named = registries(fields["registries"], findings) if "registries" in fields else None
    wanted = images(fields["images"], "images", findings, allow_stubs=False) if "images" in fields else ()
    if named is None:
        return None, tuple(findings.problems)
    manifest = PromoterManifest(path=path, source=named.source, destinations=named.destinations, images=wanted)
    return manifest, tuple(findings.problems)


def thin_registries(root: Node | None, path: str) -> tuple[Registries | None, tuple[Problem, ...]]:
    """The registries of a thin promoter manifest, whose images are in a file of their own.

    `imagesPath` is deprecated, and ignored whatever it says.
    """
    findings = Findings(path)
    fields = _fields(root, ("registries",), findings, ignored=("imagesPath",))
    named = registries(fields["registries"], findings) if "registries" in fields else None
    return named, tuple(findings.problems)


def thin_images(root: Node | None, path: str) -> tuple[tuple[Image, ...], tuple[Problem, ...]]:
    """The images of a thin promoter manifest; an empty file has none, and an image without `dmap` is a stub."""
    findings = Findings(path)
    if root is None or (isinstance(root, Scalar) and root.is_null):
        return (), ()
    return images(root, "this file", findings, allow_stubs=True), tuple(findings.problems)


def _fields(
    root: Node | None, required: Collection[str], findings: Findings, ignored: Collection[str] = ()
) -> dict[str, Node]:
    if not isinstance(root, Mapping):
        expected = f"a promoter manifest, a mapping with {' and '.join(required)}"
        findings.unexpected(root, "this file", expected, Gravity.FILE)
        return {}
    fields = findings.fields(root, (*required, *ignored), Gravity.FILE)
    for name in required:
        if name not in fields:
            findings.add(root, f"the field {name} is missing", Gravity.FILE)
    return fields
