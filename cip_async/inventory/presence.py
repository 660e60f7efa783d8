"""Which digests a source repository holds, asked one by one.

The question is put as the copy would put it, by reading the manifest, so whoever answers keeps what was read.
"""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from cip_async.errors import CredentialError, RegistryError, UnsupportedContent, UntrustedAnswer
from cip_async.model.listing import Listing
from cip_async.reference import Digest, Repository
from cip_async.registry.listing.side_by_side import side_by_side

HoldsDigest = Callable[[Repository, Digest], Awaitable[bool]]
"""Whether a repository holds a digest; raises `RegistryError` where that cannot be said."""


async def presence(source: Repository, digests: AbstractSet[Digest], holds: HoldsDigest) -> Listing:
    """Which of `digests` are in `source`.

    What is there and cannot be used, such as bytes that do not match their digest, counts as present: the copy
    of that one image will fail and say why, and the others go on. So do they where the registry refuses to say
    whether one is there, which is noted.

    Raises:
        RegistryError, CredentialError: the registry says nothing of any.
    """
    held: set[Digest] = set()
    failures: dict[Digest, RegistryError | CredentialError] = {}

    async def ask(digest: Digest) -> None:
        try:
            is_held = await holds(source, digest)
        except (UnsupportedContent, UntrustedAnswer):
            is_held = True
        except (RegistryError, CredentialError) as error:
            failures[digest] = error
            return
        if is_held:
            held.add(digest)

    await side_by_side(sorted(digests), ask)
    if failures and len(failures) == len(digests):
        raise next(iter(failures.values()))
    return Listing(
        repository=source,
        digests=held,
        tags={},
        asked=frozenset(digests) - failures.keys(),
        unreadable={digest: str(error) for digest, error in sorted(failures.items())},
    )
