"""One line of an inventory, and how its repository is called relative to a path."""

from typing import NamedTuple

from cip_async.reference import Digest, ImageName, RegistryPath, Repository, Tag


class Row(NamedTuple):
    """One tag of one digest in one repository; `tag` is None where the digest has none."""

    repository: Repository
    digest: Digest
    tag: Tag | None


def image_name(repository: Repository, base: RegistryPath) -> ImageName:
    """The name of a repository below `base`."""
    return ImageName(repository.path.removeprefix(f"{base.prefix}/") if base.prefix else repository.path)
