"""One line of an inventory."""

from typing import NamedTuple

from cip_async.reference import Digest, Repository, Tag


class Row(NamedTuple):
    """One tag of one digest in one repository; `tag` is None where the digest has none."""

    repository: Repository
    digest: Digest
    tag: Tag | None
