"""Which requests may be sent at all: nothing writes to a source, and a dry run writes nothing anywhere; pure.

The transport asks before anything else happens, so no caller's mistake can get past.
"""

from typing import Final

import attrs

from cip_async.errors import WriteRefused
from cip_async.reference import Repository

_READS: Final = frozenset({"GET", "HEAD"})


@attrs.define
class Guard:
    """What may be written in one run.

    `writable` is False in a dry run. `sources` are the repositories that images are promoted from; it only grows.
    """

    writable: bool
    sources: frozenset[Repository] = frozenset()

    def protect(self, sources: frozenset[Repository]) -> None:
        """Refuse all writes to `sources` from now on."""
        self.sources |= sources

    def check(self, method: str, repository: Repository | None) -> None:
        """Refuse a request that must not be sent.

        Raises:
            WriteRefused: the request writes, and the run is dry, or its repository is a source or is not known.
        """
        if method in _READS:
            return
        if repository is None:
            raise WriteRefused(method, "an unnamed repository", "a write must name its repository")
        if repository in self.sources:
            raise WriteRefused(method, str(repository), "it is a source of this promotion, and sources are read-only")
        if not self.writable:
            raise WriteRefused(method, str(repository), "this is a dry run")
